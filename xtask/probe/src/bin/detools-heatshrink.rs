//! Sequential detools patches with heatshrink 8,7, as esp_delta_ota and most deployed devices have it.
#![no_std]
#![no_main]

use detools_apply::codec::Heatshrink;
use detools_apply::{Sequential, Stage};
use probe::memory::{BASE, PATCH, TARGET};
use probe::slot::Slot;

/// The window; `static` so that it counts as RAM.
static mut WINDOW: [u8; 256] = [0; 256];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let window = unsafe { &mut *(&raw mut WINDOW) };
    apply(window).is_some()
}

fn apply(window: &mut [u8]) -> Option<()> {
    let mut applier = Sequential::new(Slot(BASE), Slot(TARGET), Heatshrink::new(window));
    let mut position = 0;
    let mut chunk = [0; 64];
    while PATCH.read(position, &mut chunk) {
        let mut rest = chunk.as_slice();
        while !rest.is_empty() {
            applier.push(&mut rest).ok()?;
        }
        position = position.wrapping_add(64);
    }
    while applier.finish().ok()?.stage != Stage::Done {}
    Some(())
}
