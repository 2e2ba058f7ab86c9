//! An image started under the watchdog.

use bsp::reset::Causes;
use bsp::{boot, watchdog};
use device_apply::boot::{Reset, Start};
use layout::{Area, FLASH, IMAGE_HEADER_BYTES};

/// How often an image may be started without confirming itself.
const TRIAL_BOOTS: u8 = 3;
/// An image that does not feed the watchdog for so long is given up.
const WATCHDOG_MS: u32 = 4000;

/// Why the device starts. The reset flags are cleared.
#[must_use]
pub fn cause() -> Start {
    let reset = if Causes::take().watchdog() { Reset::Watchdog } else { Reset::Other };
    Start { reset, trial_boots: TRIAL_BOOTS }
}

/// Starts the image in a slot.
///
/// # Safety
/// It must have been verified, and the slot be where it is made to run.
pub unsafe fn image(slot: Area) -> ! {
    // Whether it took the time does not matter: it runs in any case.
    watchdog::start(WATCHDOG_MS);
    // SAFETY: by the caller, the vector table of a program is there.
    unsafe { boot::start(FLASH + slot.start() + IMAGE_HEADER_BYTES) }
}
