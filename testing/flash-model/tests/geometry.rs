//! The parts have the geometry of their data sheets, and the layout arithmetic holds.

use core::time::Duration;

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use flash_model::{
    FlashModel, Nrf52, Nrf91, Part, Slot, Source, Stm32F4, Stm32G0, Stm32G4, Stm32H5, Stm32H7,
    Stm32L0, Stm32L4, Stm32U5, Stm32Wl,
};

const KIB: u32 = 1024;

/// Device, page, write unit, erased byte, banks.
fn shape<P: Part>() -> (u32, usize, usize, u8, u32) {
    let geometry = P::GEOMETRY;
    let (erase, write) = (Slot::<'_, P>::ERASE_SIZE, Slot::<'_, P>::WRITE_SIZE);
    assert_eq!(Slot::<'_, P>::READ_SIZE, 1);
    (geometry.device_bytes(), erase, write, geometry.erased_value(), geometry.banks())
}

#[test]
fn parts_have_the_geometry_of_their_data_sheets() {
    assert_eq!(shape::<Stm32L0>(), (192 * KIB, 128, 4, 0x00, 2));
    assert_eq!(shape::<Stm32L4>(), (1024 * KIB, 2048, 8, 0xFF, 2));
    assert_eq!(shape::<Stm32G0>(), (512 * KIB, 2048, 8, 0xFF, 2));
    assert_eq!(shape::<Stm32G4>(), (512 * KIB, 2048, 8, 0xFF, 2));
    assert_eq!(shape::<Stm32U5>(), (2048 * KIB, 8192, 16, 0xFF, 2));
    assert_eq!(shape::<Stm32H5>(), (2048 * KIB, 8192, 16, 0xFF, 2));
    assert_eq!(shape::<Stm32H7>(), (2048 * KIB, 131_072, 32, 0xFF, 2));
    assert_eq!(shape::<Stm32Wl>(), (256 * KIB, 2048, 8, 0xFF, 1));
    assert_eq!(shape::<Nrf52>(), (1024 * KIB, 4096, 4, 0xFF, 1));
    assert_eq!(shape::<Nrf91>(), (1024 * KIB, 4096, 4, 0xFF, 1));
    assert_eq!(shape::<Stm32F4>(), (2048 * KIB, 131_072, 4, 0xFF, 2));
}

#[test]
fn every_source_names_a_document() {
    fn document<P: Part>() -> &'static str {
        match P::GEOMETRY.timing().source {
            Source::Named(document) | Source::Recalled(document) => document,
        }
    }
    for document in [document::<Stm32L4>(), document::<Stm32F4>(), document::<Nrf52>()] {
        assert!(document.contains("DS") || document.contains("specification"), "{document}");
    }
}

/// Walks all pages: they must follow each other and end where the device does.
fn pages_tile_the_device<P: Part>() {
    let geometry = P::GEOMETRY;
    let (mut address, mut index) = (0, 0);
    while address < geometry.device_bytes() {
        let first = geometry.page_at(address);
        assert_eq!((first.start, first.index), (address, index));
        assert_eq!(geometry.page_at(address + first.bytes - 1), first, "last byte of the page");
        address += first.bytes;
        index += 1;
    }
    assert_eq!(address, geometry.device_bytes());
    assert_eq!(index, geometry.pages_in(geometry.device_bytes()));
}

#[test]
fn equal_pages_tile_the_device() {
    pages_tile_the_device::<Stm32L0>();
    pages_tile_the_device::<Stm32L4>();
    pages_tile_the_device::<Stm32H7>();
}

#[test]
fn unequal_sectors_tile_the_device() {
    pages_tile_the_device::<Stm32F4>();
    assert_eq!(Stm32F4::GEOMETRY.pages_in(2048 * KIB), 24);
    let sizes = [0, 15, 16, 63, 64, 127, 128, 1023, 1024 + 64]
        .map(|kib| Stm32F4::GEOMETRY.page_at(kib * KIB).bytes / KIB);
    assert_eq!(sizes, [16, 16, 16, 16, 64, 64, 128, 128, 64]);
    assert_eq!(Stm32F4::GEOMETRY.page_at((1024 + 64) * KIB).index, 12 + 4);
}

#[test]
fn unequal_sectors_are_erased_together_through_a_slot() {
    let flash = FlashModel::<Stm32F4>::new();
    flash.slot(0..256 * KIB).erase(0, 128 * KIB).unwrap();
    assert_eq!(flash.stats().erases, 5, "four of 16 KiB and one of 64 KiB");
    assert_eq!(flash.stats().flash_time, Duration::from_millis(4 * 250 + 550));
    assert_eq!(flash.wear()[..6], [1, 1, 1, 1, 1, 0]);
}

#[test]
fn one_small_sector_is_erased_by_its_address() {
    let flash = FlashModel::<Stm32F4>::new();
    flash.erase(32 * KIB..48 * KIB).unwrap();
    assert_eq!(flash.wear()[..4], [0, 0, 1, 0]);
}

#[test]
fn a_model_may_be_larger_than_the_part() {
    let flash = FlashModel::<Stm32L4>::with_size(4096 * KIB);
    let mut last = flash.slot(4094 * KIB..4096 * KIB);
    last.write(2040, &[1; 8]).unwrap();
    assert_eq!(flash.size(), 4096 * KIB);
    assert_eq!(last.capacity(), 2048);
    assert_eq!(flash.dump(4096 * KIB - 8..4096 * KIB).unwrap(), [1; 8]);
}

#[test]
#[should_panic(expected = "not whole pages")]
fn a_model_of_half_a_page_is_refused() {
    let _ = FlashModel::<Stm32L4>::with_size(3 * KIB);
}

#[test]
fn a_device_smaller_than_a_chunk_works() {
    let flash = FlashModel::<Stm32L0>::with_size(128);
    flash.program(124, &[1, 2, 3, 4]).unwrap();
    assert_eq!(flash.dump(120..128).unwrap(), [0, 0, 0, 0, 1, 2, 3, 4]);
    flash.erase(0..128).unwrap();
    assert_eq!(flash.dump(0..128).unwrap(), [0; 128]);
}
