//! The whole applier: header, digests, decoder and flash, with the geometry of an STM32L4.
#![no_std]
#![no_main]

use device_apply::{Applier, Stage};
use patcher_core::reference;
use probe::memory::{self, BASE, TARGET};
use probe::slot::Slot;

/// Memory of the decoder; `static` so that it counts as RAM.
static mut WORKSPACE: [u16; 8192] = [0; 8192];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let workspace = unsafe { &mut *(&raw mut WORKSPACE) };
    apply(workspace).is_some()
}

fn apply(workspace: &mut [u16]) -> Option<()> {
    let mut applier = Applier::new(Slot(BASE), Slot(TARGET), workspace, &reference::ALL);
    let mut position = 0;
    let mut room = [0; 64];
    while let Some(mut rest) = memory::patch(position, &mut room) {
        while !rest.is_empty() {
            applier.push(&mut rest).ok()?;
        }
        position = position.wrapping_add(64);
    }
    loop {
        if let Stage::Done { .. } = applier.finish().ok()?.stage {
            return Some(());
        }
    }
}
