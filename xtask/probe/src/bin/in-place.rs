//! The update that overwrites its base, with all that a cut needs.
#![no_std]
#![no_main]

use device_apply::in_place::{InPlace, Parts, Stage};
use patcher_core::reference;
use probe::memory::{BASE, JOURNAL, KEYS, PATCH, TARGET};
use probe::slot::Slot;

/// Memory of the decoder; `static` so that it counts as RAM.
static mut WORKSPACE: [u16; 8192] = [0; 8192];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let workspace = unsafe { &mut *(&raw mut WORKSPACE) };
    let parts = Parts {
        slot: Slot(BASE),
        scratch: Some(Slot(TARGET)),
        steps: Slot(KEYS),
        marks: Some(Slot(JOURNAL)),
    };
    update(parts, workspace).is_some()
}

fn update(parts: Parts<Slot, Slot>, workspace: &mut [u16]) -> Option<()> {
    let mut update = InPlace::new(Slot(PATCH), parts, workspace, &reference::ALL).ok()?;
    loop {
        if let Stage::Done { .. } = update.step().ok()?.stage {
            return Some(());
        }
    }
}
