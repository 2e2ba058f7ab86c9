//! The outside of a patch: header, image regions, variable-length integers.
//!
//! A patch is a [`header::Header`] followed by a body of `body_len` bytes, nothing after it.

pub mod header;
mod reader;
pub mod region;
pub mod varint;

#[cfg(feature = "encode")]
pub mod writer;
