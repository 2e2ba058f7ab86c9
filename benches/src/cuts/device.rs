//! A device that is updated, and the server that sends the patch.

use core::ops::Range;

use device_apply::resume::{Kept, Logged, Marks, Resume};
use device_apply::{Applier, ApplyError, Stage};
use flash_model::{FlashError, FlashModel, Part, Slot};
use patcher_core::decode::REGISTER_BYTES;
use patcher_core::reference;

use super::Update;

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
    middle: u32,
    region: u32,
}

type Failure = ApplyError<FlashError, FlashError>;

/// Bytes that the server sends at once.
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
        Self { flash, middle, region }
    }

    /// Another device of the same layout, with this flash.
    #[must_use]
    pub fn with(&self, flash: FlashModel<P>) -> Self {
        Self { flash, middle: self.middle, region: self.region }
    }

    /// Where the target is written.
    #[must_use]
    pub fn staging(&self) -> Range<u32> {
        self.middle..self.region
    }

    /// Whether base and target are what they should be.
    #[must_use]
    pub fn is_updated(&self, update: &Update) -> bool {
        let holds = |at: u32, image: &[u8]| {
            let end = at + u32::try_from(image.len()).unwrap_or(u32::MAX);
            self.flash.dump(at..end).as_deref() == Ok(image)
        };
        holds(0, &update.base) && holds(self.middle, &update.target)
    }

    /// Updates, or goes on with it.
    ///
    /// # Errors
    /// What the applier says.
    pub fn run(&self, update: &Update, policy: Policy) -> Result<Traffic, Failure> {
        let mut workspace = vec![0; update.header.workspace_words()];
        let base = self.flash.slot(0..self.middle);
        let staging = self.flash.slot(self.staging());
        let region = self.flash.slot(self.region..self.flash.size());
        let applier = Applier::new(base, staging, &mut workspace, &reference::ALL)
            .with_erased_value(P::GEOMETRY.erased_value());
        match policy {
            Policy::Never => self.serve(update, applier),
            Policy::Kept => self.serve(update, applier.resuming(Kept::new())),
            Policy::Logged => self.serve(update, applier.resuming(Logged::new())),
            Policy::Snapshots => self.serve(update, applier.resuming(Marks::snapshots(region))),
            Policy::Resets => self.serve(update, applier.resuming(Marks::resets(region))),
        }
    }

    fn serve<'f, R: Resume<Slot<'f, P>, device_apply::apply::Open>>(
        &self,
        update: &Update,
        mut applier: Applier<'_, Slot<'f, P>, Slot<'f, P>, device_apply::apply::Open, R>,
    ) -> Result<Traffic, Failure> {
        let (mut header, mut rest) = update.patch.split_at(update.header_len);
        let mut traffic = Traffic::default();
        while matches!(applier.progress().stage, Stage::Header | Stage::Base { .. }) {
            applier.push(&mut header)?;
        }
        traffic.resumed_at = applier.progress().patch_done;
        applier.seek(traffic.resumed_at)?;
        let skip = traffic.resumed_at as usize - update.header_len;
        rest = rest.get(skip..).unwrap_or_default();
        for mut chunk in rest.chunks(CHUNK) {
            while !chunk.is_empty() {
                let progress = applier.push(&mut chunk)?;
                traffic.calls.push((self.flash.stats().operations(), progress.patch_done));
            }
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
