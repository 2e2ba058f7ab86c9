//! The order of an update: header, base, body, target.

use core::mem::size_of;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use patcher_core::container::header::{BASE_DIGEST_BYTES, STATE_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::error::{DecodeError, Error, HeaderError};
use patcher_core::reference::Isa;
use patcher_core::{Decoder, Event, Header, Kind};

use super::digest::SlotDigest;
use super::gate::{Admitted, Gate, Open, first as first_bytes};
use super::header::{Collected, HeaderBuffer};
use super::images::SlotImages;
use super::progress::{Progress, Stage};
use super::read::MAX_READ_SIZE;
use super::self_digest::Filler;
use super::writer::{BUFFER_BYTES, Writer};
use crate::resume::{Begun, LOG_INTERVAL_BYTES, Never, Place, Resume};
#[cfg(feature = "trust")]
use crate::trust::{Authentic, Policy, Verify};
use crate::{ApplyError, Class};

/// Applies one patch: reads the base slot, writes the target into the staging slot.
///
/// # Shape
///
/// | stage | what happens | what is refused here |
/// | --- | --- | --- |
/// | [`Header`](Stage::Header) | the header is collected in the workspace and parsed | bad header, RAM, instruction set, base length |
/// | [`Base`](Stage::Base) | the base slot is hashed (not for a full image) | wrong base, then a target that is too long |
/// | [`Body`](Stage::Body) | the body is decoded, pages are erased and written | damaged body |
/// | [`Target`](Stage::Target) | the target is read back and hashed | anything else than the target |
/// | [`Done`](Stage::Done) | nothing | more patch bytes |
///
/// The first erase is in stage `Body`: before it every check that the header allows is passed.
/// The target's digest is taken from flash, not from the bytes on their way there: it also finds
/// what the driver or a worn cell lost, and needs no state that a restart would have to keep.
///
/// Of the staging slot, `[0, align_up(target_len, ERASE_SIZE))` is erased, each page once and just
/// before its first write, and written in write units, each once, the last filled up with erased
/// bytes. The base slot is only read, and so both slots may be on one device. With a policy of
/// [`resume`](crate::resume) pages that are right already stay, and the slack behind the target is used too.
///
/// # Units and ranges
///
/// `S::WRITE_SIZE` is at most 32 and a power of two, `S::ERASE_SIZE` a multiple of it, each
/// `READ_SIZE` at most 32, that of `S` a divisor of its `WRITE_SIZE`. Another geometry does not compile:
///
/// ```compile_fail,E0080
/// # use core::convert::Infallible;
/// # use device_apply::Applier;
/// # use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
/// # struct Flash;
/// # impl ErrorType for Flash {
/// #     type Error = Infallible;
/// # }
/// # impl ReadNorFlash for Flash {
/// #     const READ_SIZE: usize = 1;
/// #     fn read(&mut self, _: u32, _: &mut [u8]) -> Result<(), Infallible> { Ok(()) }
/// #     fn capacity(&self) -> usize { 0 }
/// # }
/// # impl NorFlash for Flash {
/// const WRITE_SIZE: usize = 64;
/// #     const ERASE_SIZE: usize = 128;
/// #     fn erase(&mut self, _: u32, _: u32) -> Result<(), Infallible> { Ok(()) }
/// #     fn write(&mut self, _: u32, _: &[u8]) -> Result<(), Infallible> { Ok(()) }
/// # }
/// # let mut workspace = [0; 10];
/// Applier::new(Flash, Flash, &mut workspace, &[]);
/// ```
///
/// # Cost
///
/// RAM: the workspace, [`Header::workspace_words`] words of two bytes, and this struct, which is at
/// most [`STATE_BYTES`] beside the flash handles, or it does not compile for a device; on a 64-bit host
/// it is larger ([`Self::STATE_BYTES`]). Together they are within the patch's declared
/// [`Header::ram_bytes`]. Flash: one erase a page, one program a write unit. Time of one call: see
/// [`push`](Self::push).
///
/// # Power loss
///
/// The base slot is intact. The staging slot holds a part of the target, and perhaps a torn page or
/// write unit. Apply the patch again from its first byte, with a new applier: without a policy each page is erased
/// before it is read or written; with one, see [`resume`](crate::resume).
///
/// # Example
///
/// See the [crate](crate).
#[derive(Debug)]
pub struct Applier<'a, B, S, G = Open, R = Never> {
    gate: G,
    resume: R,
    base: B,
    staging: S,
    isas: &'a [&'static dyn Isa],
    phase: Phase<'a>,
    writer: Writer,
    filler: Filler,
    patch_done: u32,
    patch_total: u32,
    target_len: u32,
    base_digest: [u8; BASE_DIGEST_BYTES],
    target_digest: [u8; TARGET_DIGEST_BYTES],
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the largest decides the size; there is no heap")]
enum Phase<'a> {
    Header(HeaderBuffer<'a>),
    Patch {
        decoder: Decoder<'a>,
        /// Bytes after the header.
        payload: u32,
        /// `Some` until the base is known to be right.
        base: Option<SlotDigest>,
    },
    Target(SlotDigest),
    Done,
    Failed {
        code: u16,
    },
}

