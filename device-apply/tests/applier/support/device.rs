//! A device with a base slot and a staging slot, and the loop that applies a patch.

use core::ops::Range;

use device_apply::{Applier, ApplyError, Progress, Stage};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use flash_model::{FlashError, FlashModel, Part, Slot, Stats};
use patcher_core::reference;

use super::Patch;

/// A chunk size that no patch reaches.
pub(crate) const ALL_BYTES: usize = usize::MAX;

pub(crate) type Failure = ApplyError<FlashError, FlashError>;

/// Slots of equal size, one in each half of the flash; the base slot and all else is protected.
pub(crate) struct Device<P> {
    pub(crate) flash: FlashModel<P>,
    /// Bytes of each slot.
    pub(crate) slot_bytes: u32,
}

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) result: Result<Progress, Failure>,
    /// What the flash did.
    pub(crate) stats: Stats,
}

impl<P: Part> Device<P> {
    /// With `base` in the base slot, and old bytes in the staging slot, where `target_len` bytes and
    /// two more pages fit.
    pub(crate) fn new(base: &[u8], target_len: u32) -> Self {
        let page = P::GEOMETRY.erase_bytes();
        let longest = target_len.max(u32::try_from(base.len()).unwrap());
        let slot_bytes = (pages::<P>(longest) + 2) * page;
        let flash = FlashModel::<P>::with_size(2 * slot_bytes);
        let device = Self { slot_bytes, flash };
        device.base().load(base);
        device.staging().load(&vec![0xA5; device.slot_bytes as usize]);
        device.flash.protect_outside(device.staging_range());
        device
    }

    /// With the base of `patch`; not even the pages after the target may be touched.
    pub(crate) fn with_base_of(patch: &Patch) -> Self {
        let device = Self::new(&patch.base, patch.target_len());
        let Range { start, end } = device.staging_range();
        let target = pages::<P>(patch.target_len()) * P::GEOMETRY.erase_bytes();
        device.flash.protect(start + target..end);
        device
    }

    pub(crate) fn base_range(&self) -> Range<u32> {
        0..self.slot_bytes
    }

    pub(crate) fn staging_range(&self) -> Range<u32> {
        self.slot_bytes..2 * self.slot_bytes
    }

    pub(crate) fn base(&self) -> Slot<'_, P> {
        self.flash.slot(self.base_range())
    }

    pub(crate) fn staging(&self) -> Slot<'_, P> {
        self.flash.slot(self.staging_range())
    }

    /// Applies `patch` in chunks, with `words` words of workspace.
    pub(crate) fn apply(&self, patch: &[u8], chunk: usize, words: usize) -> Run {
        let before = self.flash.stats();
        let mut workspace = vec![0; words];
        let applier = Applier::new(self.base(), self.staging(), &mut workspace, &reference::ALL);
        let applier = &mut applier.with_erased_value(P::GEOMETRY.erased_value());
        let result = drive(applier, patch, chunk);
        Run { result, stats: self.flash.stats().since(&before) }
    }
}

/// Pushes all of `patch` and finishes.
pub(crate) fn drive<B: ReadNorFlash, S: NorFlash>(
    applier: &mut Applier<'_, B, S>,
    patch: &[u8],
    chunk: usize,
) -> Result<Progress, ApplyError<B::Error, S::Error>> {
    for mut rest in patch.chunks(chunk.min(patch.len()).max(1)) {
        while !rest.is_empty() {
            applier.push(&mut rest)?;
        }
    }
    loop {
        let progress = applier.finish()?;
        if let Stage::Done { .. } = progress.stage {
            return Ok(progress);
        }
    }
}

fn pages<P: Part>(len: u32) -> u32 {
    len.div_ceil(P::GEOMETRY.erase_bytes())
}

/// Erases and programs that `len` bytes take.
pub(crate) fn total<P: Part>(len: u32) -> (u64, u64) {
    let units = len.div_ceil(P::GEOMETRY.write_bytes());
    (pages::<P>(len).into(), units.into())
}
