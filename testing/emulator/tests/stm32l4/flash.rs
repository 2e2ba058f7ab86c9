//! Programming and erasing: RM0351 §3.3.5 to §3.3.8.

use core::time::Duration;

use emulator::BusError;
use emulator::stm32l4::Bank;

use crate::board::*;

const EOP: u32 = 1;
const PROGERR: u32 = 1 << 3;
const PGAERR: u32 = 1 << 5;
const SIZERR: u32 = 1 << 6;
const PGSERR: u32 = 1 << 7;

#[test]
fn a_double_word_takes_its_time_and_reads_back() {
    let mut board = Board::unlocked();
    board.write(CR, PG);
    board.write(UPPER, 0x1111_2222);
    assert_eq!(board.read(SR), 0, "half a double word starts nothing");
    board.write(UPPER + 4, 0x3333_4444);
    board.wait(Duration::from_micros(81));
    assert_eq!(board.read(SR), BSY);
    board.wait(Duration::from_micros(1));
    assert_eq!(board.read(SR), 0, "EOP needs EOPIE");
    assert_eq!(board.read(UPPER), 0x1111_2222);
    assert_eq!(board.read(UPPER + 4), 0x3333_4444);
    assert_eq!(board.0.flash().stats().programs, 1);

    board.write(CR, PG | 1 << 24);
    board.write(UPPER + 8, 0);
    board.write(UPPER + 12, 0);
    assert_eq!(board.ready(), EOP);
    board.write(SR, EOP);
    assert_eq!(board.read(SR), 0);
}

#[test]
fn a_page_that_is_erased_first_is_not_relied_on() {
    let mut board = Board::unlocked();
    board.reset_caches();
    board.0.watch_flash();
    let page = |number: u32| FLASH + number * 0x800;
    board.read(page(3));
    board.erase(1, 3);
    board.erase(1, 4);
    board.read(page(4));
    board.erase(1, 5);
    board.program(page(5), [1, 2]);
    board.program(page(6), [1, 2]);
    assert_eq!(board.0.pages_relied_on(), [3, 6]);
    board.0.watch_flash();
    assert!(board.0.pages_relied_on().is_empty());
}

#[test]
fn a_wrong_key_is_a_bus_error_and_locks_until_reset() {
    let mut board = Board::new();
    assert_eq!(board.read(CR), LOCK | 1 << 30);
    assert_eq!(board.try_write(KEYR, 0x4567_0124), Err(BusError::Refused));
    assert_eq!(board.try_write(KEYR, 0x4567_0123), Err(BusError::Refused));
    board.0.pull_reset().unwrap();
    board.write(KEYR, 0x4567_0123);
    assert_eq!(board.try_write(KEYR, 0x4567_0123), Err(BusError::Refused));
    board.0.pull_reset().unwrap();
    board.unlock();
    assert_eq!(board.read(CR), 1 << 30);
}

#[test]
fn what_is_locked_cannot_be_ordered() {
    let mut board = Board::new();
    assert_eq!(board.try_write(CR, PER), Err(BusError::Misuse));
    assert_eq!(board.try_write(CR, LOCK), Ok(()));
    board.unlock();
    board.write(CR, LOCK);
    assert_eq!(board.try_write(CR, PG), Err(BusError::Misuse));
    assert_eq!(board.0.flash().stats().operations(), 0);
}

