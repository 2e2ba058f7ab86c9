//! What the probes share. Those in `src/bin` never run: they are linked, then looked at. Those in `src/run` do.
#![no_std]

pub mod decode;
pub mod detools;
pub mod events;
pub mod mapped;
pub mod memory;
mod panic;
pub mod slot;