type Outcome<T, B, S> = Result<T, ApplyError<<B as ErrorType>::Error, <S as ErrorType>::Error>>;

impl<'a, B: ReadNorFlash, S: NorFlash> Applier<'a, B, S> {
    /// An applier of the patch that is pushed next, signed or not: **by whomever**.
    ///
    /// For devices whose bootloader checks the image itself. Others check who made the patch, with the feature `p256`:
    /// `Applier::verifying`, `Applier::authenticated`.
    ///
    /// `base` and `staging` are slots or `&mut` to slots. `workspace` is the decoder's RAM: what it
    /// holds is overwritten, its size is checked against the header. `isas` are the instruction
    /// sets that this device links ([`reference`](patcher_core::reference)).
    pub fn new(
        base: B,
        staging: S,
        workspace: &'a mut [u16],
        isas: &'a [&'static dyn Isa],
    ) -> Self {
        let phase = Phase::Header(HeaderBuffer::new(workspace));
        Self::assemble(Open::new(), Never::default(), base, staging, isas, phase)
    }
}

#[cfg(feature = "trust")]
impl<'a, B: ReadNorFlash, S: NorFlash> Applier<'a, B, S, Verify<'a>> {
    /// An applier of a patch that `policy` takes, as a stream.
    ///
    /// Before a byte of the body is decoded the header's signature, hardware id and security counter are checked, and the
    /// digest of the block that it is in. `block` is the room where the bytes of a block wait for that: as many as
    /// `patcher sign --block-size` said, or as a body has that is not cut into blocks.
    ///
    /// The other arguments are those of [`new`](Self::new).
    pub fn verifying(
        base: B,
        staging: S,
        workspace: &'a mut [u16],
        isas: &'a [&'static dyn Isa],
        policy: Policy<'a>,
        block: &'a mut [u8],
    ) -> Self {
        let phase = Phase::Header(HeaderBuffer::new(workspace));
        Self::assemble(Verify::policy(policy, block), Never::default(), base, staging, isas, phase)
    }

    /// An applier of a stored patch, all of which was checked: push the same bytes again.
    ///
    /// Other bytes are refused: another header before anything is decoded, another body before the target is accepted.
    pub fn authenticated(
        base: B,
        staging: S,
        isas: &'a [&'static dyn Isa],
        authentic: Authentic<'a>,
    ) -> Self {
        let gate = Verify::same(authentic.header_digest);
        let phase = Phase::Header(HeaderBuffer::new(authentic.workspace));
        Self::assemble(gate, Never::default(), base, staging, isas, phase)
    }
}

#[cfg(feature = "trust")]
impl<'a, B: ReadNorFlash, S: NorFlash, R: Resume<S, Verify<'a>>> Applier<'a, B, S, Verify<'a>, R> {
    /// The patch's security counter, once its header has passed; `None` of an unsigned patch.
    ///
    /// The device's own becomes this as soon as the target has **confirmed** itself, and not before: raised too early, it
    /// would refuse to go back to the base.
    #[must_use]
    pub fn security_counter(&self) -> Option<u32> {
        self.gate.security_counter()
    }
}

impl<'a, B: ReadNorFlash, S: NorFlash, G: Gate> Applier<'a, B, S, G> {
    /// The same, going on after a power loss as `policy` says; before the first byte is pushed.
    ///
    /// A policy has RAM of its own, beside that which a patch declares. What it may be depends on who checks the patch:
    /// [`resume`](crate::resume).
    pub fn resuming<R: Resume<S, G>>(self, policy: R) -> Applier<'a, B, S, G, R> {
        let Self { gate, base, staging, isas, phase, writer, .. } = self;
        let mut applier = Applier::assemble(gate, policy, base, staging, isas, phase);
        applier.writer.erased_value = writer.erased_value;
        applier
    }
}

