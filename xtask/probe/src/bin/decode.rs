//! The codec alone: header and decoder with every instruction set.
#![no_std]
#![no_main]

use patcher_core::reference;

/// Memory of the decoder; `static` so that it counts as RAM.
static mut WORKSPACE: [u16; 8192] = [0; 8192];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let workspace = unsafe { &mut *(&raw mut WORKSPACE) };
    probe::decode::decode(&reference::ALL, workspace).is_some()
}
