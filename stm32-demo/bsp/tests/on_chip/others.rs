//! Watchdog, causes of resets, clock, serial port.

use core::time::Duration;

use emulator::stm32l4::{Event, ResetCause};

use crate::rig::*;

/// Flags as the program puts them: watchdog, software, power.
const WATCHDOG: u32 = 4;
const POWER: u32 = 1;

#[test]
fn a_program_that_hangs_is_reset_by_the_watchdog_in_time() {
    let mut rig = Rig::new();
    assert_eq!(rig.order([CAUSES, 1, 0, 0], &[]), Ok([POWER, 0]));
    assert_eq!(rig.order([CAUSES, 1, 0, 0], &[]), Ok([0, 0]), "taken");
    assert_eq!(rig.order([WATCH, 1, 0, 504], &[]), Ok([1, 0]));
    let start = rig.0.time();
    rig.prepare([HANG, 1, 0, 0], &[]);
    assert_eq!(rig.run(), Event::Reset(ResetCause::Watchdog));
    let took = rig.0.time() - start;
    assert!((Duration::from_millis(495)..Duration::from_millis(505)).contains(&took), "{took:?}");
    assert_eq!(rig.run(), Event::Breakpoint { code: 0 });
    assert_eq!(rig.order([CAUSES, 1, 0, 0], &[]), Ok([WATCHDOG, 0]));
    // A reset stops it.
    rig.prepare([HANG, 1, 0, 0], &[]);
    assert_eq!(rig.run(), Event::Budget);
}

#[test]
fn the_same_work_takes_a_twentieth_of_the_time_at_80_mhz() {
    let mut rig = Rig::new();
    let time = |rig: &mut Rig| {
        let start = rig.0.time();
        rig.read(1, 0x8000, 128).unwrap();
        rig.0.time() - start
    };
    let slow = time(&mut rig);
    assert_eq!(rig.order([FAST, 1, 0, 0], &[]), Ok([1, 0]));
    let fast = time(&mut rig);
    assert!((19.5..20.5).contains(&(slow.as_secs_f64() / fast.as_secs_f64())), "{slow:?} {fast:?}");
}

#[test]
fn bytes_come_and_go_over_the_serial_port() {
    for (fast, hertz) in [(false, 4_000_000), (true, 80_000_000)] {
        let mut rig = Rig::new();
        if fast {
            rig.order([FAST, 1, 0, 0], &[]).unwrap();
        }
        rig.prepare([ECHO, 1, hertz, 5], &[]);
        // It opens the port first; a byte that comes before that is lost.
        assert_eq!(rig.0.run(2000), Ok(Event::Budget));
        rig.0.send(b"GdkkoXXX");
        assert_eq!(rig.run(), Event::Breakpoint { code: 0 });
        assert_eq!(rig.answer(), Ok([0, 0]), "lost bytes at {hertz}");
        assert_eq!(rig.data(5), b"Gdkko");
        // Each byte plus one; the last is still on the wire.
        assert!(rig.0.take_received().starts_with(b"Hell"));
    }
}
