//! The order of an in-place update.

use core::mem::size_of;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use patcher_core::container::header::{BASE_DIGEST_BYTES, STATE_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::container::in_place::Form;
use patcher_core::crc::Crc32;
use patcher_core::error::{DecodeError, HeaderError};
use patcher_core::reference::Isa;
use patcher_core::{Decoder, Event, Header};
use sha2::{Digest as _, Sha256};

use super::check::{CHUNK_BYTES, Check, Stored};
use super::error::InPlaceError;
use super::pages::Pages;
use super::plan::{Place, Plan};
use super::progress::{Progress, Stage};
use super::record::Steps;
use super::restart::{self, Recover, Verdict};
use super::view::View;
use crate::apply::digest::SlotDigest;
use crate::apply::gate::{Admitted, Gate, Open};
use crate::apply::header::{Collected, HeaderBuffer};
use crate::apply::read::{MAX_READ_SIZE, read};
use crate::apply::self_digest::Filler;
use crate::apply::writer::BUFFER_BYTES;
use crate::journal::Journal;
use crate::resume::Binding;
use crate::resume::journal::Journal as MarkJournal;
use crate::resume::marks::Saved;
#[cfg(feature = "trust")]
use crate::trust::{Policy, Verify};

/// The flash of an in-place update: regions, each of whole pages, in one device or several.
#[derive(Debug)]
pub struct Parts<S, J> {
    /// The slot: as many bytes as `create --slot-size` was told, with pages as `--page-size`.
    pub slot: S,
    /// The scratch, if patches are made with `--scratch`.
    pub scratch: Option<S>,
    /// Where finished steps are noted: two pages or more; `create` says how many keep erases within eight a page.
    pub steps: J,
    /// Where the decoder's state is kept at restart marks; `create` says how much. Patches without marks need none.
    pub marks: Option<J>,
}

/// One in-place update: checks the stored patch, then writes the target over its base.
///
/// # Shape
///
/// | stage | what happens | what is refused here |
/// | --- | --- | --- |
/// | [`Header`](Stage::Header) | the header is read | bad header, other slot or page, RAM, instruction set, regions too short |
/// | [`Check`](Stage::Check) | all of the patch is read once | damage; with `verifying` whatever nobody signed |
/// | [`Recover`](Stage::Recover) | what an earlier run left is compared with its journal | – |
/// | [`Base`](Stage::Base) | unless there is such: the base is hashed | wrong base |
/// | [`Slide`](Stage::Slide) | the base moves up (not with a scratch) | – |
/// | [`Body`](Stage::Body) | the body is decoded, pages are written | a body that only its maker can have damaged |
/// | [`Target`](Stage::Target) | the target is read back and hashed | anything else than the target |
/// | [`Done`](Stage::Done) | nothing | – |
///
/// The first erase of slot or scratch comes after stage `Base`.
///
/// # Units and ranges
///
/// Of slot and scratch, and of the regions: `WRITE_SIZE` is at most 32 and a power of two, `ERASE_SIZE` a multiple of it, `READ_SIZE` a
/// divisor of it; `READ_SIZE` of the patch is at most 32. Another geometry does not compile.
///
/// # Cost
///
/// RAM: the workspace, [`Header::workspace_words`] words of two bytes, and this struct, which is at most
/// [`STATE_BYTES`] beside flash handles and the journal of steps, or it does not compile for a device ([`Self::STATE_BYTES`]). Flash: at most two erases a page of the slot, or with a scratch one of the slot and one of the scratch for
/// each page of the base; a record of 48 bytes or more a step, and of the decoder's state a mark. Time: the patch is read twice, the
/// base three times, the target twice. One call of [`step`](Self::step) takes at most two erases, and with a scratch copies a page.
///
/// # Power loss
///
/// See the [module](super).
#[derive(Debug)]
pub struct InPlace<'a, P, S, J, G = Open> {
    gate: G,
    patch: P,
    pages: Pages<S>,
    steps: Journal<J, Steps>,
    marks: Option<MarkJournal<J>>,
    isas: &'a [&'static dyn Isa],
    phase: Phase<'a>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the largest decides the size; there is no heap")]
