//! A staged patch, checked and applied.

use bsp::flash::{FlashArea, FlashError};
use device_apply::Class;
use device_apply::boot::single::{Patch, Record};
use device_apply::in_place::{InPlace, InPlaceError, Parts, Stage};
use device_apply::trust::{Policy, Verify};
use image_check::keys::{P256, PATCH_HARDWARE_ID, PATCH_SIGNERS};
use layout::Area;
use layout::single::{MARKS, SLOT, STEPS};
use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::reference::thumb::Thumb;

/// Memory of the decoder: 8 KiB.
pub(crate) const WORKSPACE_WORDS: usize = 4096;

/// Numbers of errors behind those of `device_apply`: the reverse patch does not lead to the confirmed image.
pub(crate) const OTHER_TARGET: u16 = 0xFF10;
/// It does not begin at the patch's target.
pub(crate) const OTHER_BASE: u16 = 0xFF11;

type Update<'a> = InPlace<'a, FlashArea, FlashArea, FlashArea, Verify<'a>>;

/// What a patch leads from and to: starts of digests.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) base: [u8; BASE_DIGEST_BYTES],
    pub(crate) target: [u8; TARGET_DIGEST_BYTES],
}

/// A patch that may be applied.
pub(crate) struct Ready {
    pub(crate) ends: Ends,
    /// An earlier start has done some of its steps: the base is not there any more.
    pub(crate) begun: bool,
}

fn open<'a>(
    area: Area,
    record: &Record,
    workspace: &'a mut [u16; WORKSPACE_WORDS],
) -> Result<Update<'a>, Patch> {
    let parts = Parts {
        slot: FlashArea::new(SLOT),
        scratch: None,
        steps: FlashArea::new(STEPS),
        marks: Some(FlashArea::new(MARKS)),
    };
    let counter = record.security_counter();
    let policy = Policy::checking_with(&P256, &PATCH_SIGNERS, PATCH_HARDWARE_ID, counter);
    InPlace::verifying(FlashArea::new(area), parts, workspace, &[&Thumb], policy)
        .map_err(|error| outcome(&error))
}

/// Checks who made a patch and whether it is whole and for this slot; not what is in the slot.
pub(crate) fn authenticate(
    area: Area,
    record: &Record,
    workspace: &mut [u16; WORKSPACE_WORDS],
) -> Result<Ends, Patch> {
    let mut update = open(area, record, workspace)?;
    run_while(&mut update, |stage| matches!(stage, Stage::Header | Stage::Check { .. }))?;
    ends(&update)
}

/// Checks all of that and what is in the slot: the step after this may erase.
pub(crate) fn prepare(
    area: Area,
    record: &Record,
    workspace: &mut [u16; WORKSPACE_WORDS],
) -> Result<Ready, Patch> {
    let mut update = open(area, record, workspace)?;
    run_while(&mut update, |stage| {
        matches!(stage, Stage::Header | Stage::Check { .. } | Stage::Recover | Stage::Base { .. })
    })?;
    let begun = update.progress().steps_done > 0;
    Ok(Ready { ends: ends(&update)?, begun })
}

/// Checks it once more and applies it, to the end.
pub(crate) fn apply(
    area: Area,
    record: &Record,
    workspace: &mut [u16; WORKSPACE_WORDS],
) -> Result<(), Patch> {
    let mut update = open(area, record, workspace)?;
    run_while(&mut update, |stage| !matches!(stage, Stage::Done { .. }))
}

fn run_while(update: &mut Update<'_>, more: impl Fn(Stage) -> bool) -> Result<(), Patch> {
    while more(update.progress().stage) {
        update.step().map_err(|error| outcome(&error))?;
    }
    Ok(())
}

fn ends(update: &Update<'_>) -> Result<Ends, Patch> {
    match (update.base_digest(), update.target_digest()) {
        (Some(base), Some(target)) => Ok(Ends { base, target }),
        _ => Err(outcome(&InPlaceError::Internal)),
    }
}

/// Flash may do better at the next start; nothing else gets better.
fn outcome(error: &InPlaceError<FlashError, FlashError>) -> Patch {
    match error.class() {
        Class::Flash => Patch::Failed,
        _ => Patch::Refused { code: error.code() },
    }
}
