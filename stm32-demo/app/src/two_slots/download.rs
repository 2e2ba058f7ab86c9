//! A patch, block by block, into the other slot.
//!
//! The running slot is the base and is not touched. What comes over the line is trusted with nothing but the slot that it goes
//! to: the bootloader checks digest and signature of the image there before it runs.
//!
//! # Power loss
//! The patch is logged behind the target as it comes ([`Logged`]). After a cut, and after a connection that broke, the header
//! is sent again; the applier then has all but the last bytes of the patch: at most [`LOG_INTERVAL_BYTES`], and the block that
//! was under way. Finished pages stay.
//!
//! [`LOG_INTERVAL_BYTES`]: device_apply::resume::LOG_INTERVAL_BYTES

use bsp::flash::{self, FlashArea};
use bsp::watchdog;
use device_apply::apply::Open;
use device_apply::resume::Logged;
use device_apply::update::{Failure, ID_BYTES};
use device_apply::{Applier, ApplyError, Stage};
use patcher_core::reference::thumb::Thumb;

use super::records;
use super::staging::Staging;
use crate::scheme::{Download, Progress, Sizes};

/// Memory of the decoder: 16 KiB.
pub(crate) const WORKSPACE_WORDS: usize = 8192;

/// A patch that is under way.
pub(crate) struct Streamed<'a> {
    applier: Applier<'a, FlashArea, Staging, Open, Logged>,
    slot_bytes: u32,
}

impl<'a> Streamed<'a> {
    /// Records the other slot as empty, so that nothing half written is ever started.
    pub(crate) fn begin(workspace: &'a mut [u16; WORKSPACE_WORDS]) -> Result<Self, Failure> {
        records::vacate()?;
        let (base, staging) = (FlashArea::new(records::running().1), Staging::new());
        let slot_bytes = staging.slot_bytes();
        let applier = Applier::new(base, staging, workspace, &[&Thumb]).resuming(Logged::new());
        Ok(Self { applier, slot_bytes })
    }

    /// The applier takes what lies behind the slot for its end. Nothing is erased before the call that follows.
    fn check_fits(&self, progress: &device_apply::Progress) -> Result<(), Failure> {
        let (expected, got) = (progress.target_total, self.slot_bytes);
        if expected <= got {
            return Ok(());
        }
        Err(Failure::from(&ApplyError::<(), ()>::TargetTooLong { expected, got }))
    }
}

impl Download for Streamed<'_> {
    /// The patch says it itself.
    fn expect(&mut self, _: Sizes) {}

    /// Takes the block at `offset`, or nothing of it if bytes before it are missing.
    fn take(&mut self, offset: u32, block: &[u8]) -> Result<(), Failure> {
        if self.applier.seek(offset).is_err() {
            return Ok(());
        }
        let mut block = block;
        // Once the header is there: the base, then what is logged already, before the host sends it for nothing.
        while !block.is_empty() || matches!(self.applier.progress().stage, Stage::Base { .. }) {
            watchdog::feed();
            let pushed = self.applier.push(&mut block).map_err(|error| Failure::from(&error))?;
            self.check_fits(&pushed)?;
        }
        // The host is told of what is in flash, and nothing goes on while the device waits for it.
        flash::settle();
        Ok(())
    }

    fn progress(&self) -> Progress {
        let device_apply::Progress { patch_done, target_done, target_total, .. } =
            self.applier.progress();
        Progress { offset: patch_done, target_done, target_total }
    }

    fn is_complete(&self) -> bool {
        let device_apply::Progress { patch_done, patch_total, .. } = self.applier.progress();
        patch_total > 0 && patch_done >= patch_total
    }

    /// Finishes the target, reads it back, and records it as staged if it is what the update promised.
    fn verify(&mut self, id: [u8; ID_BYTES]) -> Result<(), Failure> {
        loop {
            watchdog::feed();
            let progress = self.applier.finish().map_err(|error| Failure::from(&error))?;
            if let Stage::Done { .. } = progress.stage {
                return records::stage(id);
            }
        }
    }
}
