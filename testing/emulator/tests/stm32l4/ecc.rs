//! Double words whose ECC does not match: RM0351 §3.3.2.

use emulator::exception::Exception;
use emulator::stm32l4::{Bank, Event};
use flash_model::{Cut, Tear};

use crate::board::*;

const ECCD: u32 = 1 << 31;
const BK_ECC: u32 = 1 << 19;

/// A board on which the double word at `offset` of bank 2 was torn by a cut.
fn torn(offset: u32) -> Board {
    let mut board = Board::unlocked();
    board.0.cut_after(0, Cut::Inside(Tear::Mixed(7)));
    board.write(CR, PG);
    board.write(UPPER + offset, 0);
    board.write(UPPER + offset + 4, 0);
    while board.step() != Event::PowerLost {}
    board.0.power_on().unwrap();
    board
}

#[test]
fn a_torn_word_raises_nmi_when_it_is_read_and_names_its_place() {
    let mut board = torn(0x1238);
    board.read(UPPER + 0x1230);
    assert_eq!(board.read(ECCR), 0);
    board.read(UPPER + 0x123C);
    assert_eq!(board.read(ECCR), ECCD | BK_ECC | 0x1238);
    board.0.load(Bank::One, 8, &0x0800_0021u32.to_le_bytes()).unwrap();
    assert_eq!(board.0.machine().cpu().exception(), None);
    board.step();
    assert_eq!(board.0.machine().cpu().exception(), Some(Exception::NMI));
}

#[test]
fn the_first_place_is_kept_until_the_flag_is_cleared() {
    let mut board = torn(0x1238);
    board.0.cut_after(0, Cut::Inside(Tear::Mixed(8)));
    board.unlock();
    board.write(CR, PG);
    board.write(FLASH + 0x4_0000, 0);
    board.write(FLASH + 0x4_0004, 0);
    while board.step() != Event::PowerLost {}
    board.0.power_on().unwrap();
    board.read(UPPER + 0x1238);
    board.read(FLASH + 0x4_0000);
    assert_eq!(board.read(ECCR), ECCD | BK_ECC | 0x1238);
    board.write(ECCR, ECCD);
    assert_eq!(board.read(ECCR) & ECCD, 0);
    board.read(FLASH + 0x4_0004);
    assert_eq!(board.read(ECCR), ECCD | 0x4_0000);
}

#[test]
fn an_erase_heals_a_torn_word() {
    let mut board = torn(0x1238);
    board.unlock();
    assert_eq!(board.erase(2, 2), 0);
    board.reset_caches();
    assert_eq!(board.read(UPPER + 0x1238), u32::MAX);
    assert_eq!(board.read(ECCR), 0);
    assert_eq!(board.program(UPPER + 0x1238, [1, 2]), 0);
}

#[test]
fn nmi_comes_again_until_its_cause_is_cleared() {
    let mut board = torn(0x1238);
    // NMI at 0x20 of bank 1, mapped at 0: bx lr.
    board.0.load(Bank::One, 8, &0x0800_0021u32.to_le_bytes()).unwrap();
    board.0.load(Bank::One, 4, &0x0800_0031u32.to_le_bytes()).unwrap();
    board.0.load(Bank::One, 0x20, &0x4770u16.to_le_bytes()).unwrap();
    board.0.load(Bank::One, 0x30, &0xE7FEu16.to_le_bytes()).unwrap();
    board.0.pull_reset().unwrap();
    board.read(UPPER + 0x1238);
    let mut entries = 0;
    for _ in 0..20 {
        board.step();
        entries += u32::from(board.0.machine().cpu().next() == 0x0800_0020);
    }
    assert!(entries > 5, "{entries} entries");
    board.write(ECCR, ECCD);
    for _ in 0..20 {
        board.step();
    }
    assert_eq!(board.0.machine().cpu().next(), 0x0800_0030);
}
