//! In-place patches: base and target share one memory.

use embedded_storage::nor_flash::NorFlash;

use crate::base::{Base, READ_BYTES};
use crate::codec::{Codec, Step};
use crate::error::{ApplyError, PatchError};
use crate::header::{Header, HeaderReader, Kind};
use crate::input::LONGEST_STEP;
use crate::ops::{Op, Ops};
use crate::place::Place;
use crate::progress::{Progress, SLICE_BYTES, Stage, Turn};
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
    memory: F,
    steps: S,
    stream: Stream<C>,
    phase: Phase,
    writer: Writer,
    cache: Base,
    place: Place,
    /// Where the base is read next, in the memory.
    cursor: i64,
    /// The step being done.
    step: u32,
    /// Steps that were done before.
    completed: u32,
    target_done: u32,
    /// Whether the patch is only looked at.
    dry: bool,
    /// The first segment's delta, as far as it is read before the base is moved.
    first: Ops,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Header(HeaderReader),
    First,
    Shift { index: u32, done: u32 },
    Body { index: u32, ops: Ops },
    End,
    Done,
    Failed { code: u16 },
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
        Self {
            memory,
            steps,
            stream: Stream::new(codec),
            phase: Phase::Header(HeaderReader::new(Kind::InPlace)),
            writer: Writer::new(),
            cache: Base::new(),
            place: Place::default(),
            cursor: 0,
            step: 1,
            completed: 0,
            target_done: 0,
            dry: false,
            first: Ops::new(0),
        }
    }

    /// Only looks at the patch, all of it: neither memory nor steps are read or written.
    ///
    /// At [`Stage::Done`] the patch is whole, and nothing in it can be refused later. Push it through such an applier before
    /// another one applies it: an in-place patch that is refused half-way leaves neither base nor target.
    #[must_use]
    pub fn without_writing(mut self) -> Self {
        self.dry = true;
        self
    }

    /// Sets what an erased byte of the memory reads as: 0xFF unless set.
    #[must_use]
    pub fn with_erased_value(mut self, value: u8) -> Self {
        self.writer.erased_value = value;
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
        let done = self.run(chunk);
        self.settle(done)
    }

    /// Goes on after the last byte of the patch; call until the stage is [`Stage::Done`].
    ///
    /// # Errors
    /// Any [`ApplyError`]; a patch that ended too soon is [`PatchError::Truncated`]. The applier is poisoned.
    ///
    /// # Power loss
    /// See [`InPlace`].
    pub fn finish(&mut self) -> Result<Progress, ApplyError<F::Error, S::Error>> {
        self.stream.input.end();
        let done = self.run(&mut &[][..]);
        self.settle(done)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let stage = match self.phase {
            Phase::Header(_) | Phase::First => Stage::Header,
            Phase::Shift { .. } => Stage::Shift,
            Phase::Body { .. } => Stage::Body,
            Phase::End => Stage::End,
            Phase::Done => Stage::Done,
            Phase::Failed { code } => Stage::Failed { code },
        };
        Progress { stage, target_done: self.target_done, target_total: self.place.target_len }
    }

    /// Gives memory and steps back.
    #[must_use]
    pub fn release(self) -> (F, S) {
        (self.memory, self.steps)
    }

    fn settle(
        &mut self,
        done: Result<(), ApplyError<F::Error, S::Error>>,
    ) -> Result<Progress, ApplyError<F::Error, S::Error>> {
        if let Err(error) = done {
            if !matches!(error, ApplyError::Poisoned { .. }) {
                self.phase = Phase::Failed { code: error.code() };
            }
            return Err(error);
        }
        Ok(self.progress())
    }

    fn run(&mut self, chunk: &mut &[u8]) -> Result<(), ApplyError<F::Error, S::Error>> {
        for _ in 0..SLICE_BYTES {
            if !self.stream.input.ready(LONGEST_STEP) {
                self.stream.input.fill(chunk);
            }
            if self.turn()? == Turn::Wait && chunk.is_empty() {
                break;
            }
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<Turn, ApplyError<F::Error, S::Error>> {
        match &mut self.phase {
            Phase::Header(reader) => {
                let Some(byte) = self.stream.input.next() else {
                    return self.wait();
                };
                if let Some(header) = reader.feed(byte)? {
                    self.open(header)?;
                }
            }
            Phase::First => match self.stream.byte()? {
                Step::Byte(byte) => {
                    self.first.feed(byte)?;
                    if self.first.begun() {
                        self.start()?;
                    }
                }
                Step::Starved => return self.wait(),
                Step::End => return Err(PatchError::Truncated.into()),
            },
            Phase::Shift { index, done } => {
                let (index, done) = (*index, *done);
                self.shift(index, done)?;
            }
            Phase::Body { index, ops } => match self.stream.byte()? {
                Step::Byte(byte) => {
                    let index = *index;
                    let op = ops.feed(byte)?;
                    let over = ops.done();
                    self.apply(index, op)?;
                    if over {
                        self.complete()?;
                        self.begin(index.saturating_add(1));
                    }
                }
                Step::Starved => return self.wait(),
                Step::End => return Err(PatchError::Truncated.into()),
            },
            Phase::End => match self.stream.ends()? {
                Some(()) => self.phase = Phase::Done,
                None => return Ok(Turn::Wait),
            },
            Phase::Done if self.stream.input.available() > 0 => {
                return Err(PatchError::TrailingData.into());
            }
            Phase::Done => return Ok(Turn::Wait),
            Phase::Failed { code } => return Err(ApplyError::Poisoned { first: *code }),
        }
        Ok(Turn::More)
    }

    fn wait(&self) -> Result<Turn, ApplyError<F::Error, S::Error>> {
        if self.stream.input.exhausted() {
            return Err(PatchError::Truncated.into());
        }
        Ok(Turn::Wait)
    }

    fn open(&mut self, header: Header) -> Result<(), ApplyError<F::Error, S::Error>> {
        let page = u32::try_from(F::ERASE_SIZE).unwrap_or(u32::MAX);
        let capacity = u32::try_from(self.memory.capacity()).unwrap_or(u32::MAX);
        self.place = Place::new(header.numbers, page, capacity)?;
        let Place { target_len, .. } = self.place;
        let limit = match target_len {
            0 => 0,
            len => delta_limit(len, self.place.segments()),
        };
        self.stream.open(header.compression, limit)?;
        // A codec that refuses the stream does so before the base is moved.
        self.first = Ops::new(self.place.target(0).len);
        self.phase = if target_len == 0 { Phase::End } else { Phase::First };
        Ok(())
    }

    /// Begins with the first step.
    fn start(&mut self) -> Result<(), ApplyError<F::Error, S::Error>> {
        self.completed = match self.dry {
            true => u32::MAX,
            false => self.steps.completed().map_err(ApplyError::Steps)?,
        };
        if self.place.shifts() == 0 {
            self.begin(0);
        } else {
            self.phase = Phase::Shift { index: 0, done: 0 };
        }
        Ok(())
    }

    /// Whether the step was done before a reset.
    fn skips(&self) -> bool {
        self.step <= self.completed
    }

    /// Moves one byte of the base; the step is done with the last.
    fn shift(&mut self, index: u32, done: u32) -> Result<(), ApplyError<F::Error, S::Error>> {
        let (from, to) = self.place.moved(index);
        let mut next = done.saturating_add(1);
        if self.skips() {
            next = from.len;
        } else {
            if done == 0 {
                self.writer.seek(to);
            }
            let offset = from.start.saturating_add(done);
            let end = from.start.saturating_add(from.len);
            let byte = self.cache.byte(&mut self.memory, offset, end).map_err(ApplyError::Base)?;
            self.writer.push(&mut self.memory, byte).map_err(ApplyError::Base)?;
        }
        if next < from.len {
            self.phase = Phase::Shift { index, done: next };
            return Ok(());
        }
        self.complete()?;
        let index = index.saturating_add(1);
        if index < self.place.shifts() {
            self.phase = Phase::Shift { index, done: 0 };
        } else {
            self.begin(0);
        }
        Ok(())
    }

    /// Begins a segment of the target, or ends.
    fn begin(&mut self, index: u32) {
        if index >= self.place.segments() {
            self.phase = Phase::End;
            return;
        }
        let span = self.place.target(index);
        self.writer.seek(span.start);
        let (start, _) = self.place.base(index);
        self.cursor = i64::from(start);
        let ops = if index == 0 { self.first } else { Ops::new(span.len) };
        self.phase = Phase::Body { index, ops };
    }

    /// Ends a step.
    fn complete(&mut self) -> Result<(), ApplyError<F::Error, S::Error>> {
        if !self.skips() {
            self.writer.flush(&mut self.memory).map_err(ApplyError::Base)?;
            self.steps.complete(self.step).map_err(ApplyError::Steps)?;
        }
        self.step = self.step.saturating_add(1);
        Ok(())
    }

    fn apply(&mut self, index: u32, op: Op) -> Result<(), ApplyError<F::Error, S::Error>> {
        let byte = match op {
            Op::Nothing => return Ok(()),
            Op::Jump(by) => {
                self.cursor = self.cursor.saturating_add(by);
                return Ok(());
            }
            Op::Extra(byte) => byte,
            Op::Diff(diff) => {
                let (got, (start, end)) = (self.cursor, self.place.base(index));
                let offset = u32::try_from(got).ok().filter(|offset| (start..end).contains(offset));
                let offset = offset.ok_or(PatchError::OutOfBase { got, start, end })?;
                self.cursor = self.cursor.saturating_add(1);
                if self.skips() {
                    diff
                } else {
                    let byte = self.cache.byte(&mut self.memory, offset, end);
                    byte.map_err(ApplyError::Base)?.wrapping_add(diff)
                }
            }
        };
        self.target_done = self.target_done.saturating_add(1);
        if self.skips() {
            return Ok(());
        }
        self.writer.push(&mut self.memory, byte).map_err(ApplyError::Base)
    }
}
