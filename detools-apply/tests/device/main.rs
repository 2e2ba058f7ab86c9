//! The applier on the flash model.

mod chunks;
mod damage;
mod errors;
mod in_place;
mod memory;
mod patches;
mod sdist;
mod steps;
