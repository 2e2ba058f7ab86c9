//! Decodes a patch with every instruction set.
#![no_std]
#![no_main]

use patcher_core::reference;
use probe::mapped::{self, Ranges};

#[unsafe(no_mangle)]
extern "C" fn entry() -> ! {
    // SAFETY: called once, by the emulator.
    let ranges = unsafe { Ranges::take() };
    mapped::stop(mapped::decode(ranges, &reference::ALL).is_some())
}
