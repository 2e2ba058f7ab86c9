//! Applies a sequential detools patch with CRLE.
#![no_std]
#![no_main]

use detools_apply::codec::Crle;
use probe::mapped::{self, Ranges};

#[unsafe(no_mangle)]
extern "C" fn entry() -> ! {
    // SAFETY: called once, by the emulator.
    let ranges = unsafe { Ranges::take() };
    mapped::stop(mapped::detools(ranges, Crle::default()).is_some())
}
