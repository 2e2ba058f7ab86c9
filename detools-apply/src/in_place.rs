//! In-place patches: base and target share one memory.

use embedded_storage::nor_flash::NorFlash;

use crate::base::{Base, READ_BYTES};
use crate::codec::Codec;
use crate::driver::{Driver, Went, Work};
use crate::error::{ApplyError, PatchError};
use crate::header::{Header, Kind};
use crate::ops::{Op, Ops};
use crate::place::Place;
use crate::progress::{Progress, Stage};
use crate::steps::Steps;
use crate::stream::{Stream, delta_limit};
use crate::writer::{BUFFER_BYTES, Writer};

/// Applies one in-place patch: moves the base up, then writes the target from the start of the memory on.
///
/// The order of steps is that of detools' C applier, and so are their numbers, from 1 on: the base is moved segment by segment,
/// the last one first, then the target is written segment by segment. A step is kept when it is done ([`Steps`]). After a
/// reset the patch is pushed again from its first byte; steps that are done touch no flash.
///
/// A step can be done again: what it reads is not what it, or a later one, writes. A patch whose diffs read what is
/// overwritten already is refused.
///
/// Unlike detools' C applier, this one does not set the number back to 0 at the end: if power fails between that and the
/// caller's own note that the update is done, the target would be taken for a base. Call [`Steps::clear`] when that is noted.
///
/// # Units and ranges
/// Segments are whole pages, and shift and memory whole segments, or the patch is refused before the first erase. A shift of 0
/// moves nothing. `F::WRITE_SIZE` and `F::READ_SIZE` are at most 32.
///
/// # Cost
/// RAM: this struct, at most [`STATE_BYTES`](crate::STATE_BYTES) beside flash handle, steps and codec, and what the codec was
/// given. Flash: each page of the base once more, and each page of the target, is erased once; at most one step is done twice
/// for each cut.
///
/// # Power loss
/// See above. **There is no way back** to the base after the first step, and nothing in the format tells whether patch and base
/// belong together: check both before, and have the whole patch stored, and seen to be whole
/// ([`without_writing`](Self::without_writing)).
#[derive(Debug)]
pub struct InPlace<F, S, C> {
    memory: Memory<F, S>,
    driver: Driver<State, C>,
}

/// The memory, and what is done in it.
#[derive(Debug)]
struct Memory<F, S> {
    flash: F,
    steps: S,
    reader: Base,
    writer: Writer,
    place: Place,
    /// The step being done.
    step: u32,
    /// Steps that were done before.
    completed: u32,
    target_done: u32,
    /// Whether the patch is only looked at.
    dry: bool,
}

/// What is being done. The first segment's delta is read a little before the base is moved, and kept meanwhile.
#[derive(Clone, Copy, Debug)]
enum State {
    First { first: Ops },
    Shift { index: u32, done: u32, first: Ops },
    Body { index: u32, ops: Ops },
    Over,
}

impl<F: NorFlash, S: Steps, C: Codec> InPlace<F, S, C> {
    const CHECKED: () = {
        assert!(F::READ_SIZE >= 1 && F::READ_SIZE <= READ_BYTES, "READ_SIZE of the memory");
        assert!(
            F::WRITE_SIZE.is_power_of_two() && F::WRITE_SIZE <= BUFFER_BYTES,
            "WRITE_SIZE of the memory"
        );
        assert!(
            F::ERASE_SIZE >= 1 && F::ERASE_SIZE.is_multiple_of(F::WRITE_SIZE),
            "ERASE_SIZE of the memory"
        );
    };

    /// An applier of the patch that is pushed next. `steps` keeps what is done, `codec` is what this device links of
    /// [`codec`](crate::codec).
    pub fn new(memory: F, steps: S, codec: C) -> Self {
        const { Self::CHECKED };
        let memory = Memory {
            flash: memory,
            steps,
            reader: Base::new(),
            writer: Writer::new(),
            place: Place::default(),
            step: 1,
            completed: 0,
            target_done: 0,
            dry: false,
        };
        Self { memory, driver: Driver::new(Kind::InPlace, codec) }
    }

    /// Only looks at the patch, all of it: neither memory nor steps are read or written.
    ///
    /// At [`Stage::Done`] the patch is whole, and nothing in it can be refused later. Push it through such an applier before
    /// another one applies it: an in-place patch that is refused half-way leaves neither base nor target.
    #[must_use]
    pub fn without_writing(mut self) -> Self {
        self.memory.dry = true;
        self
    }

    /// Sets what an erased byte of the memory reads as: 0xFF unless set.
    #[must_use]
    pub fn with_erased_value(mut self, value: u8) -> Self {
        self.memory.writer.erased_value = value;
        self
    }

    /// Takes bytes of the patch, of any length, and removes from `chunk` what it took.
    ///
    /// One call moves or decodes at most 4 KiB, so that a watchdog can be fed in between. Call until `chunk` is empty.
    ///
    /// # Errors
    /// Any [`ApplyError`]; the applier is poisoned. After a flash error make a new one and push the patch again.
    ///
    /// # Power loss
    /// See [`InPlace`].
    pub fn push(&mut self, chunk: &mut &[u8]) -> Result<Progress, ApplyError<F::Error, S::Error>> {
        self.driver.push(&mut self.memory, chunk)
    }

    /// Goes on after the last byte of the patch; call until the stage is [`Stage::Done`].
    ///
    /// # Errors
    /// Any [`ApplyError`]; a patch that ended too soon is [`PatchError::Truncated`]. The applier is poisoned.
    ///
    /// # Power loss
    /// See [`InPlace`].
    pub fn finish(&mut self) -> Result<Progress, ApplyError<F::Error, S::Error>> {
        self.driver.finish(&mut self.memory)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.driver.progress(&self.memory)
    }

