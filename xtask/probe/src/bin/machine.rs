//! The update's state machine with both journals, and the choice from a bundle; no applier.
#![no_std]
#![no_main]

use patcher_core::container::bundle::{Index, MAX_INDEX_BYTES, Running};
use probe::events;
use probe::memory::{KEYS, PATCH};

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    events::run(|| choose().filter(|&len| len > 0).map(drop)).is_some()
}

/// The patch of a bundle for this device, of which there is nothing but the choice here.
fn choose() -> Option<u32> {
    let mut bytes = [0; MAX_INDEX_BYTES];
    let mut digest = [0; 32];
    (PATCH.read(0, &mut bytes) && KEYS.read(256, &mut digest)).then_some(())?;
    let running = Running { len: 1000, digest: &digest, ram_bytes: 16 * 1024 };
    let entry = Index::parse(&bytes).ok()?.choose(&running)?;
    Some(entry.offset ^ entry.len)
}
