//! The whole applier, going on after a power loss in every way.
#![no_std]
#![no_main]

use device_apply::apply::Open;
use device_apply::resume::{Kept, Logged, Marks, Resume};
use device_apply::{Applier, Stage};
use patcher_core::reference;
use probe::memory::{self, BASE, JOURNAL, KEYS, TARGET};
use probe::slot::Slot;

/// Memory of the decoder; `static` so that it counts as RAM.
static mut WORKSPACE: [u16; 8192] = [0; 8192];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let workspace = unsafe { &mut *(&raw mut WORKSPACE) };
    let mut policy = [0];
    KEYS.read(0, &mut policy);
    let applier = Applier::new(Slot(BASE), Slot(TARGET), workspace, &reference::ALL);
    match policy {
        [0] => apply(applier.resuming(Kept::new())),
        [1] => apply(applier.resuming(Logged::new())),
        [2] => apply(applier.resuming(Marks::snapshots(Slot(JOURNAL)))),
        _ => apply(applier.resuming(Marks::resets(Slot(JOURNAL)))),
    }
    .is_some()
}

#[inline(never)]
fn apply<R: Resume<Slot, Open>>(mut applier: Applier<'_, Slot, Slot, Open, R>) -> Option<()> {
    let mut room = [0; 64];
    loop {
        let position = applier.progress().patch_done;
        applier.seek(position).ok()?;
        let Some(mut chunk) = memory::patch(position, &mut room) else { break };
        applier.push(&mut chunk).ok()?;
    }
    loop {
        if let Stage::Done { .. } = applier.finish().ok()?.stage {
            return Some(());
        }
    }
}
