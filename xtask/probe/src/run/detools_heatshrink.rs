//! Applies a sequential detools patch with heatshrink and a window of at most 2 KiB.
#![no_std]
#![no_main]

use detools_apply::codec::Heatshrink;
use probe::mapped::{self, Ranges};

static mut WINDOW: [u8; 2048] = [0; 2048];

#[unsafe(no_mangle)]
extern "C" fn entry() -> ! {
    // SAFETY: called once, by the emulator.
    let (ranges, window) = unsafe { (Ranges::take(), &mut *(&raw mut WINDOW)) };
    mapped::stop(mapped::detools(ranges, Heatshrink::new(window)).is_some())
}
