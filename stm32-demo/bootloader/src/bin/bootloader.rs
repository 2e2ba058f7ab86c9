//! Decides which image runs, verifies it, maps its bank low and starts it.
//!
//! It is in both banks, with the same bytes, and a reset always runs that of bank 1. It never changes option bytes, and of
//! flash only the boot metadata and, when nothing else is left, slot A, into which the golden image goes.
//!
//! What is decided, and why: docs/boot-decision.md. Why banks are swapped as they are: docs/adr/0010.
#![no_std]
#![no_main]

use bsp::flash::FlashArea;
use bsp::{bank, clock, idle};
use cortex_m_rt::entry;
use device_apply::boot::{Check, Image, Record, Slot, Start, State, select};
use device_apply::journal::Journal;
use image_check::{golden, start, verify};
use layout::{BOOT_LOG, Bank, GOLDEN, SLOT_A, SLOT_B};

#[entry]
fn main() -> ! {
    let start = start::cause();
    clock::run_fast();
    let chosen = choose(&start);
    clock::run_slow();
    match chosen {
        Some(Bank::One) => run(),
        Some(Bank::Two) => {
            bank::map_low(Bank::Two);
            run()
        }
        // Nothing may run. Trying again would only wear the device out; power or the reset pin does.
        None => loop {
            idle::wait();
        },
    }
}

/// The bank whose slot has the image to start.
fn choose(start: &Start) -> Option<Bank> {
    let mut journal = Journal::open(FlashArea::new(BOOT_LOG)).ok()?;
    match select(&mut journal, start, check)? {
        Image::Slot(Slot::A) => Some(Bank::One),
        Image::Slot(Slot::B) => Some(Bank::Two),
        Image::Golden => golden::restore(GOLDEN, SLOT_A).map(|()| Bank::One),
    }
}

/// Checks an image: who signed it, and whether it is the one that is recorded, if anything is.
fn check(image: Image, record: &Record) -> Check {
    let (area, slot) = match image {
        Image::Slot(slot @ Slot::A) => (SLOT_A, Some(slot)),
        Image::Slot(slot @ Slot::B) => (SLOT_B, Some(slot)),
        Image::Golden => (GOLDEN, None),
    };
    let recorded = slot.filter(|&slot| record.state(slot) != State::Unrecorded);
    let recorded = recorded.map(|slot| record.image(slot));
    match verify::examine(area, SLOT_A) {
        Some(image) if recorded.is_none_or(|recorded| recorded.digest == image.digest) => {
            Check::Valid { security_counter: image.security_counter }
        }
        _ => Check::Invalid,
    }
}

/// Starts the image in the slot that is mapped low.
fn run() -> ! {
    // SAFETY: an image that was verified, of either slot, and both run from where slot A is.
    unsafe { start::image(SLOT_A) }
}
