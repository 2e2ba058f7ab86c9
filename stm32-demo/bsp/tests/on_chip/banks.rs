//! Bank swap: after an odd and an even number of them, erases and programs reach the bank that was named, and no other.

use crate::rig::*;

/// Marks that tell a page of one bank from the same page of the other.
fn marked() -> Rig {
    let mut rig = Rig::new();
    for bank in [1, 2] {
        for page in [0x8000, 0x7F800] {
            rig.write(bank, page, &[0x10 + bank.to_le_bytes()[0]; 64]).unwrap();
        }
    }
    rig
}

#[test]
fn a_swap_changes_addresses_and_not_what_a_bank_is() {
    let mut rig = marked();
    for low in [2, 1, 2, 2, 1, 1] {
        rig.map(low);
        for bank in [1u8, 2] {
            assert_eq!(rig.read(bank.into(), 0x8000, 64), Ok(vec![0x10 + bank; 64]), "{low} low");
        }
        // By address it is the other way round: what is low is read from 0x0800_8000.
        let word = rig.order([TRUST, low, 0x8000, 0], &[]).unwrap()[0];
        assert_eq!(word, 0x0101_0101 * (0x10 + low));
    }
}

#[test]
fn only_the_named_bank_is_erased_after_any_number_of_swaps() {
    for swaps in 0..6 {
        let mut rig = marked();
        for swap in 0..swaps {
            rig.map(if swap % 2 == 0 { 2 } else { 1 });
        }
        let before =
            [1, 2].map(|bank| rig.0.flash().dump(cells(bank)..cells(bank) + 0x8_0000).unwrap());
        // The bank that does not run, as an update does it.
        let other = if swaps % 2 == 0 { 2u8 } else { 1 };
        rig.erase(other.into(), 0x8000, 0x1000).unwrap();
        rig.write(other.into(), 0x8000, &[0x77; 120]).unwrap();

        let mut expected = before[usize::from(other) - 1].clone();
        expected[0x8000..0x9000].fill(0xFF);
        expected[0x8000..0x8078].fill(0x77);
        for bank in [1u8, 2] {
            let start = cells(bank.into());
            let now = rig.0.flash().dump(start..start + 0x8_0000).unwrap();
            let untouched = &before[usize::from(bank) - 1];
            let expected = if bank == other { &expected } else { untouched };
            assert!(now == *expected, "bank {bank} after {swaps} swaps");
        }
        let wear = rig.0.flash().wear();
        let first = if other == 2 { 256 + 16 } else { 16 };
        let worn: Vec<usize> = (0..wear.len()).filter(|&page| wear[page] > 0).collect();
        assert_eq!(worn, [first, first + 1], "after {swaps} swaps");
    }
}

#[test]
fn a_reset_maps_bank_1_low_again() {
    let mut rig = marked();
    rig.map(2);
    rig.0.pull_reset().unwrap();
    assert_eq!(rig.run(), emulator::stm32l4::Event::Breakpoint { code: 0 });
    assert!(!rig.0.is_swapped());
    assert_eq!(rig.read(2, 0x8000, 1), Ok(vec![0x12]));
}
