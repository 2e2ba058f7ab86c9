//! The bootloader of a device with one slot: applies the staged patch in place, verifies what came of it and starts it; takes it back
//! with the reverse patch when it does not confirm itself.
//!
//! It never changes option bytes, and of flash the boot metadata, the slot, and the journals of an update.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`device`] | what the boot decision asks for: images verified, patches applied |
//! | [`patch`] | a staged patch, checked and applied |
//!
//! What is decided, and why: docs/boot-decision.md, "One slot".
#![no_std]
#![no_main]

mod device;
mod patch;

use bsp::flash::FlashArea;
use bsp::{clock, idle};
use cortex_m_rt::entry;
use device_apply::boot::Start;
use device_apply::boot::single::{Image, select};
use device_apply::journal::Journal;
use image_check::{golden, start};
use layout::single::{BOOT_LOG, GOLDEN, SLOT};

#[entry]
fn main() -> ! {
    let start = start::cause();
    clock::run_fast();
    let chosen = choose(&start);
    clock::run_slow();
    if chosen.is_some() {
        // SAFETY: an image that was verified, in the slot that it runs from.
        unsafe { start::image(SLOT) }
    }
    // Nothing may run. Trying again would only wear the device out; power or the reset pin does.
    loop {
        idle::wait();
    }
}

/// Brings the image to start to the slot.
fn choose(start: &Start) -> Option<()> {
    let mut journal = Journal::open(FlashArea::new(BOOT_LOG)).ok()?;
    match select(&mut journal, start, &mut device::OneSlot)? {
        Image::Slot => Some(()),
        Image::Golden => golden::restore(GOLDEN, SLOT),
    }
}