enum Phase<'a> {
    Header { buffer: HeaderBuffer<'a>, at: u32 },
    Patch { decoder: Decoder<'a>, bound: Bound, work: Work },
    Target { plan: Plan, ends: Ends, digest: SlotDigest },
    Done { target_len: u32 },
    Failed { code: u16 },
}

/// What the patch leads from and to: starts of SHA-256.
#[derive(Clone, Copy, Debug)]
struct Ends {
    base: [u8; BASE_DIGEST_BYTES],
    target: [u8; TARGET_DIGEST_BYTES],
}

/// What the header says that is needed to the end.
#[derive(Clone, Copy, Debug)]
struct Bound {
    plan: Plan,
    stored: Stored,
    saved: Saved,
}

#[derive(Debug)]
enum Work {
    Check(Check),
    Recover(Recover),
    Base {
        digest: SlotDigest,
        begun: bool,
    },
    Slide,
    Body {
        /// Body bytes that the decoder was given.
        fed: u32,
        filler: Filler,
    },
}

impl Ends {
    fn of(header: &Header) -> Self {
        Self { base: header.base_digest, target: header.target_digest }
    }
}

/// The digest of a header that has passed.
struct HeaderDigest(Option<[u8; 32]>);

impl Binding for HeaderDigest {
    fn see(&mut self, header: impl Iterator<Item = u8>) {
        let mut hash = Sha256::new();
        header.for_each(|byte| hash.update([byte]));
        self.0 = Some(hash.finalize().into());
    }
}

type Outcome<T, P, S> = Result<T, InPlaceError<<P as ErrorType>::Error, <S as ErrorType>::Error>>;

impl<'a, P, S, J> InPlace<'a, P, S, J>
where
    P: ReadNorFlash,
    S: NorFlash,
    J: NorFlash<Error = S::Error>,
{
    /// An update with the patch that starts at the first byte of `patch`, signed or not: **by whomever**. Damage is found.
    ///
    /// For devices whose bootloader checks the image itself. Others check who made the patch, with the feature `p256`:
    /// `InPlace::verifying`.
    ///
    /// `workspace` is the decoder's RAM: what it holds is overwritten, its size is checked against the header. `isas` are the
    /// instruction sets that this device links ([`reference`](patcher_core::reference)).
    ///
    /// # Errors
    /// [`InPlaceError::Steps`]: the region for steps has less than two pages.
    pub fn new(
        patch: P,
        parts: Parts<S, J>,
        workspace: &'a mut [u16],
        isas: &'a [&'static dyn Isa],
    ) -> Outcome<Self, P, S> {
        Self::assemble(Open::new(), patch, parts, workspace, isas)
    }
}

#[cfg(feature = "trust")]
impl<'a, P, S, J> InPlace<'a, P, S, J, Verify<'a>>
where
    P: ReadNorFlash,
    S: NorFlash,
    J: NorFlash<Error = S::Error>,
{
    /// The same with a patch that `policy` takes: signature, hardware id, security counter and all of the body are checked before
    /// the first erase, and again in each run.
    ///
    /// # Errors
    /// As `new`.
    pub fn verifying(
        patch: P,
        parts: Parts<S, J>,
        workspace: &'a mut [u16],
        isas: &'a [&'static dyn Isa],
        policy: Policy<'a>,
    ) -> Outcome<Self, P, S> {
        let gate = Verify::policy(policy.checking_streams_late(), &mut []);
        Self::assemble(gate, patch, parts, workspace, isas)
    }

    /// The patch's security counter, once its header has passed; `None` of an unsigned patch.
    ///
    /// The device's own becomes this as soon as the target has confirmed itself. A stored reverse patch must not have a lower one.
    #[must_use]
    pub fn security_counter(&self) -> Option<u32> {
        self.gate.security_counter()
    }
}

