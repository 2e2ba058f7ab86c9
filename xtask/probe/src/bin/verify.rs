//! The whole applier, and who made the patch: SHA-256 and P-256.
#![no_std]
#![no_main]

use device_apply::trust::{Policy, PublicKey};
use device_apply::{Applier, Stage};
use patcher_core::reference;
use probe::memory::{self, BASE, KEYS, TARGET};
use probe::slot::Slot;

/// Memory of the decoder and of a block; `static` so that it counts as RAM.
static mut WORKSPACE: [u16; 8192] = [0; 8192];
static mut BLOCK: [u8; 1024] = [0; 1024];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let (workspace, block) = unsafe { (&mut *(&raw mut WORKSPACE), &mut *(&raw mut BLOCK)) };
    apply(workspace, block).is_some()
}

fn apply(workspace: &mut [u16], block: &mut [u8]) -> Option<()> {
    let mut key = PublicKey([0; 33]);
    let mut counter = [0];
    if !KEYS.read(0, &mut key.0) || !KEYS.read(64, &mut counter) {
        return None;
    }
    let keys = [key];
    let policy = Policy::new(&keys, b"probe", counter[0].into()).with_roots(&keys);
    let mut applier =
        Applier::verifying(Slot(BASE), Slot(TARGET), workspace, &reference::ALL, policy, block);
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
