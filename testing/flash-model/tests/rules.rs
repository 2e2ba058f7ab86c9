//! What silicon refuses, the model refuses, with the error that says so.

use embedded_storage::nor_flash::{
    MultiwriteNorFlash, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use flash_model::{
    FlashError, FlashModel, Nrf52, Part, Slot, Stm32F4, Stm32G0, Stm32H5, Stm32H7, Stm32L0,
    Stm32L4, Stm32U5, UnitState,
};

/// One unit of `byte`s.
fn unit<P: Part>(byte: u8) -> Vec<u8> {
    vec![byte; usize::try_from(P::GEOMETRY.write_bytes()).unwrap()]
}

/// Calls `$claim` for parts that differ in page, write unit, erased value and rules.
macro_rules! on_all_parts {
    ($claim:ident) => {
        $claim::<Stm32L0>();
        $claim::<Stm32L4>();
        $claim::<Stm32U5>();
        $claim::<Stm32H7>();
        $claim::<Stm32F4>();
        $claim::<Nrf52>();
    };
}

#[test]
fn a_new_device_reads_as_erased() {
    fn claim<P: Part>() {
        let flash = FlashModel::<P>::new();
        let mut bytes = [0x55; 5000];
        flash.slot(0..flash.size()).read(123, &mut bytes).unwrap();
        assert_eq!(bytes, [P::GEOMETRY.erased_value(); 5000]);
    }
    on_all_parts!(claim);
}

#[test]
fn what_is_written_is_read_back_at_any_offset_and_length() {
    fn claim<P: Part>() {
        let flash = FlashModel::<P>::new();
        let mut slot = flash.slot(0..flash.size());
        let image: Vec<u8> = (0..6144_u32).map(|i| (i * 7 % 251).to_le_bytes()[0]).collect();
        slot.write(P::GEOMETRY.write_bytes(), &image).unwrap();
        let start = usize::try_from(P::GEOMETRY.write_bytes()).unwrap();
        for (offset, len) in [(0, 1), (1, 2), (2040, 20), (2047, 2), (2048, 2048), (5, 6139)] {
            let mut bytes = vec![0; len];
            slot.read(u32::try_from(start + offset).unwrap(), &mut bytes).unwrap();
            assert_eq!(bytes, image[offset..offset + len], "{len} bytes at {offset}");
        }
        assert_eq!(slot.dump(start).unwrap(), unit::<P>(P::GEOMETRY.erased_value()));
    }
    on_all_parts!(claim);
}

#[test]
fn an_unaligned_write_is_refused_and_touches_nothing() {
    fn claim<P: Part>() {
        let flash = FlashModel::<P>::new();
        let mut slot = flash.slot(0..P::GEOMETRY.erase_bytes());
        let expected = P::GEOMETRY.write_bytes();
        let bytes = unit::<P>(0x12);
        let len = bytes.len();
        assert_eq!(slot.write(1, &bytes), Err(FlashError::Unaligned { offset: 1, len, expected }));
        assert_eq!(
            slot.write(0, &bytes[1..]),
            Err(FlashError::Unaligned { offset: 0, len: len - 1, expected })
        );
        assert_eq!(flash.stats().programs, 0);
        assert_eq!(flash.stats().refusals, 2);
        assert_eq!(flash.unit_state(0), UnitState::Erased);
    }
    on_all_parts!(claim);
}

#[test]
fn an_unaligned_erase_is_refused_and_touches_nothing() {
    fn claim<P: Part>() {
        let flash = FlashModel::<P>::new();
        let page = P::GEOMETRY.erase_bytes();
        let mut slot = flash.slot(0..2 * page);
        slot.write(0, &unit::<P>(0x12)).unwrap();
        for (from, to) in [(0, page - 1), (1, page + 1), (page / 2, page), (0, page + page / 2)] {
            let len = usize::try_from(to - from).unwrap();
            let refusal = FlashError::Unaligned { offset: from, len, expected: page };
            assert_eq!(slot.erase(from, to), Err(refusal), "{from}..{to}");
        }
        assert_eq!(flash.stats().erases, 0);
        assert_eq!(slot.dump(1).unwrap(), [0x12]);
    }
    on_all_parts!(claim);
}

#[test]
fn a_device_erase_must_cover_whole_pages() {
    let flash = FlashModel::<Stm32L4>::new();
    let refusal = Err(FlashError::Unaligned { offset: 0, len: 2056, expected: 2048 });
    assert_eq!(flash.erase(0..2056), refusal);
    assert_eq!(flash.stats().erases, 0);
}

#[test]
fn a_slot_ends_where_it_ends() {
    fn claim<P: Part>() {
        let flash = FlashModel::<P>::new();
        let page = P::GEOMETRY.erase_bytes();
        let mut slot = flash.slot(page..2 * page);
        let bytes = unit::<P>(0x12);
        let len = bytes.len();
        let last = page - P::GEOMETRY.write_bytes();
        slot.write(last, &bytes).unwrap();
        let bounds = |offset, len| Err(FlashError::OutOfBounds { offset, len, size: page });
        assert_eq!(slot.write(page, &bytes), bounds(page, len));
        assert_eq!(slot.write(last, &[&*bytes, &*bytes].concat()), bounds(last, 2 * len));
        assert_eq!(slot.read(page - 1, &mut [0; 2]), bounds(page - 1, 2));
        assert_eq!(slot.read(u32::MAX, &mut [0; 2]), bounds(u32::MAX, 2));
        let page_len = usize::try_from(page).unwrap();
        assert_eq!(slot.erase(0, 2 * page), bounds(0, 2 * page_len));
        assert_eq!(slot.erase(page, 2 * page), bounds(page, page_len));
        assert_eq!(slot.erase(page, 0), bounds(page, 0), "backwards");
        assert_eq!(flash.stats().operations(), 1);
        assert_eq!(
            slot.dump(page_len + 1),
            Err(FlashError::OutOfBounds { offset: 0, len: page_len + 1, size: page })
        );
    }
    on_all_parts!(claim);
}

#[test]
fn a_device_ends_where_it_ends() {
    let flash = FlashModel::<Stm32L4>::with_size(4096);
    let bounds = |offset, len| FlashError::OutOfBounds { offset, len, size: 4096 };
    assert_eq!(flash.read(4095, &mut [0; 2]), Err(bounds(4095, 2)));
    assert_eq!(flash.program(4096, &[0; 8]), Err(bounds(4096, 8)));
    assert_eq!(flash.erase(4096..6144), Err(bounds(4096, 2048)));
    assert_eq!(flash.dump(4095..4097), Err(bounds(4095, 2)));
    assert_eq!(flash.stats().refusals, 3, "a dump is no operation");
}

#[test]
#[should_panic(expected = "slot not aligned")]
fn a_slot_that_starts_inside_a_page_is_refused() {
    let _ = FlashModel::<Stm32L4>::new().slot(1024..4096);
}

#[test]
#[should_panic(expected = "slot not aligned")]
fn a_slot_that_ends_inside_a_page_is_refused() {
    let _ = FlashModel::<Stm32L4>::new().slot(2048..5120);
}

#[test]
#[should_panic(expected = "slot outside the device")]
fn a_slot_outside_the_device_is_refused() {
    let _ = FlashModel::<Stm32L4>::new().slot(0x10_0000..0x10_0800);
}

#[test]
fn two_slots_of_one_device_are_used_together() {
    let flash = FlashModel::<Stm32U5>::new();
    let mut base = flash.slot(0..0x1_0000);
    let mut staging = flash.slot(0x10_0000..0x11_0000);
    base.load(&[7; 0x1_0000]);
    let mut unit = [0; 16];
    for offset in (0..0x1_0000).step_by(16) {
        base.read(offset, &mut unit).unwrap();
        staging.write(offset, &unit).unwrap();
    }
    assert_eq!(staging.dump(0x1_0000).unwrap(), [7; 0x1_0000]);
    assert_eq!(staging.range(), 0x10_0000..0x11_0000);
}

/// What a second program with `second` does to a unit that was programmed with `first`.
fn reprogram<P: Part>(first: u8, second: u8) -> (Result<(), FlashError>, UnitState) {
    let flash = FlashModel::<P>::new();
    flash.program(0, &unit::<P>(first)).unwrap();
    let done = flash.program(0, &unit::<P>(second));
    (done, flash.unit_state(0))
}

const ONCE: UnitState = UnitState::Programmed { programs: 1 };
const TWICE: UnitState = UnitState::Programmed { programs: 2 };
const REFUSED: Result<(), FlashError> = Err(FlashError::NotErased { address: 0, got: ONCE });

#[test]
fn a_second_program_is_refused_on_checked_parts() {
    assert_eq!(reprogram::<Stm32L4>(0xF0, 0x30), (REFUSED, ONCE));
    assert_eq!(reprogram::<Stm32L4>(0xF0, 0xF0), (REFUSED, ONCE), "even with the same bytes");
    assert_eq!(reprogram::<Stm32U5>(0xF0, 0x30), (REFUSED, ONCE));
    assert_eq!(reprogram::<Stm32G0>(0xF0, 0x30), (REFUSED, ONCE));
    assert_eq!(reprogram::<Stm32L0>(0x0F, 0x3F), (REFUSED, ONCE));
}

#[test]
fn a_refused_unit_keeps_its_bytes() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(0, &[0xF0; 8]).unwrap();
    assert_eq!(flash.program(0, &[0x30; 8]), REFUSED);
    assert_eq!(flash.dump(0..16).unwrap(), [[0xF0; 8], [0xFF; 8]].concat());
}