impl<'a, B: ReadNorFlash, S: NorFlash, G: Gate, R: Resume<S, G>> Applier<'a, B, S, G, R> {
    const CHECKED: () = {
        assert!(B::READ_SIZE >= 1 && B::READ_SIZE <= MAX_READ_SIZE, "READ_SIZE of the base slot");
        assert!(
            S::WRITE_SIZE.is_power_of_two() && S::WRITE_SIZE <= BUFFER_BYTES,
            "WRITE_SIZE of the staging slot"
        );
        assert!(
            S::READ_SIZE >= 1 && S::WRITE_SIZE.is_multiple_of(S::READ_SIZE),
            "READ_SIZE of the staging slot"
        );
        assert!(
            S::ERASE_SIZE >= 1 && S::ERASE_SIZE.is_multiple_of(S::WRITE_SIZE),
            "ERASE_SIZE of the staging slot"
        );
        // A host's pointers take twice the room; the format speaks of devices.
        assert!(
            size_of::<usize>() > 4 || Self::STATE_BYTES <= STATE_BYTES,
            "the applier is larger than the format declares"
        );
    };

    /// Bytes of this struct without gate, policy and flash handles: part of what a patch declares as its RAM.
    pub const STATE_BYTES: usize = size_of::<Self>()
        .saturating_sub(size_of::<B>())
        .saturating_sub(size_of::<S>())
        .saturating_sub(size_of::<G>())
        .saturating_sub(size_of::<R>());

