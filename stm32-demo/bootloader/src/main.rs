//! Decides which image runs, verifies it, maps its bank low and starts it.
//!
//! It is in both banks, with the same bytes, and a reset always runs that of bank 1. It never changes option bytes, and of
//! flash only the boot metadata and, when nothing else is left, slot A, into which the golden image goes.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`verify`] | whether an image is whole, signed, and made for this device |
//! | [`golden`] | the golden image into slot A |
//! | [`keys`] | who may sign |
//!
//! What is decided, and why: docs/boot-decision.md. Why banks are swapped as they are: docs/adr/0010.
#![no_std]
#![no_main]

mod golden;
mod keys;
mod verify;

use core::panic::PanicInfo;

use bsp::flash::{FlashArea, on_nmi};
use bsp::reset::Causes;
use bsp::{bank, boot, clock, idle, reset, watchdog};
use cortex_m_rt::{entry, exception};
use device_apply::boot::{Image, Reset, Slot, Start, select};
use device_apply::journal::Journal;
use layout::{BOOT_LOG, Bank, FLASH, IMAGE_HEADER_BYTES, SLOT_A};

/// How often an image may be started without confirming itself.
const TRIAL_BOOTS: u8 = 3;
/// An image that does not feed the watchdog for so long is given up.
const WATCHDOG_MS: u32 = 4000;

#[entry]
fn main() -> ! {
    let causes = Causes::take();
    let reset = if causes.watchdog() { Reset::Watchdog } else { Reset::Other };
    clock::run_fast();
    let chosen = choose(&Start { reset, trial_boots: TRIAL_BOOTS });
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
    match select(&mut journal, start, |image, record| verify::check(image, record))? {
        Image::Slot(Slot::A) => Some(Bank::One),
        Image::Slot(Slot::B) => Some(Bank::Two),
        Image::Golden => golden::restore().map(|()| Bank::One),
    }
}

/// Starts the image in the slot that is mapped low.
fn run() -> ! {
    // Whether it took the time does not matter: it runs in any case.
    watchdog::start(WATCHDOG_MS);
    // SAFETY: an image that was verified, whose vector table is there and fits its place.
    unsafe { boot::start(FLASH + SLOT_A.start() + IMAGE_HEADER_BYTES) }
}

#[exception]
unsafe fn NonMaskableInt() {
    on_nmi();
}

#[exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    reset::now()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    reset::now()
}
