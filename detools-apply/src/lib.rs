//! Applies detools patches on the device, streaming, over `embedded-storage` flash traits.
//!
//! For fleets whose servers make detools patches: the same patches, sequential and in place, with the codecs none, CRLE,
//! heatshrink and LZMA. The crate is `no_std`, allocates nothing and contains no panic. Patch bytes are pushed as they arrive, at any
//! chunking.
//!
//! ```
//! use detools_apply::codec::{Crle, Heatshrink, Or};
//! use detools_apply::{Sequential, Stage};
//! use flash_model::{FlashModel, Stm32L4};
//! # use formats::detools::{self, Encoding};
//! # use formats::{Stretch, codec::heatshrink::Parameters};
//! # let encoding = Encoding::Heatshrink(Parameters::DEPLOYED);
//! # let stretches = [Stretch { target: 0, base: 0, len: 12 }];
//! # let patch = detools::sequential::write(b"firmware 1.0", b"firmware 1.1", &stretches, &encoding)?;
//! let flash = FlashModel::<Stm32L4>::new();
//! flash.slot(0..0x8_0000).load(b"firmware 1.0");
//!
//! let (base, target) = (flash.slot(0..0x8_0000), flash.slot(0x8_0000..0x10_0000));
//! let mut window = [0; 256]; // heatshrink 8,7
//! let codec = Or::new(Heatshrink::new(&mut window), Crle::default()); // what this device links
//! let mut applier = Sequential::new(base, target, codec);
//! for packet in patch.chunks(20) {
//!     let mut rest = packet;
//!     while !rest.is_empty() {
//!         applier.push(&mut rest)?; // feed the watchdog after each call
//!     }
//! }
//! while applier.finish()?.stage != Stage::Done {}
//! assert_eq!(flash.dump(0x8_0000..0x8_000C)?, b"firmware 1.1");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`codec`] | the codecs, and what memory they take |
//! | [`sequential`] | [`Sequential`]: from one slot to another |
//! | [`in_place`] | [`InPlace`]: within one memory, resumed after power loss by its steps |
//! | [`steps`] | [`Steps`], and [`StepLog`], which keeps them in flash |
//! | [`error`] | what can go wrong |
//!
//! # What it cannot do
//!
//! The format names no base and carries no digest: whether the base was the right one and the target is, others must find out
//! (image header, signature). Type hdiffpatch, data-format blocks, bz2, zstd and LZ4 are refused by name.
//!
//! **Reference**: detools 0.53; steps as in `detools_apply_patch_in_place_callbacks` of its C library.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::large_stack_arrays,
    clippy::wildcard_enum_match_arm
)]

mod base;
pub mod codec;
mod driver;
pub mod error;
mod header;
pub mod in_place;
mod input;
mod number;
mod ops;
mod place;
pub mod progress;
pub mod sequential;
pub mod steps;
mod stream;
mod writer;

pub use error::{ApplyError, Class, CodecError, PatchError};
pub use header::Compression;
pub use in_place::InPlace;
pub use progress::{Progress, Stage};
pub use sequential::Sequential;
pub use steps::{StepLog, Steps};

/// Bytes of an applier beside flash handles, steps, codec and the codec's memory: RAM of a device.
pub const STATE_BYTES: usize = 320;

const _: () = {
    use core::mem::size_of;
    assert!(size_of::<Sequential<(), (), ()>>() <= STATE_BYTES);
    assert!(size_of::<InPlace<(), (), ()>>() <= STATE_BYTES);
};