#[test]
fn erased_bytes_count_as_programmed() {
    assert_eq!(reprogram::<Stm32L4>(0xFF, 0x12), (REFUSED, ONCE));
    assert_eq!(reprogram::<Stm32H7>(0xFF, 0x12).0, REFUSED);
    assert_eq!(reprogram::<Stm32L0>(0x00, 0x12), (REFUSED, ONCE));
}

#[test]
fn zeroes_may_follow_anything_where_the_part_takes_them() {
    assert_eq!(reprogram::<Stm32L4>(0xF0, 0), (Ok(()), TWICE));
    assert_eq!(reprogram::<Stm32U5>(0xFF, 0), (Ok(()), TWICE));
    assert_eq!(reprogram::<Stm32H7>(0xF0, 0), (Ok(()), TWICE));
    assert_eq!(reprogram::<Stm32G0>(0xF0, 0), (REFUSED, ONCE), "errata sheet");
    assert_eq!(reprogram::<Stm32L0>(0xF0, 0), (REFUSED, ONCE), "zero is erased there");
}

#[test]
fn one_nonzero_byte_is_not_all_zeroes() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(0, &[1; 8]).unwrap();
    assert_eq!(flash.program(0, &[0, 0, 0, 0, 0, 0, 0, 1]), REFUSED);
}

