//! Patches that lie, damage, other devices: refused by name, and before the first erase where the header or the check shows it.

use device_apply::Class;
use device_apply::in_place::InPlaceError;
use flash_model::{Stm32L4, Stm32U5};
use patcher_core::container::in_place::{Form, InPlace as Geometry};
use patcher_core::container::writer;
use patcher_core::encode::{Diff, Plan};
use patcher_core::error::{DecodeError, HeaderError};
use patcher_core::{Header, encode, reference};
use rig::plan::{Patch, Recipe};

use super::support::{Device, Failure, Terms, Update};

const TERMS: Terms =
    Terms { functions: 100, form: Form::Slide, reserve: 2, epoch: 1, resets: false };

/// Applies `patch` to a device for `update`; the error, and whether nothing was written.
fn refused(update: &Update, patch: &[u8]) -> (Failure, bool) {
    let device = Device::<Stm32L4>::new(update);
    let error = device.run(patch, update.header.workspace_words()).expect_err("refused");
    assert_eq!(device.flash.stats().operations() == 0, device.is_untouched(update), "{error}");
    (error, device.flash.stats().operations() == 0)
}

#[test]
fn every_flipped_bit_is_found_before_the_first_erase() {
    let update = Update::new::<Stm32L4>(TERMS);
    let header = 8 * writer::write(&update.header).len();
    let body = (header..8 * update.patch.len()).step_by(37);
    for bit in (0..header).chain(body) {
        let mut patch = update.patch.clone();
        patch[bit / 8] ^= 1 << (bit % 8);
        let (error, untouched) = refused(&update, &patch);
        assert!(untouched, "bit {bit}: {error}");
    }
}

#[test]
fn a_truncated_patch_is_found_before_the_first_erase() {
    let update = Update::new::<Stm32L4>(TERMS);
    for len in (0..200).chain((200..update.patch.len()).step_by(17)) {
        let (error, untouched) = refused(&update, &update.patch[..len]);
        let expected = matches!(
            error,
            InPlaceError::Header(HeaderError::Incomplete)
                | InPlaceError::Decode(DecodeError::Truncated)
        );
        assert!(untouched && expected, "{len} bytes: {error}");
    }
}

#[test]
fn what_follows_the_patch_in_its_region_does_not_matter() {
    let update = Update::new::<Stm32L4>(TERMS);
    let device = Device::<Stm32L4>::new(&update);
    let patch = [&update.patch[..], &[0xFF; 300]].concat();
    device.run(&patch, update.header.workspace_words()).unwrap();
    assert!(device.is_updated(&update));
}

/// The same patch with another slot in its header.
fn in_slot(mut header: Header, slot: Geometry, body: &[u8]) -> Vec<u8> {
    header.in_place = Some(slot);
    writer::join(&header, body)
}

#[test]
fn a_patch_for_another_slot_is_refused() {
    let update = Update::new::<Stm32L4>(TERMS);
    let slot = update.header.in_place.unwrap();
    let body = &update.patch[writer::write(&update.header).len()..];
    let made = |slot: Geometry| in_slot(update.header, slot, body);
    let mut got = update.slot_bytes();
    let larger = Geometry { slot_pages: slot.slot_pages + 1, ..slot };
    let expected = got + 2048;
    assert_eq!(refused(&update, &made(larger)), (InPlaceError::Slot { expected, got }, true));
    let pages = Geometry { page_log2: 10, slot_pages: slot.slot_pages * 2, ..slot };
    let page = InPlaceError::Page { expected: 1024, got: 2048 };
    assert_eq!(refused(&update, &made(pages)), (page, true));
    let scratch = Geometry { form: Form::Scratch, ..slot };
    let missing = InPlaceError::Scratch { expected: slot.reserve_bytes(), got: 0 };
    assert_eq!(refused(&update, &made(scratch)), (missing, true));
    // What contradicts itself is no header.
    got = slot.slot_pages.into();
    let lies = [
        Geometry { slot_pages: u16::try_from(got).unwrap() - 1, ..slot },
        Geometry { reserve_pages: slot.reserve_pages + 1, ..slot },
        Geometry { reserve_pages: 0, ..slot },
        Geometry { page_log2: 6, ..slot },
        Geometry { page_log2: 12, ..slot },
        Geometry { slot_pages: 0, ..slot },
    ];
    for lie in lies {
        let header = (InPlaceError::Header(HeaderError::InPlace), true);
        assert_eq!(refused(&update, &made(lie)), header, "{lie:?}");
    }
}

#[test]
fn another_part_refuses_the_patch() {
    let update = Update::new::<Stm32L4>(TERMS);
    let other = Update::new::<Stm32U5>(TERMS);
    let device = Device::<Stm32U5>::new(&other);
    let error = device.run(&update.patch, update.header.workspace_words()).unwrap_err();
    assert_eq!(error, InPlaceError::Page { expected: 2048, got: 8192 });
    assert_eq!((error.code(), error.class()), (129, Class::Mismatch));
    assert_eq!(device.flash.stats().operations(), 0);
}

