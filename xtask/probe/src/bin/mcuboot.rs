//! Slots of MCUboot under the applier, with the geometry of an STM32L4.
#![no_std]
#![no_main]

use device_apply::{Applier, Stage};
use mcuboot::{Layout, Mode};
use patcher_core::reference;
use probe::memory::{BASE, PATCH, TARGET};
use probe::slot::Slot;

/// Memory of the decoder; `static` so that it counts as RAM.
static mut WORKSPACE: [u16; 8192] = [0; 8192];

#[unsafe(no_mangle)]
extern "C" fn entry(permanent: bool) -> bool {
    // SAFETY: called once.
    let workspace = unsafe { &mut *(&raw mut WORKSPACE) };
    update(workspace, permanent).is_some()
}

fn slots() -> Option<(mcuboot::Slot<Slot>, mcuboot::Slot<Slot>)> {
    let layout = Layout::new(Mode::SwapMove, 8, 128).ok()?;
    let primary = mcuboot::Slot::primary(Slot(BASE), layout).ok()?;
    Some((primary, mcuboot::Slot::new(Slot(TARGET), layout).ok()?))
}

fn update(workspace: &mut [u16], permanent: bool) -> Option<()> {
    let (mut primary, mut secondary) = slots()?;
    if primary.state().ok()?.is_on_trial() {
        return primary.set_confirmed().ok();
    }
    primary.image().ok()?;
    let mut applier = Applier::new(primary, &mut secondary, workspace, &reference::ALL);
    let mut position = 0;
    let mut chunk = [0; 64];
    while PATCH.read(position, &mut chunk) {
        let mut rest = chunk.as_slice();
        while !rest.is_empty() {
            applier.push(&mut rest).ok()?;
        }
        position = position.wrapping_add(64);
    }
    while !matches!(applier.finish().ok()?.stage, Stage::Done { .. }) {}
    secondary.set_pending(0, permanent).ok()
}