#[test]
fn each_mistake_sets_its_flag_and_nothing_is_programmed() {
    type Mistake = (fn(&mut Board), u32);
    let mistakes: [Mistake; 6] = [
        (|board| board.try_write_half(UPPER, 1).unwrap(), SIZERR),
        (|board| board.write(UPPER + 4, 1), PGAERR),
        (
            |board| {
                board.write(UPPER, 1);
                board.write(UPPER + 12, 1);
            },
            PGAERR,
        ),
        (
            |board| {
                board.write(CR, 0);
                board.write(UPPER, 1);
            },
            PGSERR,
        ),
        (
            |board| {
                board.write(CR, PG | PER);
                board.write(UPPER, 1);
            },
            PGSERR,
        ),
        (
            |board| {
                board.write(CR, PG | PER);
                board.write(CR, PG | PER | STRT);
            },
            PGSERR,
        ),
    ];
    for (number, (mistake, flag)) in mistakes.into_iter().enumerate() {
        let mut board = Board::unlocked();
        board.write(CR, PG);
        mistake(&mut board);
        assert_eq!(board.ready(), flag, "mistake {number}");
        // What is left over makes the next one fail too, until it is cleared.
        assert_eq!(board.program(UPPER + 16, [1, 2]), flag | PGSERR, "mistake {number}");
        assert_eq!(board.erase(2, 0), flag | PGSERR);
        assert_eq!(board.0.flash().stats().operations(), 0);
        board.write(SR, flag | PGSERR);
        assert_eq!(board.program(UPPER + 16, [1, 2]), 0);
    }
}

#[test]
fn a_programmed_word_takes_nothing_but_zeros() {
    let mut board = Board::unlocked();
    assert_eq!(board.program(UPPER, [u32::MAX, u32::MAX]), 0);
    assert_eq!(board.program(UPPER, [1, 2]), PROGERR, "erased bytes count as programmed");
    board.write(SR, PROGERR);
    assert_eq!(board.program(UPPER, [0, 0]), 0);
    assert_eq!(board.read(UPPER), 0);
}

#[test]
fn an_erase_names_a_physical_bank_whatever_is_mapped() {
    for swapped in [false, true, false, true] {
        let mut board = Board::new();
        board.0.load(Bank::One, 5 * 0x800, &[0x11; 0x800]).unwrap();
        board.0.load(Bank::Two, 5 * 0x800, &[0x22; 0x800]).unwrap();
        board.swap(swapped);
        board.unlock();
        let at = |offset| FLASH + 5 * 0x800 + offset;
        let (lower, upper) =
            if swapped { (0x2222_2222, 0x1111_1111) } else { (0x1111_1111, 0x2222_2222) };
        assert_eq!((board.read(at(0)), board.read(at(BANK_BYTES))), (lower, upper));
        assert_eq!(board.read(5 * 0x800), lower, "the alias at 0 follows");
        assert_eq!(board.erase(2, 5), 0);
        let (gone, kept) = if swapped { (at(0), at(BANK_BYTES)) } else { (at(BANK_BYTES), at(0)) };
        assert_eq!(board.read(gone), u32::MAX);
        assert_eq!(board.read(kept), 0x1111_1111);
        // Programming goes by address, so by what is mapped.
        assert_eq!(board.program(gone, [1, 2]), 0);
        let mut unit = [0; 8];
        board.0.flash().raw_unit(BANK_BYTES + 5 * 0x800, &mut unit);
        assert_eq!(unit, [1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(board.0.flash().wear()[256 + 5], 1);
        assert_eq!(board.0.flash().stats().erases, 1);
    }
}

#[test]
fn a_busy_bank_stalls_who_reads_it_and_the_other_does_not() {
    let mut board = Board::unlocked();
    board.write(CR, PER | BKER);
    board.write(CR, PER | BKER | STRT);
    let start = board.0.time();
    board.read(FLASH);
    assert_eq!(board.0.time(), start);
    board.read(UPPER + 0x7_0000);
    assert!(board.0.time() - start >= Duration::from_micros(22_020));
    assert_eq!(board.read(SR), 0);
    // A store while it is busy is not specified; the control register waits.
    board.write(CR, PER | BKER | STRT);
    assert_eq!(board.try_write(UPPER, 0), Err(BusError::Misuse));
    let start = board.0.time();
    board.write(CR, 0);
    assert!(board.0.time() - start > Duration::from_millis(20));
}

#[test]
fn what_is_not_modelled_is_refused_aloud() {
    let mut board = Board::unlocked();
    for control in [1 << 2, 1 << 15, 1 << 18] {
        assert_eq!(board.try_write(CR, control), Err(BusError::NotModelled), "{control:#x}");
    }
    assert_eq!(board.try_write(CR, STRT), Err(BusError::Misuse));
    assert_eq!(board.try_read(0x4002_2024), Err(BusError::NotModelled));
}