impl<'a, P, S, J, G> InPlace<'a, P, S, J, G>
where
    P: ReadNorFlash,
    S: NorFlash,
    J: NorFlash<Error = S::Error>,
    G: Gate,
{
    const CHECKED: () = {
        assert!(P::READ_SIZE >= 1 && P::READ_SIZE <= MAX_READ_SIZE, "READ_SIZE of the patch");
        assert!(
            S::WRITE_SIZE.is_power_of_two() && S::WRITE_SIZE <= BUFFER_BYTES,
            "WRITE_SIZE of the slot"
        );
        assert!(
            S::READ_SIZE >= 1 && S::WRITE_SIZE.is_multiple_of(S::READ_SIZE),
            "READ_SIZE of the slot"
        );
        assert!(
            S::ERASE_SIZE >= BUFFER_BYTES && S::ERASE_SIZE.is_multiple_of(BUFFER_BYTES),
            "ERASE_SIZE of the slot"
        );
        // A host's pointers take twice the room; the format speaks of devices.
        assert!(
            size_of::<usize>() > 4 || Self::STATE_BYTES <= STATE_BYTES,
            "the applier is larger than the format declares"
        );
    };

    /// Bytes of this struct without gate, journal of steps and flash handles.
    pub const STATE_BYTES: usize = size_of::<Self>()
        .saturating_sub(size_of::<P>())
        .saturating_sub(size_of::<Pages<S>>())
        .saturating_add(size_of::<Pages<()>>())
        .saturating_sub(size_of::<Journal<J, Steps>>())
        .saturating_sub(size_of::<Option<MarkJournal<J>>>())
        .saturating_add(size_of::<Option<MarkJournal<()>>>())
        .saturating_sub(size_of::<G>());

    fn assemble(
        gate: G,
        patch: P,
        parts: Parts<S, J>,
        workspace: &'a mut [u16],
        isas: &'a [&'static dyn Isa],
    ) -> Outcome<Self, P, S> {
        const { Self::CHECKED };
        let Parts { slot, scratch, steps, marks } = parts;
        let phase = Phase::Header { buffer: HeaderBuffer::new(workspace), at: 0 };
        let (pages, marks) = (Pages::new(slot, scratch), marks.map(MarkJournal::new));
        Ok(Self { gate, patch, pages, steps: Journal::open(steps)?, marks, isas, phase })
    }

    /// For flash that is erased to another value than 0xFF.
    #[must_use]
    pub fn with_erased_value(mut self, erased_value: u8) -> Self {
        self.steps = self.steps.with_erased_value(erased_value);
        self.pages.erased_value = erased_value;
        self
    }

    /// Start of the SHA-256 of the base, once the header has passed and until the update is done.
    #[must_use]
    pub fn base_digest(&self) -> Option<[u8; BASE_DIGEST_BYTES]> {
        self.ends().map(|ends| ends.base)
    }

    /// Start of the SHA-256 of the target, once the header has passed and until the update is done.
    #[must_use]
    pub fn target_digest(&self) -> Option<[u8; TARGET_DIGEST_BYTES]> {
        self.ends().map(|ends| ends.target)
    }

    fn ends(&self) -> Option<Ends> {
        match &self.phase {
            Phase::Patch { decoder, .. } => Some(Ends::of(decoder.header())),
            Phase::Target { ends, .. } => Some(*ends),
            Phase::Header { .. } | Phase::Done { .. } | Phase::Failed { .. } => None,
        }
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let plan = match &self.phase {
            Phase::Patch { bound: Bound { plan, .. }, .. } | Phase::Target { plan, .. } => {
                Some(plan)
            }
            Phase::Header { .. } | Phase::Done { .. } | Phase::Failed { .. } => None,
        };
        let stage = match &self.phase {
            Phase::Header { .. } => Stage::Header,
            Phase::Patch { work, bound, .. } => match work {
                Work::Check(check) => {
                    Stage::Check { checked: check.checked, total: bound.stored.total() }
                }
                Work::Recover(_) => Stage::Recover,
                Work::Base { digest, .. } => {
                    Stage::Base { checked: digest.checked(), total: digest.total() }
                }
                Work::Slide => Stage::Slide,
                Work::Body { .. } => Stage::Body,
            },
            Phase::Target { digest, .. } => {
                Stage::Target { checked: digest.checked(), total: digest.total() }
            }
            Phase::Done { target_len } => Stage::Done { target_len: *target_len },
            Phase::Failed { code } => Stage::Failed { code: *code },
        };
        Progress {
            stage,
            steps_done: plan.map_or(0, |plan| plan.done(self.pages.place())),
            steps_total: plan.map_or(0, Plan::total),
        }
    }

    /// Does a little more: call it until [`Stage::Done`], and feed the watchdog in between.
    ///
    /// # Errors
    /// Any [`InPlaceError`]; nothing more can be done with this value then.
    pub fn step(&mut self) -> Outcome<Progress, P, S> {
        let done = match self.phase {
            Phase::Header { .. } => self.header(),
            Phase::Patch { .. } => self.work(),
            Phase::Target { .. } => self.check_target(),
            Phase::Done { .. } => Ok(()),
            Phase::Failed { code } => Err(InPlaceError::Poisoned { first: code }),
        };
        if let Err(error) = &done
            && !matches!(error, InPlaceError::Poisoned { .. })
        {
            self.phase = Phase::Failed { code: error.code() };
        }
        done.map(|()| self.progress())
    }

    fn work(&mut self) -> Outcome<(), P, S> {
        let Phase::Patch { work, .. } = &self.phase else { return Err(InPlaceError::Internal) };
        match work {
            Work::Check(_) => self.check(),
            Work::Recover(_) => self.recover(),
            Work::Base { .. } => self.check_base(),
            Work::Slide => self.slide(),
            Work::Body { .. } => self.body(),
        }
    }

    /// Reads a piece of the header; after the last one, refuses what does not fit this device.
    fn header(&mut self) -> Outcome<(), P, S> {
        let Phase::Header { buffer, at } = &mut self.phase else {
            return Err(InPlaceError::Internal);
        };
        let capacity = count(self.patch.capacity());
        let mut room = [0; CHUNK_BYTES];
        let left = capacity.saturating_sub(*at) as usize;
        let bytes = room.get_mut(..left.min(CHUNK_BYTES)).unwrap_or_default();
        if bytes.is_empty() {
            return Err(InPlaceError::Header(HeaderError::Incomplete));
        }
        let offset = *at;
        read(&mut self.patch, offset, bytes)
            .map_err(|error| InPlaceError::PatchRead { offset, error })?;
        let mut digest = HeaderDigest(None);
        let mut chunk = &*bytes;
        let collected = buffer.push(&mut chunk, &mut self.gate, &mut digest);
        *at = at.saturating_add(count(bytes.len()));
        let Some(collected) = collected? else { return Ok(()) };
        self.admit(collected, digest.0.unwrap_or_default(), capacity)
    }

    /// Compares the header with the device, and makes ready.
    fn admit(
        &mut self,
        collected: Collected<'a>,
        header_digest: [u8; 32],
        capacity: u32,
    ) -> Outcome<(), P, S> {
        let Collected { header, len, payload, admitted: Admitted { .. }, workspace } = collected;
        let plan = Plan::new(&header, header_digest).ok_or(InPlaceError::NotInPlace)?;
        let slot = plan.slot();
        let (expected, got) = (slot.page_bytes(), count(S::ERASE_SIZE));
        if expected != got {
            return Err(InPlaceError::Page { expected, got });
        }
        let (expected, got) = (slot.slot_bytes(), count(self.pages.slot.capacity()));
        if expected != got {
            return Err(InPlaceError::Slot { expected, got });
        }
        let scratch = self.pages.scratch.as_ref().map_or(0, |scratch| count(scratch.capacity()));
        if slot.form == Form::Scratch && scratch < slot.reserve_bytes() {
            let expected = slot.reserve_bytes();
            return Err(InPlaceError::Scratch { expected, got: scratch });
        }
        let saved = if slot.resets { Saved::AfterReset } else { Saved::All };
        if header.epoch_log2 != 0 {
            let state = saved.bytes(header.workspace_words(), header.map_entries);
            let opened = match &mut self.marks {
                Some(marks) => marks.open(state).map_err(|expected| (expected, marks.capacity())),
                None => Err((MarkJournal::<J>::region_bytes(state), 0)),
            };
            opened.map_err(|(expected, got)| InPlaceError::MarksTooShort { expected, got })?;
        }
        let block_bytes = self.gate.block_bytes();
        let stored = Stored { header_len: len, payload, body_len: header.body_len, block_bytes };
        if capacity < stored.total() {
            return Err(DecodeError::Truncated.into());
        }
        let bound = Bound { plan, stored, saved };
        let decoder = Decoder::new(header, self.isas, workspace)?;
        self.phase = Phase::Patch { decoder, bound, work: Work::Check(Check::new()) };
        Ok(())
    }

    /// Checks a slice of the patch; after the last one, looks for what an earlier run left.
    fn check(&mut self) -> Outcome<(), P, S> {
        let Phase::Patch { decoder, bound, work } = &mut self.phase else {
            return Err(InPlaceError::Internal);
        };
        let Work::Check(check) = work else { return Err(InPlaceError::Internal) };
        let expected = decoder.header().in_place.map_or(0, |slot| slot.check);
        if !check.advance(&mut self.patch, &bound.stored, expected, &mut self.gate)? {
            return Ok(());
        }
        let record =
            self.steps.latest().filter(|steps| steps.header_digest == bound.plan.header_digest());
        let begun = record.and_then(|steps| Some((bound.plan.place(steps.done)?, steps.crc)));
        *work = match begun {
            Some((place, crc)) => Work::Recover(Recover::new(place, crc, &bound.plan)),
            None => Work::Base { digest: SlotDigest::new(bound.plan.base_len()), begun: false },
        };
        Ok(())
    }

    /// Compares a slice of the slot with the journal; if it is as that says, goes on from there.
    fn recover(&mut self) -> Outcome<(), P, S> {
        let Phase::Patch { bound, work, .. } = &mut self.phase else {
            return Err(InPlaceError::Internal);
        };
        let Work::Recover(recover) = work else { return Err(InPlaceError::Internal) };
        match recover.advance(&mut self.pages.slot, &bound.plan) {
            Verdict::Open => Ok(()),
            Verdict::Right(place, crc) => {
                self.pages.go_on(place, crc);
                self.begin()
            }
            // The same update in an earlier life, if the base is there again.
            Verdict::Wrong => {
                *work = Work::Base { digest: SlotDigest::new(bound.plan.base_len()), begun: true };
                Ok(())
            }
        }
    }

    /// Hashes a slice of the base; after the last one the slot may be written.
    fn check_base(&mut self) -> Outcome<(), P, S> {
        let Phase::Patch { decoder, bound, work } = &mut self.phase else {
            return Err(InPlaceError::Internal);
        };
        let Work::Base { digest, begun } = work else { return Err(InPlaceError::Internal) };
        let begun = *begun;
        let hash = match digest.advance(&mut self.pages.slot) {
            Ok(Some(hash)) => hash,
            Ok(None) => return Ok(()),
            Err(_) if begun => return Err(InPlaceError::Lost),
            Err(error) => {
                return Err(InPlaceError::SlotRead { offset: digest.checked(), error });
            }
        };
        let (expected, got) = (decoder.header().base_digest, first(&hash));
        if got != expected {
            let wrong = InPlaceError::WrongBase { expected, got };
            return Err(if begun { InPlaceError::Lost } else { wrong });
        }
        let start = bound.plan.place(0).ok_or(InPlaceError::Internal)?;
        self.pages.go_on(start, Crc32::new());
        self.begin()
    }

    /// Chooses what comes next: moving the base, or writing the target.
    fn begin(&mut self) -> Outcome<(), P, S> {
        let Phase::Patch { decoder, bound, work } = &mut self.phase else {
            return Err(InPlaceError::Internal);
        };
        let Place::Writing { pages, .. } = self.pages.place() else {
            *work = Work::Slide;
            return Ok(());
        };
        if bound.plan.written(pages) == bound.plan.target_len() {
            self.phase = target(bound.plan, decoder.header());
            return Ok(());
        }
        let marks = self.marks.as_mut().filter(|_| decoder.header().epoch_log2 != 0);
        let place = (&bound.plan, pages);
        let at = restart::load(marks, &bound.plan.header_digest(), bound.saved, place, decoder)?;
        self.pages.start(at);
        // Zeros past the end of the body count as decoded, but are not stored.
        let fed = decoder.consumed().min(bound.stored.body_len);
        *work = Work::Body { fed, filler: Filler::default() };
        Ok(())
    }

    /// Moves a slice of the base.
    fn slide(&mut self) -> Outcome<(), P, S> {
        let Phase::Patch { bound, .. } = &self.phase else { return Err(InPlaceError::Internal) };
        match self.pages.place() {
            Place::Moving { moved } => self.pages.slide(moved, &bound.plan, &mut self.steps),
            Place::Writing { .. } => self.begin(),
        }
    }

    /// Decodes a slice of the body.
    fn body(&mut self) -> Outcome<(), P, S> {
        let Phase::Patch { decoder, bound, work } = &mut self.phase else {
            return Err(InPlaceError::Internal);
        };
        let Work::Body { fed, filler } = work else { return Err(InPlaceError::Internal) };
        let mut room = [0; CHUNK_BYTES];
        let offered = bound.stored.body(&mut self.patch, *fed, &mut room)?;
        let mut chunk = room.get(..offered).unwrap_or_default();
        let filled = (filler, decoder.header().self_digests);
        let mut view = View::new(&mut self.pages, filled, &bound.plan, &mut self.steps);
        let event = decoder.push(&mut view, &mut chunk)?;
        *fed = fed.saturating_add(count(offered.saturating_sub(chunk.len())));
        match event {
            Event::Mark { .. } => {
                let marks = self.marks.as_mut().ok_or(InPlaceError::Internal)?;
                save(marks, decoder, bound)
            }
            Event::Done => {
                decoder.finish()?;
                self.phase = target(bound.plan, decoder.header());
                Ok(())
            }
            // All of it is there: a decoder that wants more has found the body too short.
            Event::NeedInput if offered == 0 => Err(DecodeError::Truncated.into()),
            Event::NeedInput | Event::Yield => Ok(()),
        }
    }

    /// Hashes a slice of what is in the slot.
    fn check_target(&mut self) -> Outcome<(), P, S> {
        let Phase::Target { plan, ends, digest } = &mut self.phase else {
            return Err(InPlaceError::Internal);
        };
        let hash = digest.advance(&mut self.pages.slot);
        let failed = |error| InPlaceError::SlotRead { offset: digest.checked(), error };
        let Some(hash) = hash.map_err(failed)? else { return Ok(()) };
        let (expected, got) = (ends.target, first(&hash));
        if got != expected {
            return Err(InPlaceError::WrongTarget { expected, got });
        }
        self.phase = Phase::Done { target_len: plan.target_len() };
        Ok(())
    }
}

/// The phase in which all of the target is in the slot.
fn target<'a>(plan: Plan, header: &Header) -> Phase<'a> {
    let digest = SlotDigest::new(plan.target_len());
    Phase::Target { plan, ends: Ends::of(header), digest }
}

/// Keeps the decoder's state at a mark; all target bytes before it are in flash.
fn save<P, J: NorFlash>(
    marks: &mut MarkJournal<J>,
    decoder: &Decoder<'_>,
    bound: &Bound,
) -> Result<(), InPlaceError<P, J::Error>> {
    let mut refused = Ok(());
    let appended = marks.append(0, &bound.plan.header_digest(), |record| {
        let mut written = Ok(());
        refused = bound.saved.save(decoder, |bytes| {
            if written.is_ok() {
                written = record.push(bytes);
            }
        });
        written
    });
    appended.map_err(|(offset, error)| InPlaceError::Marks { offset, error })?;
    Ok(refused?)
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// The first bytes of a digest.
fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    hash.first_chunk().copied().unwrap_or([0; N])
}
