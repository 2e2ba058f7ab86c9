//! Patch format, model, range coder and sans-I/O decoder of patcher.
//!
//! The crate is `no_std`, allocates nothing and has no dependencies. It knows bytes and no I/O:
//! images are read and written through the [`Images`] trait, patch bytes are pushed in at any
//! chunking, and all memory that grows with the patch's parameters is one slice of the caller's.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`container`] | the header, the image regions, what is signed |
//! | [`entropy`] | range coder, adaptive counters and symbols, logistic mixer |
//! | [`model`] | what is coded with which contexts: numbers, hit flags, bytes |
//! | [`reference`](mod@reference) | references in code and data, and where they lead after the update |
//! | [`stream`] | the op stream: one description that decodes and encodes |
//! | [`decode`] | the decoder: bytes in, target bytes out |
//!
//! The normative description of every byte is `docs/format.md`.
#![cfg_attr(not(feature = "encode"), no_std)]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::large_stack_arrays
)]

pub mod container;
pub mod crc;
pub mod decode;
pub mod entropy;
pub mod error;
pub mod model;
pub mod reference;
pub mod stream;

#[cfg(feature = "encode")]
pub mod encode;
#[cfg(feature = "encode")]
pub mod explain;

pub use container::header::{Header, Kind};
pub use decode::{Decoder, Event};
pub use error::{BodyError, DecodeError, HeaderError, SetupError, TrustError};
pub use stream::images::Images;