    fn assemble(
        gate: G,
        resume: R,
        base: B,
        staging: S,
        isas: &'a [&'static dyn Isa],
        phase: Phase<'a>,
    ) -> Self {
        const { Self::CHECKED };
        Self {
            gate,
            resume,
            base,
            staging,
            isas,
            phase,
            writer: Writer::new(),
            filler: Filler::default(),
            patch_done: 0,
            patch_total: 0,
            target_len: 0,
            base_digest: [0; BASE_DIGEST_BYTES],
            target_digest: [0; TARGET_DIGEST_BYTES],
        }
    }

    /// Sets what an erased byte of the staging slot reads as: 0xFF unless set, 0x00 on STM32L0/L1.
    #[must_use]
    pub fn with_erased_value(mut self, value: u8) -> Self {
        self.writer.erased_value = value;
        self
    }

    /// Takes bytes of the patch, of any length, and removes from `chunk` what it took.
    ///
    /// One call does a slice of work, so that a watchdog can be fed in between: it hashes at most
    /// 4 KiB of the base, or decodes at most 64 bytes of the body and writes the target bytes that they
    /// stand for. Call until `chunk` is empty. With an empty chunk it goes on with work that
    /// is due: idle time while the next bytes are on their way hashes the base, and decodes what a policy kept.
    ///
    /// `chunk` begins where the last one ended, or where [`seek`](Self::seek) said. What the applier has already is dropped.
    ///
    /// **Cost**: where base and target are alike, a few body bytes stand for much of the target: of 14
    /// pairs of real releases the longest call wrote 5 to 130 KB. If a watchdog cannot wait for so many
    /// pages, feed it in the flash driver, which is called for each of them. Where a target holds a digest of itself, the call
    /// that writes it reads and hashes all that it covers: 75 cycles a byte on a Cortex-M4 for a SHA-256.
    ///
    /// # Errors
    /// Any [`ApplyError`]; each variant says what to do. The applier is poisoned.
    ///
    /// # Power loss
    /// See [`Applier`].
    pub fn push(&mut self, chunk: &mut &[u8]) -> Outcome<Progress, B, S> {
        if let Some(ahead) = self.resume.ahead() {
            let (had, rest) = chunk.split_at_checked(*ahead as usize).unwrap_or((chunk, &[]));
            *ahead = ahead.saturating_sub(u32::try_from(had.len()).unwrap_or(u32::MAX));
            *chunk = rest;
        }
        let before = chunk.len();
        let done = self.take(chunk);
        let taken = before.saturating_sub(chunk.len());
        self.patch_done = self.patch_done.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
        self.settle(done)
    }

    /// Goes on after the last byte of the patch; call until the stage is [`Stage::Done`].
    ///
    /// One call does a slice of work, as in [`push`](Self::push). Only `Done` says that the
    /// staging slot holds the target.
    ///
    /// # Errors
    /// Any [`ApplyError`]; a patch that ended too soon is [`HeaderError::Incomplete`] or
    /// [`DecodeError::Truncated`]. The applier is poisoned.
    ///
    /// # Power loss
    /// See [`Applier`]. After `Done` the staging slot is not touched any more.
    pub fn finish(&mut self) -> Outcome<Progress, B, S> {
        let done = self.complete();
        self.settle(done)
    }

    /// Says that the next byte pushed is byte `offset` of the patch, header included: at most
    /// [`Progress::patch_done`], what is before it need not be sent.
    ///
    /// # Errors
    /// [`ApplyError::Gap`] if bytes would be missing; the applier goes on as if it had not been called.
    pub fn seek(&mut self, offset: u32) -> Outcome<(), B, S> {
        let expected = self.patch_done;
        match (self.resume.ahead(), expected.checked_sub(offset)) {
            (Some(ahead), Some(repeated)) => *ahead = repeated,
            (None, Some(0)) => {}
            _ => return Err(ApplyError::Gap { expected, got: offset }),
        }
        Ok(())
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let stage = match &self.phase {
            Phase::Header(_) => Stage::Header,
            Phase::Patch { base: Some(digest), .. } => {
                Stage::Base { checked: digest.checked(), total: digest.total() }
            }
            Phase::Patch { base: None, .. } => Stage::Body,
            Phase::Target(digest) => {
                Stage::Target { checked: digest.checked(), total: digest.total() }
            }
            Phase::Done => Stage::Done { target_len: self.target_len },
            Phase::Failed { code } => Stage::Failed { code: *code },
        };
        Progress {
            stage,
            patch_done: self.patch_done,
            patch_total: self.patch_total,
            target_done: self.writer.position(),
            target_total: self.target_len,
        }
    }

    /// Gives the flash back.
    #[must_use]
    pub fn release(self) -> (B, S) {
        (self.base, self.staging)
    }

    fn settle(&mut self, done: Outcome<(), B, S>) -> Outcome<Progress, B, S> {
        match done {
            Ok(()) => Ok(self.progress()),
            Err(error) => {
                if !matches!(error, ApplyError::Poisoned { .. }) {
                    // Flash may do better the next time, and of a patch that ended too soon the rest may come.
                    let ended = matches!(error, ApplyError::Decode(DecodeError::Truncated));
                    if error.class() != Class::Flash && !ended {
                        self.resume.discard(&mut self.staging);
                    }
                    self.phase = Phase::Failed { code: error.code() };
                }
                Err(error)
            }
        }
    }

    fn take(&mut self, chunk: &mut &[u8]) -> Outcome<(), B, S> {
        match &mut self.phase {
            Phase::Header(buffer) => match buffer.push(chunk, &mut self.gate, &mut self.resume)? {
                Some(collected) => self.open(collected),
                None => Ok(()),
            },
            Phase::Patch { base: Some(_), .. } => self.check_base(),
            Phase::Patch { base: None, .. } => self.body(chunk).map(drop),
            Phase::Target(_) | Phase::Done if chunk.is_empty() => Ok(()),
            Phase::Target(_) | Phase::Done => Err(DecodeError::TrailingData.into()),
            Phase::Failed { code } => Err(ApplyError::Poisoned { first: *code }),
        }
    }

    fn complete(&mut self) -> Outcome<(), B, S> {
        match &mut self.phase {
            Phase::Header(_) => Err(HeaderError::Incomplete.into()),
            Phase::Patch { base: Some(_), .. } => self.check_base(),
            Phase::Patch { base: None, .. } => {
                let event = self.body(&mut &[][..])?;
                if event == Some(Event::NeedInput) && !self.gate.pending() {
                    return Err(DecodeError::Truncated.into());
                }
                Ok(())
            }
            Phase::Target(_) => self.check_target(),
            Phase::Done => Ok(()),
            Phase::Failed { code } => Err(ApplyError::Poisoned { first: *code }),
        }
    }

    /// Checks the header against the device.
    fn open(&mut self, collected: Collected<'a>) -> Outcome<(), B, S> {
        let Collected { header, len, payload, workspace, admitted: Admitted { .. } } = collected;
        if header.in_place.is_some() {
            return Err(ApplyError::InPlace);
        }
        let Header { kind, base_len, target_len, base_digest, target_digest, .. } = header;
        let decoder = Decoder::new(header, self.isas, workspace)?;
        let slot = u32::try_from(self.base.capacity()).unwrap_or(u32::MAX);
        if base_len > slot {
            return Err(ApplyError::BaseTooLong { expected: base_len, got: slot });
        }
        self.patch_total = len.saturating_add(payload);
        self.target_len = target_len;
        self.base_digest = base_digest;
        self.target_digest = target_digest;
        let base = Some(SlotDigest::new(base_len)).filter(|_| kind == Kind::Delta);
        self.phase = Phase::Patch { decoder, payload, base };
        if kind == Kind::Full { self.begin() } else { Ok(()) }
    }

    /// Hashes a slice of the base; after the last one the staging slot may be written.
    fn check_base(&mut self) -> Outcome<(), B, S> {
        let Phase::Patch { base, .. } = &mut self.phase else { return Err(ApplyError::Internal) };
        let Some(digest) = base else { return Err(ApplyError::Internal) };
        let hash = digest.advance(&mut self.base);
        let read = |error| ApplyError::BaseRead { offset: digest.checked(), error };
        let Some(hash) = hash.map_err(read)? else { return Ok(()) };
        let (expected, got) = (self.base_digest, first(&hash));
        if got != expected {
            return Err(ApplyError::WrongBase { expected, got });
        }
        *base = None;
        self.begin()
    }

    /// Goes to where the body is to be decoded from: its start, if there is no better place.
    fn begin(&mut self) -> Outcome<(), B, S> {
        let Phase::Patch { decoder, payload, .. } = &mut self.phase else {
            return Err(ApplyError::Internal);
        };
        let free = self.writer.open(&self.staging, self.resume.past(), self.target_len)?;
        let place = Place { free, payload: *payload, erased_value: self.writer.erased_value };
        let Begun { payload, target } = self.resume.begin(&mut self.staging, place, decoder)?;
        self.writer.go_on(target);
        if let Some(ahead) = self.resume.ahead() {
            *ahead = ahead.saturating_add(payload);
        }
        // What is taken of a chunk meanwhile, the header, is counted once it is.
        self.patch_done = self.patch_done.saturating_add(payload);
        Ok(())
    }

    /// Decodes a slice of what the policy kept, then of `chunk`; `None` after the former.
    fn body(&mut self, chunk: &mut &[u8]) -> Outcome<Option<Event>, B, S> {
        let mut room = [0; LOG_INTERVAL_BYTES];
        if let Some(mut part) = self.resume.replay(&mut self.staging, &mut room)? {
            let before = part.len();
            self.decode(&mut part)?;
            self.resume.replayed(before.saturating_sub(part.len()));
            return Ok(None);
        }
        let whole = *chunk;
        let mut part = first_bytes(whole, self.resume.room());
        let offered = part.len();
        let event = self.decode(&mut part)?;
        let (taken, rest) =
            whole.split_at_checked(offered.saturating_sub(part.len())).unwrap_or_default();
        *chunk = rest;
        self.resume.keep(&mut self.staging, taken)?;
        Ok(Some(event))
    }

    /// Decodes a slice of `chunk`.
    fn decode(&mut self, chunk: &mut &[u8]) -> Outcome<Event, B, S> {
        let Phase::Patch { decoder, base: None, .. } = &mut self.phase else {
            return Err(ApplyError::Internal);
        };
        let (base, staging, writer) = (&mut self.base, &mut self.staging, &mut self.writer);
        let digests = decoder.header().self_digests;
        let filled = (&mut self.filler, digests);
        let mut images = SlotImages::new(base, staging, writer, filled, self.resume.past());
        self.gate.fill(chunk)?;
        let mut now = self.gate.ready(chunk);
        let offered = now.len();
        let event = decoder.push(&mut images, &mut now);
        let taken = offered.saturating_sub(now.len());
        self.gate.taken(taken, chunk)?;
        let event = event.map_err(|error| match error {
            Error::Patch(error) => error.into(),
            Error::Images(error) => error,
        })?;
        let saves = if let Event::Mark { reset } = event {
            self.resume.wants_mark(decoder.position(), reset)
        } else {
            false
        };
        let done = event == Event::Done;
        if done && !writer.is_at_end() {
            return Err(ApplyError::Internal);
        }
        if saves || done {
            let filled = (&mut self.filler, digests);
            SlotImages::new(base, staging, writer, filled, self.resume.past()).flush()?;
        }
        if saves {
            self.resume.save(staging, decoder)?;
        }
        if done {
            self.phase = Phase::Target(SlotDigest::new(self.target_len));
        }
        Ok(event)
    }

    /// Hashes a slice of what is in flash.
    fn check_target(&mut self) -> Outcome<(), B, S> {
        let Phase::Target(digest) = &mut self.phase else { return Err(ApplyError::Internal) };
        let hash = digest.advance(&mut self.staging);
        let read = |error| ApplyError::StagingRead { offset: digest.checked(), error };
        let Some(hash) = hash.map_err(read)? else { return Ok(()) };
        let (expected, got) = (self.target_digest, first(&hash));
        if got != expected {
            return Err(ApplyError::WrongTarget { expected, got });
        }
        self.phase = Phase::Done;
        Ok(())
    }
}

/// The first bytes of a digest.
fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    hash.first_chunk().copied().unwrap_or([0; N])
}
