//! Option bytes: RM0351 §3.4.

use core::time::Duration;

use emulator::BusError;
use emulator::stm32l4::{Bank, Event, ResetCause};

use crate::board::*;

const WRP2AR: u32 = 0x4002_204C;
const OPTSTRT: u32 = 1 << 17;
const OBL_LAUNCH: u32 = 1 << 27;
const BFB2: u32 = 1 << 20;
const WRPERR: u32 = 1 << 4;

fn unlock(board: &mut Board) {
    board.unlock();
    board.write(OPTKEYR, 0x0819_2A3B);
    board.write(OPTKEYR, 0x4C5D_6E7F);
}

fn store_and_load(board: &mut Board) {
    board.write(CR, OPTSTRT);
    board.ready();
    board.write(CR, OBL_LAUNCH);
    assert_eq!(board.step(), Event::Reset(ResetCause::OptionBytes));
}

#[test]
fn protected_pages_refuse_what_changes_them() {
    let mut board = Board::new();
    assert_eq!(board.try_write(WRP2AR, 0), Err(BusError::Misuse), "locked");
    assert_eq!(
        board.try_write(OPTKEYR, 0x0819_2A3B),
        Err(BusError::Misuse),
        "behind the other lock"
    );
    unlock(&mut board);
    board.write(WRP2AR, 13 << 16);
    // Written, not loaded.
    assert_eq!(board.erase(2, 13), 0);
    assert_eq!(board.read(CR) & 1 << 30, 0, "OPTLOCK is still open");
    store_and_load(&mut board);
    assert_eq!(board.read(CSR) >> 24, 1 << 1 | 1 << 2 | 1 << 3, "OBLRSTF, PINRSTF, BORRSTF");
    board.unlock();
    for page in [0, 13] {
        assert_eq!(board.erase(2, page), WRPERR, "{page}");
        board.write(SR, WRPERR);
    }
    assert_eq!(board.program(UPPER + 13 * 0x800, [0, 0]), WRPERR);
    board.write(SR, WRPERR);
    assert_eq!(board.erase(2, 14), 0);
    assert_eq!(board.erase(1, 200), 0);
    assert_eq!(board.0.flash().stats().operations(), 3);
}

#[test]
fn bfb2_starts_bank_2_if_its_stack_suits_the_rom() {
    for (stack, swapped) in [(0x2000_1000u32, true), (0x2004_0000, true), (0x2004_0008, false)] {
        let mut board = Board::new();
        let mut image = endless();
        image[..4].copy_from_slice(&stack.to_le_bytes());
        board.0.load(Bank::Two, 0, &image).unwrap();
        unlock(&mut board);
        let options = board.read(OPTR);
        assert_eq!(options & BFB2, 0);
        board.write(OPTR, options | BFB2);
        store_and_load(&mut board);
        assert_eq!(board.0.is_swapped(), swapped, "{stack:#x}");
        // The ROM stays at 0: a program that does not set VTOR would take its vectors from there.
        assert_eq!(board.try_read(0), Err(BusError::NotModelled));
    }
}

#[test]
fn a_cut_while_option_bytes_are_written_costs_the_part() {
    let mut board = Board::new();
    unlock(&mut board);
    let options = board.read(OPTR);
    board.write(OPTR, options | BFB2);
    board.write(CR, OPTSTRT);
    board.wait(Duration::from_millis(1));
    board.0.power_off();
    assert!(board.0.power_on().is_err());
    assert_eq!(board.0.run(1), Ok(Event::PowerLost));
}
