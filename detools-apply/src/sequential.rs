//! Sequential patches: from the base slot to the target slot.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

use crate::base::{Base, READ_BYTES};
use crate::codec::{Codec, Step};
use crate::error::{ApplyError, PatchError};
use crate::header::{Header, HeaderReader, Kind};
use crate::input::LONGEST_STEP;
use crate::ops::{Op, Ops};
use crate::progress::{Progress, SLICE_BYTES, Stage, Turn};
use crate::stream::{Stream, delta_limit};
use crate::writer::{BUFFER_BYTES, Writer};

/// Applies one sequential patch: reads the base slot, writes the target into another.
///
/// The header is checked before the first erase: a target that does not fit, a codec that is not linked. A window that is too
/// large is found a few bytes later, and before the first erase too. Of the target slot, whole pages are erased, each just
/// before its first write, and written in write units, each once, the last filled up with erased bytes. The base slot is only
/// read, and so both slots may be on one device.
///
/// # Units and ranges
/// `T::WRITE_SIZE` is at most 32 and a power of two, `T::ERASE_SIZE` a multiple of it, `B::READ_SIZE` at most 32; other
/// geometries do not compile.
///
/// # Cost
/// RAM: this struct, at most [`STATE_BYTES`](crate::STATE_BYTES) beside flash handles and codec, and what the codec was given.
/// Time: linear in what is decoded, which is bounded by the target's length.
///
/// # Power loss
/// The base is intact; apply the patch from its first byte again, with a new applier.
#[derive(Debug)]
pub struct Sequential<B, T, C> {
    base: B,
    target: T,
    stream: Stream<C>,
    phase: Phase,
    writer: Writer,
    cache: Base,
    /// Where the base is read next.
    cursor: i64,
    base_len: u32,
    target_len: u32,
    target_done: u32,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Header(HeaderReader),
    Body(Ops),
    End,
    Done,
    Failed { code: u16 },
}

impl<B: ReadNorFlash, T: NorFlash, C: Codec> Sequential<B, T, C> {
    const CHECKED: () = {
        assert!(B::READ_SIZE >= 1 && B::READ_SIZE <= READ_BYTES, "READ_SIZE of the base slot");
        assert!(
            T::WRITE_SIZE.is_power_of_two() && T::WRITE_SIZE <= BUFFER_BYTES,
            "WRITE_SIZE of the target slot"
        );
        assert!(
            T::ERASE_SIZE >= 1 && T::ERASE_SIZE.is_multiple_of(T::WRITE_SIZE),
            "ERASE_SIZE of the target slot"
        );
    };

    /// An applier of the patch that is pushed next. `codec` is what this device links of [`codec`](crate::codec).
    ///
    /// The format does not name its base: what is in the slot is taken for it, up to the slot's end.
    pub fn new(base: B, target: T, codec: C) -> Self {
        const { Self::CHECKED };
        let base_len = u32::try_from(base.capacity()).unwrap_or(u32::MAX);
        Self {
            base,
            target,
            stream: Stream::new(codec),
            phase: Phase::Header(HeaderReader::new(Kind::Sequential)),
            writer: Writer::new(),
            cache: Base::new(),
            cursor: 0,
            base_len,
            target_len: 0,
            target_done: 0,
        }
    }

    /// Sets what an erased byte of the target slot reads as: 0xFF unless set.
    #[must_use]
    pub fn with_erased_value(mut self, value: u8) -> Self {
        self.writer.erased_value = value;
        self
    }

    /// Sets how long the base is, where that is known: a patch that reads behind it is refused.
    #[must_use]
    pub fn with_base_len(mut self, len: u32) -> Self {
        self.base_len = self.base_len.min(len);
        self
    }

    /// Takes bytes of the patch, of any length, and removes from `chunk` what it took.
    ///
    /// One call decodes at most 4 KiB, so that a watchdog can be fed in between. Call until `chunk` is empty.
    ///
    /// # Errors
    /// Any [`ApplyError`]; the applier is poisoned.
    pub fn push(&mut self, chunk: &mut &[u8]) -> Result<Progress, ApplyError<B::Error, T::Error>> {
        let done = self.run(chunk);
        self.settle(done)
    }