#[test]
fn a_second_program_poisons_the_unit_on_unchecked_parts() {
    assert_eq!(reprogram::<Stm32H7>(0xF0, 0x30), (REFUSED, UnitState::Poisoned));
    assert_eq!(reprogram::<Stm32H5>(0xF0, 0xF0), (REFUSED, UnitState::Poisoned));

    let flash = FlashModel::<Stm32H7>::new();
    flash.program(32, &[0xF0; 32]).unwrap();
    assert!(flash.program(32, &[0x30; 32]).is_err());
    assert_eq!(flash.read(40, &mut [0]), Err(FlashError::Ecc { address: 32 }));
    flash.erase(0..128 * 1024).unwrap();
    assert_eq!(flash.read(40, &mut [0]), Ok(()), "an erase cures");
}

#[test]
fn parts_without_ecc_and_the_bits_of_their_units() {
    let flash = FlashModel::<Nrf52>::new();
    flash.program(0, &[0xF0; 4]).unwrap();
    flash.program(0, &[0x3F; 4]).unwrap();
    assert_eq!(flash.dump(0..4).unwrap(), [0x30; 4]);
    assert_eq!(flash.stats().max_programs_per_unit, 2);
    let third = flash.program(0, &[0; 4]);
    assert_eq!(third, Err(FlashError::NotErased { address: 0, got: TWICE }), "nWRITE is 2");

    let flash = FlashModel::<Stm32F4>::new();
    for _ in 0..3 {
        flash.program(0, &[0xF0; 4]).unwrap();
    }
    assert_eq!(flash.stats().max_programs_per_unit, 3);
}

#[test]
fn only_parts_without_ecc_promise_multiwrite() {
    fn promises<S: MultiwriteNorFlash>(_: &S) {}
    promises(&FlashModel::<Nrf52>::new().slot(0..4096));
    promises(&FlashModel::<Stm32F4>::new().slot(0..0));
}

#[test]
fn an_erase_makes_units_programmable_again() {
    fn claim<P: Part>() {
        let flash = FlashModel::<P>::new();
        let page = P::GEOMETRY.erase_bytes();
        let mut slot: Slot<'_, P> = flash.slot(0..3 * page);
        let bytes = unit::<P>(0x12);
        for index in 0..3 {
            slot.write(index * page, &bytes).unwrap();
        }
        slot.erase(page, 2 * page).unwrap();
        assert_eq!(flash.unit_state(page), UnitState::Erased);
        assert_eq!(flash.dump(page..page + 1).unwrap(), [P::GEOMETRY.erased_value()]);
        slot.write(page, &bytes).unwrap();
        for index in 0..3 {
            assert_eq!(flash.dump(index * page..index * page + 1).unwrap(), [0x12], "page {index}");
        }
        assert_eq!(flash.stats().max_programs_per_unit, 1);
    }
    on_all_parts!(claim);
}

