//! Sequential detools patches with heatshrink 8,7, as esp_delta_ota and most deployed devices have it.
#![no_std]
#![no_main]

use detools_apply::codec::Heatshrink;
use probe::detools::sequential;

/// The window; `static` so that it counts as RAM.
static mut WINDOW: [u8; 256] = [0; 256];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let window = unsafe { &mut *(&raw mut WINDOW) };
    sequential(Heatshrink::new(window)).is_some()
}