#[test]
fn regions_that_are_too_short_are_told_before_the_first_erase() {
    let update = Update::new::<Stm32L4>(TERMS);
    let mut device = Device::<Stm32L4>::new(&update);
    let words = update.header.workspace_words();
    let expected = device.marks.end - device.marks.start;
    device.marks.end -= 2048;
    let got = expected - 2048;
    assert_eq!(
        device.run(&update.patch, words),
        Err(InPlaceError::MarksTooShort { expected, got })
    );
    device.marks.end = device.marks.start;
    let none = InPlaceError::MarksTooShort { expected, got: 0 };
    assert_eq!(device.run(&update.patch, words), Err(none));
    device.steps.end -= 2048;
    let error = device.run(&update.patch, words).unwrap_err();
    assert_eq!((error.code(), error.class()), (112, Class::Bug));
    assert_eq!(device.flash.stats().operations(), 0);
}

#[test]
fn other_memory_base_and_kind_are_told_before_the_first_erase() {
    let update = Update::new::<Stm32L4>(TERMS);
    let device = Device::<Stm32L4>::new(&update);
    let words = update.header.workspace_words();
    let error = device.run(&update.patch, words - 1).unwrap_err();
    assert_eq!(error.class(), Class::Limit, "{error}");
    device.flash.slot(0..2048).load(&[1, 2, 3]);
    let error = device.run(&update.patch, words).unwrap_err();
    assert!(matches!(error, InPlaceError::WrongBase { .. }), "{error}");
    let plain = Recipe::plain().encode(&update.base, &update.target).bytes();
    assert_eq!(device.run(&plain, words), Err(InPlaceError::NotInPlace));
    assert_eq!(device.flash.stats().operations(), 0);
}

#[test]
fn another_patch_cannot_go_on() {
    let update = Update::new::<Stm32L4>(TERMS);
    let words = update.header.workspace_words();
    let device = Device::<Stm32L4>::new(&update);
    device.flash.cut_after(1200, flash_model::Cut::After);
    device.run(&update.patch, words).unwrap_err();
    device.flash.power_on();
    assert!(!device.is_untouched(&update));
    let other = Terms { epoch: 2, ..TERMS };
    let other = Update::of::<Stm32L4>(update.base.clone(), update.target.clone(), other);
    let error = device.run(&other.patch, words).unwrap_err();
    assert!(matches!(error, InPlaceError::WrongBase { .. }), "{error}");
    device.run(&update.patch, words).unwrap();
    assert!(device.is_updated(&update));
}

#[test]
fn a_slot_that_someone_else_wrote_to_is_lost_and_told() {
    let update = Update::new::<Stm32L4>(TERMS);
    let words = update.header.workspace_words();
    let whole = Device::<Stm32L4>::new(&update);
    whole.run(&update.patch, words).unwrap();
    let device = Device::<Stm32L4>::new(&update);
    // The base has moved, and some of the target is written.
    let most = whole.flash.stats().operations() * 7 / 8;
    device.flash.cut_after(most, flash_model::Cut::After);
    device.run(&update.patch, words).unwrap_err();
    device.flash.power_on();
    device.flash.load(8, &[0; 8]);
    let before = device.flash.stats().operations();
    let error = device.run(&update.patch, words).unwrap_err();
    assert_eq!((error, error.code()), (InPlaceError::Lost, 132));
    assert_eq!(device.flash.stats().operations(), before);
}

/// A patch whose plan reads base bytes below what its geometry leaves: made for more slack than its header says.
fn reaching_back(terms: Terms) -> (Update, Vec<u8>) {
    let mut update = Update::new::<Stm32L4>(terms);
    let at = 4 * 2048u32;
    let diff = Diff { target: at, base: 100, len: 64 };
    let plan = Plan { diffs: vec![diff], ..Plan::default() };
    let mut generous = update.header;
    (generous.in_place, generous.map_entries) = (None, 0);
    let body =
        encode::encode(&generous, &reference::ALL, &update.base, &update.target, &plan).unwrap();
    generous.in_place = update.header.in_place;
    let patch = Patch { header: generous, body }.sealed(&update.base, &update.target);
    update.header = patch.header;
    let bytes = patch.bytes();
    (update, bytes)
}

#[test]
fn a_reference_into_what_is_overwritten_is_a_typed_error() {
    // Target page 4 with two pages of slack: base bytes below page 3 are gone.
    let (update, patch) = reaching_back(Terms { functions: 180, ..TERMS });
    let (error, untouched) = refused(&update, &patch);
    assert_eq!(error, InPlaceError::Decode(DecodeError::BaseGone));
    assert!(!untouched, "only its maker can have made it, and only decoding shows it");
    assert_eq!(error.class(), Class::Malformed);
}
