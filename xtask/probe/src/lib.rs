//! What the probes share. Never runs: it is linked, then looked at.
#![no_std]

pub mod decode;
pub mod memory;
mod panic;
pub mod slot;
