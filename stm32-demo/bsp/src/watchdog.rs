//! The independent watchdog. It cannot be stopped, and outlives everything but a reset. RM0351 §37.

use crate::register::Register;

const KR: Register = Register::at(0x4000_3000);
const PR: Register = Register::at(0x4000_3004);
const RLR: Register = Register::at(0x4000_3008);
const SR: Register = Register::at(0x4000_300C);

const START: u32 = 0xCCCC;
const UNLOCK: u32 = 0x5555;
const RELOAD: u32 = 0xAAAA;

/// Divides the 32 kHz by 256: 8 ms a tick (§37.4.2).
const PRESCALER: u32 = 6;
const TICK_MS: u32 = 8;
/// Reads of `SR` that outlast the five cycles of 32 kHz that a new value takes (§37.4.4), at any clock.
const ATTEMPTS: u32 = 100_000;

/// Starts it: the part is reset when [`feed`] is not called for `milliseconds`, rounded down to 8 and at most 32 seconds.
/// The oscillator is off by some percent (DS11585 §6.3.8).
///
/// Whether it took the time; if not, it runs with whatever it had before.
pub fn start(milliseconds: u32) -> bool {
    KR.write(START);
    KR.write(UNLOCK);
    if !SR.wait(3, 0, ATTEMPTS) {
        return false;
    }
    PR.write(PRESCALER);
    let ticks = milliseconds.checked_div(TICK_MS).unwrap_or(0);
    RLR.write(ticks.saturating_sub(1).min(0xFFF));
    let taken = SR.wait(3, 0, ATTEMPTS);
    feed();
    taken
}

/// Puts off the reset.
pub fn feed() {
    KR.write(RELOAD);
}
