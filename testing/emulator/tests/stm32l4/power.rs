//! Power that fails and resets that come in the middle of an operation; snapshots.

use core::time::Duration;

use emulator::stm32l4::{Bank, Event};
use flash_model::{Cut, Tear, UnitState};

use crate::board::*;

#[test]
fn power_fails_at_the_operation_that_was_named() {
    for (cut, state) in [
        (Cut::Before, UnitState::Erased),
        (Cut::Inside(Tear::Mixed(1)), UnitState::Poisoned),
        (Cut::After, UnitState::Programmed { programs: 1 }),
    ] {
        let mut board = Board::unlocked();
        board.0.cut_after(2, cut);
        assert_eq!(board.program(UPPER, [1, 2]), 0);
        assert_eq!(board.program(UPPER + 8, [3, 4]), 0);
        board.write(CR, PG);
        board.write(UPPER + 16, 5);
        board.write(UPPER + 20, 6);
        board.wait(Duration::from_micros(100));
        assert_eq!(board.step(), Event::PowerLost, "{cut:?}");
        assert_eq!(board.step(), Event::PowerLost, "it stays away");
        assert_eq!(board.0.flash().unit_state(BANK_BYTES + 16), state, "{cut:?}");
        board.0.power_on().unwrap();
        assert_eq!(board.read(UPPER + 8), 3);
        assert_eq!(board.step(), Event::Budget);
    }
}

#[test]
fn power_or_a_reset_in_the_middle_of_an_operation_tears_it() {
    for by_reset in [false, true] {
        let mut board = Board::unlocked();
        board.0.load(Bank::Two, 0, &[0x55; 0x800]).unwrap();
        board.write(CR, PER | BKER);
        board.write(CR, PER | BKER | STRT);
        board.wait(Duration::from_millis(10));
        if by_reset {
            board.0.pull_reset().unwrap();
        } else {
            board.0.power_off();
            board.0.power_on().unwrap();
        }
        let states: Vec<UnitState> =
            (0..256).map(|unit| board.0.flash().unit_state(BANK_BYTES + unit * 8)).collect();
        let whole = [UnitState::Erased, UnitState::Programmed { programs: 1 }];
        assert!(whole.iter().all(|state| states.iter().any(|other| other != state)));
        assert!(states.iter().any(|state| !whole.contains(state)), "{by_reset}");
        assert_eq!(board.read(CR) & LOCK, LOCK);
    }
}

#[test]
fn a_snapshot_goes_its_own_way() {
    let mut board = Board::unlocked();
    assert_eq!(board.program(UPPER, [1, 2]), 0);
    let mut other = Board(board.0.clone());
    assert_eq!(board.program(UPPER + 8, [3, 4]), 0);
    assert_eq!(other.read(UPPER + 8), u32::MAX);
    assert_eq!(other.erase(2, 0), 0);
    assert_eq!(board.read(UPPER), 1);
    assert_eq!((board.0.flash().stats().erases, other.0.flash().stats().erases), (0, 1));
}

#[test]
fn a_reset_between_operations_does_not_put_off_a_cut() {
    let mut board = Board::unlocked();
    board.0.cut_after(1, Cut::After);
    assert_eq!(board.program(UPPER, [1, 2]), 0);
    board.0.pull_reset().unwrap();
    board.unlock();
    board.write(CR, PG);
    board.write(UPPER + 8, 5);
    board.write(UPPER + 12, 6);
    board.wait(Duration::from_micros(100));
    assert_eq!(board.step(), Event::PowerLost);
}
