//! Sequential patches: from the base slot to the target slot.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

use crate::base::{Base, READ_BYTES};
use crate::codec::Codec;
use crate::driver::{Driver, Went, Work};
use crate::error::{ApplyError, PatchError};
use crate::header::{Header, Kind};
use crate::ops::{Op, Ops};
use crate::progress::{Progress, Stage};
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
    slots: Slots<B, T>,
    driver: Driver<Ops, C>,
}

/// Both slots, and what is between them.
#[derive(Debug)]
struct Slots<B, T> {
    base: B,
    target: T,
    reader: Base,
    writer: Writer,
    base_len: u32,
    target_len: u32,
    target_done: u32,
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
        let (reader, writer) = (Base::new(), Writer::new());
        let slots = Slots { base, target, reader, writer, base_len, target_len: 0, target_done: 0 };
        Self { slots, driver: Driver::new(Kind::Sequential, codec) }
    }

    /// Sets what an erased byte of the target slot reads as: 0xFF unless set.
    #[must_use]
    pub fn with_erased_value(mut self, value: u8) -> Self {
        self.slots.writer.erased_value = value;
        self
    }

    /// Sets how long the base is, where that is known: a patch that reads behind it is refused.
    #[must_use]
    pub fn with_base_len(mut self, len: u32) -> Self {
        self.slots.base_len = self.slots.base_len.min(len);
        self
    }

    /// Takes bytes of the patch, of any length, and removes from `chunk` what it took.
    ///
    /// One call decodes at most 4 KiB, so that a watchdog can be fed in between. Call until `chunk` is empty.
    ///
    /// # Errors
    /// Any [`ApplyError`]; the applier is poisoned.
    pub fn push(&mut self, chunk: &mut &[u8]) -> Result<Progress, ApplyError<B::Error, T::Error>> {
        self.driver.push(&mut self.slots, chunk)
    }

    /// Goes on after the last byte of the patch; call until the stage is [`Stage::Done`].
    ///
    /// # Errors
    /// Any [`ApplyError`]; a patch that ended too soon is [`PatchError::Truncated`]. The applier is poisoned.
    pub fn finish(&mut self) -> Result<Progress, ApplyError<B::Error, T::Error>> {
        self.driver.finish(&mut self.slots)
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.driver.progress(&self.slots)
    }

    /// Gives the flash back.
    #[must_use]
    pub fn release(self) -> (B, T) {
        (self.slots.base, self.slots.target)
    }
}

impl<B: ReadNorFlash, T: NorFlash> Work for Slots<B, T> {
    type State = Ops;
    type BaseError = B::Error;
    type TargetError = T::Error;

    fn open(&mut self, header: &Header) -> Result<Option<(Ops, u64)>, PatchError> {
        let [target_len, ..] = header.numbers;
        let page = u32::try_from(T::ERASE_SIZE).unwrap_or(u32::MAX);
        let expected = target_len.checked_next_multiple_of(page).unwrap_or(u32::MAX);
        let got = u32::try_from(self.target.capacity()).unwrap_or(u32::MAX);
        if expected > got {
            return Err(PatchError::TooLarge { expected, got });
        }
        self.target_len = target_len;
        Ok((target_len > 0).then(|| (Ops::new(target_len), delta_limit(target_len, 0))))
    }

    fn step<C: Codec>(
        &mut self,
        ops: &mut Ops,
        stream: &mut Stream<C>,
    ) -> Result<Went, ApplyError<B::Error, T::Error>> {
        let Some(byte) = stream.byte()? else { return Ok(Went::Starved) };
        let op = ops.feed(byte)?;
        self.apply(op)?;
        if !ops.done() {
            return Ok(Went::On);
        }
        self.writer.flush(&mut self.target).map_err(ApplyError::Target)?;
        Ok(Went::Over)
    }

    fn stage(_: &Ops) -> Stage {
        Stage::Body
    }

    fn target(&self) -> (u32, u32) {
        (self.target_done, self.target_len)
    }
}

impl<B: ReadNorFlash, T: NorFlash> Slots<B, T> {
    fn apply(&mut self, op: Op) -> Result<(), ApplyError<B::Error, T::Error>> {
        let byte = match op {
            Op::Nothing => return Ok(()),
            Op::Jump(by) => {
                self.reader.jump(by);
                return Ok(());
            }
            Op::Extra(byte) => byte,
            Op::Diff(diff) => {
                let end = self.base_len;
                let offset = self.reader.advance(0, end)?;
                let byte = self.reader.byte(&mut self.base, offset, end);
                byte.map_err(ApplyError::Base)?.wrapping_add(diff)
            }
        };
        self.target_done = self.target_done.saturating_add(1);
        self.writer.push(&mut self.target, byte).map_err(ApplyError::Target)
    }
}