#[test]
fn units_before_a_refused_one_are_programmed() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(16, &[9; 8]).unwrap();
    let refusal = FlashError::NotErased { address: 16, got: ONCE };
    assert_eq!(flash.program(0, &[1; 32]), Err(refusal));
    let expected = [[1; 8], [1; 8], [9; 8], [0xFF; 8]].concat();
    assert_eq!(flash.dump(0..32).unwrap(), expected);
}

#[test]
fn a_protected_range_is_refused_to_the_byte() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.protect(2048..4096);
    flash.program(2040, &[1; 8]).unwrap();
    flash.program(4096, &[1; 8]).unwrap();
    flash.erase(0..2048).unwrap();
    let refusal = |address| Err(FlashError::WriteProtected { address });
    assert_eq!(flash.program(2048, &[1; 8]), refusal(2048));
    assert_eq!(flash.program(4088, &[1; 8]), refusal(4088));
    assert_eq!(flash.program(2040, &[1; 16]), refusal(2048), "the unit before it is programmed");
    assert_eq!(flash.dump(2040..2056).unwrap(), [[1; 8], [0xFF; 8]].concat());
    assert_eq!(flash.erase(2048..4096), refusal(2048));
    flash.unprotect();
    flash.program(2048, &[1; 8]).unwrap();
}

#[test]
fn a_page_with_one_protected_byte_is_not_erased() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.protect(3000..3001);
    assert_eq!(flash.erase(2048..4096), Err(FlashError::WriteProtected { address: 2048 }));
    assert_eq!(flash.stats().erases, 0);
}

#[test]
fn all_but_one_slot_can_be_protected() {
    let flash = FlashModel::<Stm32L4>::with_size(6144);
    let mut staging = flash.slot(2048..4096);
    flash.protect_outside(staging.range());
    staging.write(0, &[1; 8]).unwrap();
    staging.write(2040, &[1; 8]).unwrap();
    for address in [0, 2040, 4096, 6136] {
        let refusal = Err(FlashError::WriteProtected { address });
        assert_eq!(flash.program(address, &[1; 8]), refusal);
    }
    assert_eq!(flash.stats().refusals, 4);
}

#[test]
fn a_loaded_image_is_programmed_and_costs_nothing() {
    let flash = FlashModel::<Stm32U5>::new();
    let slot = flash.slot(0..8192);
    slot.load(&[3; 20]);
    let mut expected = vec![3; 20];
    expected.resize(32, 0xFF);
    assert_eq!(slot.dump(32).unwrap(), expected);
    assert_eq!(flash.stats(), flash_model::Stats::default());
    let refusal = FlashError::NotErased { address: 16, got: ONCE };
    assert_eq!(flash.program(16, &[1; 16]), Err(refusal), "the padded unit, too");
    assert_eq!(flash.unit_state(31), ONCE, "any byte of the unit tells its state");
    assert_eq!(flash.unit_state(32), UnitState::Erased);
    assert_eq!(flash.unit_state(8191), UnitState::Erased);
    slot.load(&[4; 4]);
    expected.splice(..16, [[4; 4], [0xFF; 4], [0xFF; 4], [0xFF; 4]].concat());
    assert_eq!(slot.dump(32).unwrap(), expected, "units are replaced, not merged");
}

#[test]
#[should_panic(expected = "do not fit")]
fn a_loaded_image_must_fit_its_slot() {
    FlashModel::<Stm32L4>::new().slot(0..2048).load(&[0; 2049]);
}

#[test]
fn errors_map_onto_the_kinds_of_the_trait() {
    let kinds = [
        (FlashError::Unaligned { offset: 0, len: 0, expected: 8 }, NorFlashErrorKind::NotAligned),
        (FlashError::OutOfBounds { offset: 0, len: 0, size: 8 }, NorFlashErrorKind::OutOfBounds),
        (FlashError::Ecc { address: 0 }, NorFlashErrorKind::Other),
        (FlashError::PowerLost, NorFlashErrorKind::Other),
    ];
    for (error, kind) in kinds {
        assert_eq!(error.kind(), kind);
    }
    let message = FlashError::NotErased { address: 0x800, got: ONCE }.to_string();
    assert!(message.contains("0x800") && message.contains("Programmed"), "{message}");
}
