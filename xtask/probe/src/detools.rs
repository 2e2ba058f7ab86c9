//! Appliers of detools patches over memory that the optimiser knows nothing about.

use detools_apply::codec::Codec;
use detools_apply::{InPlace, Sequential, Stage, StepLog, Steps};

use crate::memory::{BASE, KEYS, PATCH, TARGET};
use crate::slot::Slot;

/// From one slot to another.
pub fn sequential(codec: impl Codec) -> Option<()> {
    let mut applier = Sequential::new(Slot(BASE), Slot(TARGET), codec);
    packets(|rest| applier.push(rest).is_ok())?;
    while applier.finish().ok()?.stage != Stage::Done {}
    Some(())
}

/// Within one memory, with the steps in flash.
pub fn in_place(codec: impl Codec) -> Option<()> {
    let mut steps = StepLog::new(Slot(KEYS), 1);
    let mut applier = InPlace::new(Slot(BASE), &mut steps, codec);
    packets(|rest| applier.push(rest).is_ok())?;
    while applier.finish().ok()?.stage != Stage::Done {}
    drop(applier);
    steps.clear().ok()
}

/// The patch, piece by piece, as long as `push` takes it.
fn packets(mut push: impl FnMut(&mut &[u8]) -> bool) -> Option<()> {
    let mut position = 0;
    let mut chunk = [0; 64];
    while PATCH.read(position, &mut chunk) {
        let mut rest = chunk.as_slice();
        while !rest.is_empty() {
            if !push(&mut rest) {
                return None;
            }
        }
        position = position.wrapping_add(64);
    }
    Some(())
}