    /// Goes on after the last byte of the patch; call until the stage is [`Stage::Done`].
    ///
    /// # Errors
    /// Any [`ApplyError`]; a patch that ended too soon is [`PatchError::Truncated`]. The applier is poisoned.
    pub fn finish(&mut self) -> Result<Progress, ApplyError<B::Error, T::Error>> {
        self.stream.input.end();
        let done = self.run(&mut &[][..]);
        self.settle(done)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let stage = match self.phase {
            Phase::Header(_) => Stage::Header,
            Phase::Body(_) => Stage::Body,
            Phase::End => Stage::End,
            Phase::Done => Stage::Done,
            Phase::Failed { code } => Stage::Failed { code },
        };
        Progress { stage, target_done: self.target_done, target_total: self.target_len }
    }

    /// Gives the flash back.
    #[must_use]
    pub fn release(self) -> (B, T) {
        (self.base, self.target)
    }

    fn settle(
        &mut self,
        done: Result<(), ApplyError<B::Error, T::Error>>,
    ) -> Result<Progress, ApplyError<B::Error, T::Error>> {
        if let Err(error) = done {
            if !matches!(error, ApplyError::Poisoned { .. }) {
                self.phase = Phase::Failed { code: error.code() };
            }
            return Err(error);
        }
        Ok(self.progress())
    }

    fn run(&mut self, chunk: &mut &[u8]) -> Result<(), ApplyError<B::Error, T::Error>> {
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

    fn turn(&mut self) -> Result<Turn, ApplyError<B::Error, T::Error>> {
        match &mut self.phase {
            Phase::Header(reader) => {
                let Some(byte) = self.stream.input.next() else {
                    return self.wait();
                };
                if let Some(header) = reader.feed(byte)? {
                    self.open(header)?;
                }
            }
            Phase::Body(ops) => match self.stream.byte()? {
                Step::Byte(byte) => {
                    let op = ops.feed(byte)?;
                    let over = ops.done();
                    self.apply(op)?;
                    if over {
                        self.writer.flush(&mut self.target).map_err(ApplyError::Target)?;
                        self.phase = Phase::End;
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

    fn wait(&self) -> Result<Turn, ApplyError<B::Error, T::Error>> {
        if self.stream.input.exhausted() {
            return Err(PatchError::Truncated.into());
        }
        Ok(Turn::Wait)
    }

    fn open(&mut self, header: Header) -> Result<(), PatchError> {
        let [target_len, ..] = header.numbers;
        let page = u32::try_from(T::ERASE_SIZE).unwrap_or(u32::MAX);
        let expected = target_len.checked_next_multiple_of(page).unwrap_or(u32::MAX);
        let got = u32::try_from(self.target.capacity()).unwrap_or(u32::MAX);
        if expected > got {
            return Err(PatchError::TooLarge { expected, got });
        }
        let empty = target_len == 0;
        let limit = if empty { 0 } else { delta_limit(target_len, 0) };
        self.stream.open(header.compression, limit)?;
        self.target_len = target_len;
        self.phase = if empty { Phase::End } else { Phase::Body(Ops::new(target_len)) };
        Ok(())
    }

    fn apply(&mut self, op: Op) -> Result<(), ApplyError<B::Error, T::Error>> {
        let byte = match op {
            Op::Nothing => return Ok(()),
            Op::Jump(by) => {
                self.cursor = self.cursor.saturating_add(by);
                return Ok(());
            }
            Op::Extra(byte) => byte,
            Op::Diff(diff) => {
                let (got, end) = (self.cursor, self.base_len);
                let offset = u32::try_from(got).ok().filter(|&offset| offset < end);
                let offset = offset.ok_or(PatchError::OutOfBase { got, start: 0, end })?;
                self.cursor = self.cursor.saturating_add(1);
                let byte = self.cache.byte(&mut self.base, offset, end);
                byte.map_err(ApplyError::Base)?.wrapping_add(diff)
            }
        };
        self.target_done = self.target_done.saturating_add(1);
        self.writer.push(&mut self.target, byte).map_err(ApplyError::Target)
    }
}
