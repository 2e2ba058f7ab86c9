//! Watchdog, serial port, clocks of peripherals.

use core::time::Duration;

use emulator::BusError;
use emulator::stm32l4::{Event, ResetCause};

use crate::board::*;

const IWDG: u32 = 0x4000_3000;
const LPUART: u32 = 0x4000_8000;
const APB1ENR2: u32 = 0x4002_105C;

#[test]
fn the_watchdog_bites_when_it_is_not_fed() {
    let mut board = Board::new();
    board.write(IWDG, 0xCCCC);
    board.write(IWDG, 0x5555);
    // 32 kHz by 32: a millisecond a tick, 100 of them.
    board.write(IWDG + 4, 3);
    assert_eq!(board.try_write(IWDG + 4, 3), Err(BusError::Misuse), "still on its way");
    board.write(IWDG + 8, 99);
    assert_eq!(board.read(IWDG + 0xC), 3);
    board.wait(Duration::from_micros(200));
    assert_eq!(board.read(IWDG + 0xC), 0);
    for _ in 0..5 {
        board.write(IWDG, 0xAAAA);
        board.wait(Duration::from_millis(99));
        assert_eq!(board.step(), Event::Budget);
    }
    board.wait(Duration::from_millis(2));
    assert_eq!(board.step(), Event::Reset(ResetCause::Watchdog));
    assert_eq!(board.read(CSR) >> 24, 1 << 5 | 1 << 2 | 1 << 3, "IWDGRSTF, PINRSTF, BORRSTF");
    // Flags stay until they are cleared, over other resets too; the watchdog does not.
    board.0.pull_reset().unwrap();
    assert_eq!(board.read(CSR) >> 29 & 1, 1);
    board.write(CSR, 1 << 23);
    assert_eq!(board.read(CSR) >> 24, 0);
    board.wait(Duration::from_secs(60));
    assert_eq!(board.step(), Event::Budget);
}

#[test]
fn software_resets_and_ram_stays() {
    let mut board = Board::new();
    board.write(CSR, 1 << 23);
    board.write(0x2000_4000, 0xDEAD_BEEF);
    board.write(0xE000_ED0C, 0x05FA_0004);
    assert_eq!(board.step(), Event::Reset(ResetCause::Software));
    assert_eq!(board.read(CSR) >> 24, 1 << 4 | 1 << 2, "SFTRSTF, PINRSTF");
    assert_eq!(board.read(0x2000_4000), 0xDEAD_BEEF);
    board.0.power_off();
    board.0.power_on().unwrap();
    assert_ne!(board.read(0x2000_4000), 0xDEAD_BEEF);
    assert_eq!(board.0.resets(), 3);
}

#[test]
fn sram2_is_in_two_places() {
    let mut board = Board::new();
    board.write(0x2004_0010, 0x1234_5678);
    assert_eq!(board.read(0x1000_0010), 0x1234_5678);
    assert_eq!(board.try_read(0x2005_0000), Err(BusError::Unmapped));
}

/// 115,200 baud from 4 MHz.
fn listening() -> Board {
    let mut board = Board::new();
    assert_eq!(board.try_read(LPUART), Err(BusError::Misuse), "its clock is off");
    board.write(APB1ENR2, 1);
    assert_eq!(board.try_write(LPUART + 0xC, 100), Err(BusError::Misuse), "too fast");
    board.write(LPUART + 0xC, 8889);
    board.write(LPUART, 0b1101);
    board
}

#[test]
fn bytes_take_their_time_on_the_wire() {
    let mut board = listening();
    board.0.send(b"ab");
    board.wait(Duration::from_micros(80));
    assert_eq!(board.read(LPUART + 0x1C) & 1 << 5, 0);
    board.wait(Duration::from_micros(10));
    assert_eq!(board.read(LPUART + 0x1C) & 1 << 5, 1 << 5);
    assert_eq!(board.read(LPUART + 0x24), u32::from(b'a'));
    assert_eq!(board.0.sending(), 1);
    board.wait(Duration::from_micros(87));
    assert_eq!(board.read(LPUART + 0x24), u32::from(b'b'));
    assert_eq!(board.read(LPUART + 0x1C) & (1 << 5 | 1 << 3), 0);

    board.write(LPUART + 0x28, u32::from(b'x'));
    board.write(LPUART + 0x28, u32::from(b'y'));
    assert_eq!(board.try_write(LPUART + 0x28, 0), Err(BusError::Misuse), "TXE is clear");
    board.wait(Duration::from_micros(90));
    assert_eq!(board.0.take_received(), b"x");
    assert_eq!(board.read(LPUART + 0x1C) & (1 << 7 | 1 << 6), 1 << 7, "empty, not done");
    board.wait(Duration::from_micros(90));
    assert_eq!(board.0.take_received(), b"y");
    assert_eq!(board.read(LPUART + 0x1C) & 1 << 6, 1 << 6);
}

#[test]
fn what_is_not_read_in_time_is_lost() {
    let mut board = listening();
    board.0.send(b"abc");
    board.wait(Duration::from_millis(1));
    assert_eq!(board.read(LPUART + 0x1C) & (1 << 5 | 1 << 3), 1 << 5 | 1 << 3);
    assert_eq!(board.read(LPUART + 0x24), u32::from(b'a'));
    board.write(LPUART + 0x20, 1 << 3);
    assert_eq!(board.read(LPUART + 0x1C) & (1 << 5 | 1 << 3), 0);
    // Nobody listens.
    board.write(LPUART, 0);
    board.0.send(b"d");
    board.wait(Duration::from_millis(1));
    assert_eq!((board.0.sending(), board.read(LPUART + 0x1C) & 1 << 5), (0, 0));
}

#[test]
fn the_serial_port_interrupts() {
    let mut board = listening();
    board.write(LPUART, 0b10_1101);
    board.0.send(b"a");
    board.wait(Duration::from_micros(100));
    assert_eq!(board.read(0xE000_E208) >> (70 - 64) & 1, 1, "pending, though not enabled");
}
