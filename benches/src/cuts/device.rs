//! A device that is updated, and the server that sends the patch.

use core::cell::Cell;
use core::fmt::Debug;
use core::ops::Range;

use device_apply::apply::Open;
use device_apply::resume::{Kept, Logged, Marks, Resume};
use device_apply::{Applier, ApplyError, Stage};
use flash_model::{FlashError, FlashModel, Part, Slot};
use patcher_core::decode::REGISTER_BYTES;
use patcher_core::reference;

use super::Update;
use super::known::{Known, Run};
use super::watched::Watched;

/// How the device goes on after a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Not at all.
    Never,
    /// Re-decode of a stored patch.
    Kept,
    /// Re-decode of a stream from its log.
    Logged,
    /// From snapshots.
    Snapshots,
    /// From resets.
    Resets,
}

/// All that go on.
pub const RESUMING: [Policy; 4] = [Policy::Kept, Policy::Logged, Policy::Snapshots, Policy::Resets];

impl Policy {
    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Kept => "re-decode, stored",
            Self::Logged => "re-decode, logged",
            Self::Snapshots => "snapshot",
            Self::Resets => "reset",
        }
    }
}

/// What went over the air in one run, and when.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Patch bytes that the device had when the base was checked, without any being sent but the header.
    pub resumed_at: u32,
    /// (operations of flash done, patch bytes received) after each call.
    pub calls: Vec<(u64, u32)>,
}

/// Base slot, staging slot and a region for marks in one flash.
#[derive(Debug)]
pub struct Device<P> {
    /// The flash.
    pub flash: FlashModel<P>,
    places: Places,
}

/// Where the staging slot and the region for marks begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    middle: u32,
    region: u32,
}

type Failure = ApplyError<FlashError, FlashError>;

/// A slot of the device, the accesses to whose spare page are counted.
type Watch<'f, P> = Watched<'f, Slot<'f, P>>;

/// Bytes that the server sends at once: a patch is cut into blocks of so many behind its header, wherever a device goes on.
const CHUNK: usize = 48;

impl<P: Part> Device<P> {
    /// With the base of `update`, something else in the staging slot, and room for every policy.
    #[must_use]
    pub fn new(update: &Update) -> Self {
        let page = P::GEOMETRY.erase_bytes();
        let pages = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).next_multiple_of(page);
        let middle = pages(update.base.len());
        // A spare page, and a log with some room for torn frames.
        let log = pages(update.patch.len() * 64 / 60 + 64 * 64);
        let region = middle + pages(update.target.len()) + page + log;
        let state = REGISTER_BYTES + 2 * update.header.workspace_words() + 44 + 32;
        let end = region + 2 * pages(state);
        let flash = FlashModel::<P>::with_size(end);
        flash.slot(0..middle).load(&update.base);
        let old = vec![0x5A; (region - middle) as usize];
        flash.slot(middle..region).load(&old);
        flash.protect(0..middle);
        Self { flash, places: Places { middle, region } }
    }

    /// Where its slots are.
    pub(super) fn places(&self) -> Places {
        self.places
    }

    /// A device whose slots are at `places` of `flash`.
    pub(super) fn with(places: Places, flash: FlashModel<P>) -> Self {
        Self { flash, places }
    }

    /// Where the target is written.
    #[must_use]
    pub fn staging(&self) -> Range<u32> {
        self.places.middle..self.places.region
    }

    /// Whether base and target are what they should be.
    #[must_use]
    pub fn is_updated(&self, update: &Update) -> bool {
        let holds = |at: u32, image: &[u8]| {
            let end = at + u32::try_from(image.len()).unwrap_or(u32::MAX);
            self.flash.dump(at..end).as_deref() == Ok(image)
        };
        holds(0, &update.base) && holds(self.places.middle, &update.target)
    }

    /// The page behind the target's.
    fn spare(&self, update: &Update) -> Range<u32> {
        let page = P::GEOMETRY.erase_bytes();
        let start = self.places.middle + update.header.target_len.next_multiple_of(page);
        start..start + page
    }

    /// Updates, or goes on with it.
    ///
    /// # Errors
    /// What the applier says.
    pub fn run(&self, update: &Update, policy: Policy) -> Result<Traffic, Failure> {
        self.run_known(update, policy, &mut Known::new(), false).map(|(traffic, ..)| traffic)
    }

    /// The same, up to where it does what a run that is `known` did, if it may; and how often the spare page was accessed.
    pub(super) fn run_known<'k>(
        &self,
        update: &Update,
        policy: Policy,
        known: &'k mut Known<P>,
        may_meet: bool,
    ) -> Result<(Traffic, Run<'k, P>, u64), Failure> {
        let touched = Cell::new(0);
        let spare = self.spare(update);
        let mut run = Run::new(known, &self.flash, spare.clone(), may_meet);
        let spare = spare.start - self.places.middle..spare.end - self.places.middle;
        let watch = |slot: Range<u32>, range| Watch::new(self.flash.slot(slot), range, &touched);
        let base = watch(0..self.places.middle, 0..0);
        let staging = watch(self.staging(), spare);
        let region = watch(self.places.region..self.flash.size(), 0..0);

        let mut workspace = vec![0; update.header.workspace_words()];
        let applier = Applier::new(base, staging, &mut workspace, &reference::ALL)
            .with_erased_value(P::GEOMETRY.erased_value());
        let seen = (&mut run, &touched);
        let traffic = match policy {
            Policy::Never => self.serve(update, seen, applier),
            Policy::Kept => self.serve(update, seen, applier.resuming(Kept::new())),
            Policy::Logged => self.serve(update, seen, applier.resuming(Logged::new())),
            Policy::Snapshots => {
                self.serve(update, seen, applier.resuming(Marks::snapshots(region)))
            }
            Policy::Resets => self.serve(update, seen, applier.resuming(Marks::resets(region))),
        }?;
        Ok((traffic, run, touched.get()))
    }

    fn serve<'f, R: Resume<Watch<'f, P>, Open> + Debug>(
        &self,
        update: &Update,
        (run, touched): (&mut Run<'_, P>, &Cell<u64>),
        mut applier: Applier<'_, Watch<'f, P>, Watch<'f, P>, Open, R>,
    ) -> Result<Traffic, Failure> {
        let (mut header, body) = update.patch.split_at(update.header_len);
        let mut traffic = Traffic::default();
        while matches!(applier.progress().stage, Stage::Header | Stage::Base { .. }) {
            applier.push(&mut header)?;
        }
        traffic.resumed_at = applier.progress().patch_done;
        applier.seek(traffic.resumed_at)?;
        let mut at = traffic.resumed_at as usize - update.header_len;
        while at < body.len() {
            let end = (at + 1).next_multiple_of(CHUNK).min(body.len());
            let mut chunk = &body[at..end];
            while !chunk.is_empty() {
                let progress = applier.push(&mut chunk)?;
                traffic.calls.push((self.flash.stats().operations(), progress.patch_done));
                let pages = progress.target_done / P::GEOMETRY.erase_bytes();
                if run.meets(&self.flash, pages, touched.get(), &applier) {
                    return Ok(traffic);
                }
            }
            at = end;
        }
        loop {
            let progress = applier.finish()?;
            traffic.calls.push((self.flash.stats().operations(), progress.patch_done));
            if let Stage::Done { .. } = progress.stage {
                return Ok(traffic);
            }
        }
    }
}
