//! Applies a sequential detools patch with LZMA, a dictionary of at most 16 KiB and lc + lp of at most 3.
#![no_std]
#![no_main]

use detools_apply::codec::Lzma;
use probe::mapped::{self, Ranges};

static mut DICTIONARY: [u8; 16 << 10] = [0; 16 << 10];
static mut PROBABILITIES: [u16; Lzma::probabilities(3)] = [0; Lzma::probabilities(3)];

#[unsafe(no_mangle)]
extern "C" fn entry() -> ! {
    // SAFETY: called once, by the emulator.
    let ranges = unsafe { Ranges::take() };
    // SAFETY: the same.
    let dictionary = unsafe { &mut *(&raw mut DICTIONARY) };
    // SAFETY: the same.
    let probabilities = unsafe { &mut *(&raw mut PROBABILITIES) };
    mapped::stop(mapped::detools(ranges, Lzma::new(dictionary, probabilities)).is_some())
}
