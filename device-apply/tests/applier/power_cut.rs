//! Power loss: the base stays, and applying from the beginning succeeds.
//!
//! Going on where it stopped is the resume of a later version.

use flash_model::{Part, Stm32H7, Stm32L4, Stm32U5, Tear};

use crate::support::{Device, Options, Patch};

/// Cuts before, inside and after each operation of an update, then applies from the beginning.
fn recovers<P: Part>() {
    let patch = Patch::small(Options::thumb());
    let words = patch.header.workspace_words();
    let device = Device::<P>::with_base_of(&patch);
    device.flash.record();
    device.apply(&patch.bytes, 64, words).result.unwrap();
    let log = device.flash.take_log().unwrap();
    let mut cuts = 0;
    for point in log.cut_points(&[Tear::Blank, Tear::Mixed(1), Tear::Finished]) {
        let (index, cut) = (point.index, point.cut);
        let device = Device { flash: point.flash, slot_bytes: device.slot_bytes };
        let run = device.apply(&patch.bytes, 64, words);
        assert!(run.result.is_ok(), "{cut:?} of operation {index}: {run:?}");
        assert_eq!(run.stats.refusals, 0);
        assert_eq!(run.stats.ecc_faults, 0, "erased before read: {cut:?} of operation {index}");
        assert_eq!(device.staging().dump(patch.target.len()).unwrap(), patch.target);
        assert_eq!(device.base().dump(patch.base.len()).unwrap(), patch.base);
        cuts += 1;
    }
    assert_eq!(cuts, log.operations().len() * 4 + 1);
}

#[test]
fn after_a_cut_anywhere_an_stm32l4_applies_from_the_beginning() {
    recovers::<Stm32L4>();
}

#[test]
fn after_a_cut_anywhere_an_stm32u5_applies_from_the_beginning() {
    recovers::<Stm32U5>();
}

#[test]
fn after_a_cut_anywhere_an_stm32h7_applies_from_the_beginning() {
    recovers::<Stm32H7>();
}
