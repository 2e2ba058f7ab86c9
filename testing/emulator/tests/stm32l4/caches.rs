//! Caches, as far as they can show what is not there any more; and wait states.

use emulator::BusError;
use emulator::stm32l4::Bank;

use crate::board::*;

const APB2ENR: u32 = 0x4002_1060;

#[test]
fn banks_are_not_swapped_under_caches() {
    let mut board = Board::new();
    assert_eq!(board.try_write(MEMRMP, 1 << 8), Err(BusError::Misuse), "its clock is off");
    board.write(APB2ENR, 1);
    assert_eq!(board.read(ACR), 0x600, "both caches are on after reset");
    for caches in [0x100, 0x200, 0x400] {
        board.write(ACR, caches);
        assert_eq!(board.try_write(MEMRMP, 1 << 8), Err(BusError::Misuse), "{caches:#x}");
    }
    board.write(ACR, 0);
    board.write(MEMRMP, 1 << 8);
    assert!(board.0.is_swapped());
    // A reset maps bank 1 again.
    board.0.pull_reset().unwrap();
    assert!(!board.0.is_swapped());
}

#[test]
fn erased_pages_are_not_read_through_a_cache_that_was_not_reset() {
    let mut board = Board::unlocked();
    board.0.load(Bank::Two, 0, &[7; 8]).unwrap();
    board.read(UPPER);
    board.erase(2, 0);
    assert_eq!(board.try_read(UPPER), Err(BusError::Misuse));
    assert_eq!(board.try_read(UPPER + 0x800), Ok(u32::MAX), "another page");
    assert_eq!(board.try_write(ACR, 0x1600), Err(BusError::Misuse), "reset while on");
    board.reset_caches();
    board.write(ACR, 0x600);
    assert_eq!(board.try_read(UPPER), Ok(u32::MAX));
    // Off during the erase is not enough, nor is empty before: it must not be on in between.
    board.write(ACR, 0);
    board.erase(2, 0);
    board.write(ACR, 0x600);
    assert_eq!(board.try_read(UPPER), Err(BusError::Misuse));
    board.reset_caches();
    board.erase(2, 0);
    board.write(ACR, 0x600);
    assert_eq!(board.try_read(UPPER), Ok(u32::MAX));
}

#[test]
fn a_fast_clock_needs_wait_states() {
    let (cr, cfgr, pllcfgr) = (0x4002_1000, 0x4002_1008, 0x4002_100C);
    let mut board = Board::new();
    // MSI at 48 MHz with MSIRGSEL, at first without wait states, then with two.
    assert_eq!(board.try_write(cr, 0xB9), Err(BusError::Misuse));
    board.0.pull_reset().unwrap();
    board.write(ACR, 2);
    board.write(cr, 0xB9);
    assert_eq!(board.try_write(ACR, 1), Err(BusError::Misuse));

    // 80 MHz: MSI at 4 MHz, × 40 ÷ 2, four wait states.
    board.0.pull_reset().unwrap();
    board.write(ACR, 4);
    board.write(pllcfgr, 1 << 24 | 40 << 8 | 1);
    board.write(cr, 1 << 24 | 1);
    assert_eq!(board.read(cr) >> 24, 3, "ready");
    board.write(cfgr, 3);
    let start = board.0.time();
    emulator::Bus::pass(board.0.machine_mut().bus_mut(), 80_000);
    assert_eq!((board.0.time() - start).as_micros(), 1000);
    assert_eq!(board.try_write(cr, 1), Err(BusError::Misuse), "it is in use");
}
