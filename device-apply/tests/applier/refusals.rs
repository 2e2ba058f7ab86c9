//! Refused before the first erase, each with its own error.

use device_apply::{Applier, ApplyError, Class, Stage};
use flash_model::{FlashModel, Part, Stm32H7, Stm32L4};
use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::error::{DecodeError, HeaderError, SetupError};
use patcher_core::reference::{self, pointer};

use crate::support::{ALL_BYTES, Device, Failure, Options, Patch, Run, Script, drive, noise};

const CHUNKS: [usize; 3] = [1, 20, ALL_BYTES];

/// The error of a run that did nothing to flash.
fn refused(run: &Run) -> Failure {
    assert_eq!(run.stats.operations(), 0, "{run:?}");
    assert_eq!(run.stats.refusals, 0, "{run:?}");
    run.result.expect_err("refused")
}

#[test]
fn another_base_is_refused_with_both_digests() {
    let patch = Patch::small(Options::thumb());
    let mut other = patch.base.clone();
    *other.last_mut().unwrap() ^= 1;
    let got = Script::new(&other, Options::default()).build().header.base_digest;
    for chunk in CHUNKS {
        let device = Device::<Stm32L4>::new(&other, patch.target_len());
        let error = refused(&device.apply(&patch.bytes, chunk, patch.header.workspace_words()));
        assert_eq!(error, ApplyError::WrongBase { expected: patch.header.base_digest, got });
        assert_eq!(error.class(), Class::Mismatch);
    }
}

#[test]
fn bytes_after_the_base_do_not_matter() {
    let patch = Patch::small(Options::thumb());
    let trailer = [&patch.base[..], b"what a bootloader wrote"].concat();
    let device = Device::<Stm32L4>::new(&trailer, patch.target_len());
    let run = device.apply(&patch.bytes, 20, patch.header.workspace_words());
    assert!(run.result.is_ok(), "{run:?}");
}

#[test]
fn a_base_longer_than_its_slot_is_refused() {
    let patch = Patch::small(Options::thumb());
    let flash = FlashModel::<Stm32L4>::new();
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (flash.slot(0..2048), flash.slot(0x8_0000..0x10_0000));
    let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
    let error = drive(&mut applier, &patch.bytes, 20).unwrap_err();
    assert_eq!(error, ApplyError::BaseTooLong { expected: 3_000, got: 2_048 });
    assert_eq!(error.class(), Class::Mismatch);
    assert_eq!(flash.stats().operations() + flash.stats().reads, 0);
}

#[test]
fn a_target_longer_than_the_staging_slot_is_refused() {
    fn claim<P: Part>(expected: u32, got: u32) {
        let base = noise(1, 6_000);
        let patch = Script::new(&base, Options::default()).diff(0, 6_000, 0).build();
        let flash = FlashModel::<P>::new();
        let half = flash.size() / 2;
        flash.slot(0..half).load(&base);
        let mut workspace = vec![0; patch.header.workspace_words()];
        let (base, staging) = (flash.slot(0..half), flash.slot(half..half + got));
        let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
        let error = drive(&mut applier, &patch.bytes, 20).unwrap_err();
        assert_eq!(error, ApplyError::TargetTooLong { expected, got });
        assert_eq!(error.class(), Class::Limit);
        assert_eq!(flash.stats().operations(), 0);
    }
    claim::<Stm32L4>(6_144, 4_096);
    claim::<Stm32L4>(6_144, 0);
    claim::<Stm32H7>(131_072, 0);
}

#[test]
fn an_instruction_set_that_is_not_linked_is_refused() {
    let patch = Patch::small(Options::thumb());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let linked: [&dyn reference::Isa; 1] = [&pointer::Pointers::<false>];
    let mut applier = Applier::new(device.base(), device.staging(), &mut workspace, &linked);
    let error = drive(&mut applier, &patch.bytes, 20).unwrap_err();
    assert_eq!(error, ApplyError::Setup(SetupError::Isa { got: patch.header.isa }));
    assert_eq!(error.class(), Class::Limit);
    assert_eq!(device.flash.stats().operations() + device.flash.stats().reads, 0);
}

#[test]
fn another_format_and_a_later_version_are_refused() {
    let patch = Patch::small(Options::default());
    for (first, expected) in [
        (0x00, HeaderError::NotAPatch { got: 0x00 }),
        (0x7F, HeaderError::NotAPatch { got: 0x7F }),
        (0x81, HeaderError::Version { got: 1 }),
        (0xFF, HeaderError::Version { got: 0x0F }),
    ] {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let mut bytes = patch.bytes.clone();
        bytes[0] = first;
        let run = device.apply(&bytes, 1, patch.header.workspace_words());
        assert_eq!(refused(&run), ApplyError::Header(expected));
    }
}

#[test]
fn an_endless_header_is_refused() {
    // An extension area that claims a megabyte, of extensions that may be ignored.
    let patch = Patch::small(Options::default());
    let mut bytes =
        patch.bytes[..patch.header_len - BASE_DIGEST_BYTES - TARGET_DIGEST_BYTES].to_vec();
    bytes[1] |= 1 << 7;
    bytes.extend([0x80, 0x80, 0x40]);
    bytes.resize(1_000, 0);
    for chunk in CHUNKS {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let run = device.apply(&bytes, chunk, patch.header.workspace_words());
        assert_eq!(refused(&run), ApplyError::Header(HeaderError::TooLong));
    }
}

#[test]
fn bytes_after_the_patch_are_refused() {
    let patch = Patch::small(Options::thumb());
    let garbage = [&patch.bytes[..], &[0]].concat();
    for chunk in [1, 7, 256, patch.bytes.len(), ALL_BYTES] {
        let device = Device::<Stm32L4>::with_base_of(&patch);
        let run = device.apply(&garbage, chunk, patch.header.workspace_words());
        let error = run.result.unwrap_err();
        assert_eq!(error, ApplyError::Decode(DecodeError::TrailingData), "chunk {chunk}");
        assert_eq!(run.stats.refusals, 0);
    }
}

#[test]
fn bytes_after_the_end_was_declared_are_refused() {
    let patch = Patch::small(Options::thumb());
    let device = Device::<Stm32L4>::with_base_of(&patch);
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (device.base(), device.staging());
    let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
    drive(&mut applier, &patch.bytes, 20).unwrap();
    let operations = device.flash.stats().operations();
    assert!(applier.push(&mut &[][..]).is_ok(), "no byte is not one too many");
    let error = applier.push(&mut &[0][..]).unwrap_err();
    assert_eq!(error, ApplyError::Decode(DecodeError::TrailingData));
    assert_eq!(device.flash.stats().operations(), operations);
}

#[test]
fn after_an_error_nothing_works_and_the_first_error_is_named() {
    let patch = Patch::small(Options::thumb());
    let device = Device::<Stm32L4>::new(&noise(2, 3_000), patch.target_len());
    let mut workspace = vec![0; patch.header.workspace_words()];
    let (base, staging) = (device.base(), device.staging());
    let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
    let first = drive(&mut applier, &patch.bytes, 20).unwrap_err();
    assert_eq!(applier.progress().stage, Stage::Failed { code: first.code() });
    for _ in 0..2 {
        let poisoned = ApplyError::Poisoned { first: first.code() };
        assert_eq!(applier.push(&mut &patch.bytes[..]), Err(poisoned));
        assert_eq!(applier.finish(), Err(poisoned));
        assert_eq!(poisoned.class(), Class::Bug);
    }
    assert_eq!(device.flash.stats().operations(), 0);
}
