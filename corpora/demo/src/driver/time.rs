//! Milliseconds since start, from SysTick.

use core::sync::atomic::{AtomicU32, Ordering};

use super::reg::Reg;
use crate::chip;

static UPTIME_MS: AtomicU32 = AtomicU32::new(0);

pub(super) fn init() {
    Reg::at(chip::SYSTICK, 4).write(chip::CLOCK_HZ / 1000 - 1);
    Reg::at(chip::SYSTICK, 8).write(0);
    Reg::at(chip::SYSTICK, 0).write(7);
}

/// The SysTick handler, the only writer of the counter.
pub(crate) extern "C" fn systick() {
    UPTIME_MS.store(UPTIME_MS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// Milliseconds since start; wraps after 49 days.
pub(crate) fn now_ms() -> u32 {
    UPTIME_MS.load(Ordering::Relaxed)
}

/// Whether `period_ms` have passed since `since_ms`, across the wrap.
pub(crate) fn elapsed(since_ms: u32, period_ms: u32) -> bool {
    now_ms().wrapping_sub(since_ms) >= period_ms
}

/// Hours, minutes, seconds, milliseconds of the uptime.
pub(crate) fn uptime() -> (u32, u32, u32, u32) {
    let ms = now_ms();
    (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}