    /// Gives memory and steps back.
    #[must_use]
    pub fn release(self) -> (F, S) {
        (self.memory.flash, self.memory.steps)
    }
}

impl<F: NorFlash, S: Steps> Work for Memory<F, S> {
    type State = State;
    type BaseError = F::Error;
    type TargetError = S::Error;

    fn open(&mut self, header: &Header) -> Result<Option<(State, u64)>, PatchError> {
        let page = u32::try_from(F::ERASE_SIZE).unwrap_or(u32::MAX);
        let capacity = u32::try_from(self.flash.capacity()).unwrap_or(u32::MAX);
        self.place = Place::new(header.numbers, page, capacity)?;
        let Place { target_len, .. } = self.place;
        let first = Ops::new(self.place.target(0).len);
        let limit = delta_limit(target_len, self.place.segments());
        Ok((target_len > 0).then_some((State::First { first }, limit)))
    }

    fn step<C: Codec>(
        &mut self,
        state: &mut State,
        stream: &mut Stream<C>,
    ) -> Result<Went, ApplyError<F::Error, S::Error>> {
        match state {
            // A codec that refuses the stream does so before the base is moved.
            State::First { first } => {
                let Some(byte) = stream.byte()? else { return Ok(Went::Starved) };
                first.feed(byte)?;
                if first.begun() {
                    *state = self.start(*first)?;
                }
            }
            State::Shift { index, done, first } => {
                if !self.shift(*index, *done)? {
                    *done = done.saturating_add(1);
                    return Ok(Went::On);
                }
                let (index, first) = (index.saturating_add(1), *first);
                *state = if index < self.place.shifts() {
                    State::Shift { index, done: 0, first }
                } else {
                    self.begin(0, Some(first))
                };
            }
            State::Body { index, ops } => {
                let Some(byte) = stream.byte()? else { return Ok(Went::Starved) };
                let op = ops.feed(byte)?;
                self.apply(*index, op)?;
                if ops.done() {
                    self.complete()?;
                    *state = self.begin(index.saturating_add(1), None);
                }
            }
            State::Over => {}
        }
        Ok(if matches!(state, State::Over) { Went::Over } else { Went::On })
    }

    fn stage(state: &State) -> Stage {
        match state {
            State::First { .. } => Stage::Header,
            State::Shift { .. } => Stage::Shift,
            State::Body { .. } => Stage::Body,
            State::Over => Stage::End,
        }
    }

    fn target(&self) -> (u32, u32) {
        (self.target_done, self.place.target_len)
    }
}

impl<F: NorFlash, S: Steps> Memory<F, S> {
    /// Begins with the first step.
    fn start(&mut self, first: Ops) -> Result<State, ApplyError<F::Error, S::Error>> {
        self.completed = match self.dry {
            true => u32::MAX,
            false => self.steps.completed().map_err(ApplyError::Steps)?,
        };
        Ok(match self.place.shifts() {
            0 => self.begin(0, Some(first)),
            _ => State::Shift { index: 0, done: 0, first },
        })
    }

    /// Whether the step was done before a reset.
    fn skips(&self) -> bool {
        self.step <= self.completed
    }

    /// Moves one byte of the base, or none of a step that was done before; whether that was the step's last.
    fn shift(&mut self, index: u32, done: u32) -> Result<bool, ApplyError<F::Error, S::Error>> {
        let (from, to) = self.place.moved(index);
        if !self.skips() {
            if done == 0 {
                self.writer.seek(to);
            }
            let offset = from.start.saturating_add(done);
            let end = from.start.saturating_add(from.len);
            let byte = self.reader.byte(&mut self.flash, offset, end).map_err(ApplyError::Base)?;
            self.writer.push(&mut self.flash, byte).map_err(ApplyError::Base)?;
            if done.saturating_add(1) < from.len {
                return Ok(false);
            }
        }
        self.complete()?;
        Ok(true)
    }

    /// Begins a segment of the target, of whose delta `ops` have been read, or ends.
    fn begin(&mut self, index: u32, ops: Option<Ops>) -> State {
        if index >= self.place.segments() {
            return State::Over;
        }
        let span = self.place.target(index);
        self.writer.seek(span.start);
        let (start, _) = self.place.base(index);
        self.reader.seek(start);
        State::Body { index, ops: ops.unwrap_or_else(|| Ops::new(span.len)) }
    }

    /// Ends a step.
    fn complete(&mut self) -> Result<(), ApplyError<F::Error, S::Error>> {
        if !self.skips() {
            self.writer.flush(&mut self.flash).map_err(ApplyError::Base)?;
            self.steps.complete(self.step).map_err(ApplyError::Steps)?;
        }
        self.step = self.step.saturating_add(1);
        Ok(())
    }

    fn apply(&mut self, index: u32, op: Op) -> Result<(), ApplyError<F::Error, S::Error>> {
        let byte = match op {
            Op::Nothing => return Ok(()),
            Op::Jump(by) => {
                self.reader.jump(by);
                return Ok(());
            }
            Op::Extra(byte) => byte,
            Op::Diff(diff) => {
                let (start, end) = self.place.base(index);
                let offset = self.reader.advance(start, end)?;
                if self.skips() {
                    diff
                } else {
                    let byte = self.reader.byte(&mut self.flash, offset, end);
                    byte.map_err(ApplyError::Base)?.wrapping_add(diff)
                }
            }
        };
        self.target_done = self.target_done.saturating_add(1);
        if self.skips() {
            return Ok(());
        }
        self.writer.push(&mut self.flash, byte).map_err(ApplyError::Base)
    }
}
