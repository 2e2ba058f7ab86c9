//! Whatever the part and the chunking, the target arrives and nothing else is touched.

use device_apply::{Applier, Stage};
use flash_model::{FlashModel, Part, Stm32H7, Stm32L0, Stm32L4, Stm32U5};
use patcher_core::{Kind, reference};

use crate::support::{ALL_BYTES, Device, Options, Patch, Script, drive, noise, total};

/// Applies `patch` and checks every byte of the flash and every operation on it.
fn applies<P: Part>(patch: &Patch, chunk: usize) {
    let device = Device::<P>::with_base_of(patch);
    let run = device.apply(&patch.bytes, chunk, patch.header.workspace_words());

    let name = P::GEOMETRY.name();
    let progress = run.result.unwrap_or_else(|error| panic!("{name}, chunk {chunk}: {error}"));
    assert_eq!(progress.stage, Stage::Done { target_len: patch.target_len() });
    assert_eq!(progress.patch_done as usize, patch.bytes.len());
    assert_eq!(progress.patch_total as usize, patch.bytes.len());
    assert_eq!(progress.target_done, patch.target_len());
    assert_eq!(progress.target_total, patch.target_len());

    let (erases, programs) = total::<P>(patch.target_len());
    assert_eq!((run.stats.erases, run.stats.programs), (erases, programs), "{name}");
    assert_eq!((run.stats.refusals, run.stats.ecc_faults), (0, 0), "{name}");

    let staging = device.staging();
    let page = P::GEOMETRY.erase_bytes() as usize;
    let written = patch.target.len().next_multiple_of(page);
    let mut expected = patch.target.clone();
    expected.resize(written, P::GEOMETRY.erased_value());
    expected.resize(device.slot_bytes as usize, 0xA5);
    assert!(staging.dump(expected.len()).unwrap() == expected, "{name}, chunk {chunk}");
    assert!(device.base().dump(patch.base.len()).unwrap() == patch.base, "{name}");
}

fn applies_on_all_parts(patch: &Patch, chunks: &[usize]) {
    for &chunk in chunks {
        applies::<Stm32L4>(patch, chunk);
        applies::<Stm32U5>(patch, chunk);
        applies::<Stm32H7>(patch, chunk);
    }
}

#[test]
fn a_release_arrives_on_all_parts_at_any_chunking() {
    applies_on_all_parts(&Patch::release(Options::thumb()), &[1, 7, 256, ALL_BYTES]);
}

#[test]
fn a_release_without_references_arrives() {
    applies_on_all_parts(&Patch::release(Options::default()), &[64]);
}

#[test]
fn a_release_with_marks_arrives() {
    for reset in [false, true] {
        let patch = Patch::release(Options { epoch_log2: 12, reset, ..Options::thumb() });
        applies_on_all_parts(&patch, &[1, ALL_BYTES]);
    }
}

#[test]
fn a_small_patch_arrives_on_a_part_that_erases_to_zero() {
    applies::<Stm32L0>(&Patch::small(Options::thumb()), 20);
}

#[test]
fn a_full_image_arrives_whatever_the_base_slot_holds() {
    let options = Options { kind: Kind::Full, ..Options::thumb() };
    let text = noise(7, 3_000);
    let patch = Script::new(&noise(8, 500), options).literal(&text).copy_back(3_000, 9_001).build();
    applies_on_all_parts(&patch, &[1, ALL_BYTES]);
}

#[test]
fn an_identical_image_arrives() {
    let base = noise(5, 20_000);
    let patch = Script::new(&base, Options::default()).diff(0, base.len(), 0).build();
    assert_eq!(patch.base, patch.target);
    assert!(patch.bytes.len() < 100, "{} bytes", patch.bytes.len());
    applies_on_all_parts(&patch, &[1, ALL_BYTES]);
}

#[test]
fn every_short_target_arrives() {
    let base = noise(6, 100);
    for len in 1..=80 {
        let patch = Script::new(&base, Options::default()).diff(3, len, 0).build();
        applies_on_all_parts(&patch, &[ALL_BYTES]);
    }
}

#[test]
fn an_empty_target_arrives_without_an_operation() {
    let patch = Script::new(&noise(9, 100), Options::default()).build();
    applies_on_all_parts(&patch, &[1, ALL_BYTES]);
}

#[test]
fn a_target_from_an_empty_base_arrives() {
    let patch = Script::new(&[], Options::default()).literal(b"out of nothing").build();
    applies_on_all_parts(&patch, &[1, ALL_BYTES]);
}

#[test]
fn a_target_that_fills_the_slot_to_the_last_byte_arrives() {
    let base = noise(10, 16_384);
    let patch = Script::new(&base, Options::default()).diff(0, base.len(), 0).build();
    let flash = FlashModel::<Stm32U5>::with_size(2 * 16_384);
    flash.slot(0..16_384).load(&base);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (from, to) = (flash.slot(0..16_384), flash.slot(16_384..2 * 16_384));
    let mut applier = Applier::new(from, to, &mut workspace, &reference::ALL);
    let progress = drive(&mut applier, &patch.bytes, 50).unwrap();
    assert_eq!(progress.stage, Stage::Done { target_len: 16_384 });
    assert!(flash.dump(16_384..2 * 16_384).unwrap() == base);
}

#[test]
fn the_second_update_overwrites_the_first() {
    let patch = Patch::small(Options::default());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    for _ in 0..2 {
        let run = device.apply(&patch.bytes, 100, patch.header.workspace_words());
        assert!(run.result.is_ok(), "{run:?}");
        assert_eq!(device.staging().dump(patch.target.len()).unwrap(), patch.target);
    }
    assert_eq!(device.flash.stats().max_programs_per_unit, 1);
}
