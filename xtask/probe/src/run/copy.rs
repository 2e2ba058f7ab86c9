//! Copies the base, as far as the target is long, byte by byte: what any update has to do at least.
#![no_std]
#![no_main]

use probe::mapped::{self, Ranges};

#[unsafe(no_mangle)]
extern "C" fn entry() -> ! {
    // SAFETY: called once, by the emulator.
    let Ranges { base, target, .. } = unsafe { Ranges::take() };
    for (to, from) in target.iter_mut().zip(base) {
        // SAFETY: a reference. Volatile, so that this is not made a call of `memcpy`.
        unsafe { core::ptr::from_mut(to).write_volatile(*from) };
    }
    mapped::stop(true)
}
