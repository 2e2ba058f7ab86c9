//! The outside of a patch: header, image regions, variable-length integers.
//!
//! A patch is a [`header::Header`] followed by a body of `body_len` bytes, nothing after it. What of it is signed is in [`trust`].
//! Patches to one target may come together, as a [`bundle`]. One that overwrites its own base says [`in_place`] where. What a target tells of
//! itself a patch leaves out: [`self_digest`].

pub mod bundle;
pub mod header;
pub mod in_place;
mod reader;
pub mod region;
pub mod self_digest;
pub mod trust;
pub mod varint;

#[cfg(feature = "encode")]
pub mod writer;
