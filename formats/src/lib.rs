//! Patch formats of other tools: their containers, their codecs, and how they are applied.
//!
//! | module | format | reference |
//! | --- | --- | --- |
//! | [`detools`] | detools, sequential and in place | detools 0.53 documentation and behaviour |
//! | [`esp`] | esp_delta_ota: 64 bytes before a sequential detools patch | ESP-IDF component esp_delta_ota 1.1 |
//! | [`bsdiff`] | BSDIFF40 and ENDSLEY/BSDIFF43 | bsdiff 4.3, C. Percival; its library by M. Endsley |
//!
//! A delta is a list of [`Stretch`]es everywhere: parts of the target that continue parts of the base, byte by byte
//! with differences, and between them new bytes. Who finds good stretches is not this crate's matter.
//!
//! ```
//! use formats::detools::{self, Encoding};
//! use formats::{Limits, Stretch};
//! let (base, target) = (b"The first image".to_vec(), b"The other image".to_vec());
//! let stretches = [Stretch { target: 0, base: 0, len: 15 }];
//! let patch = detools::sequential::write(&base, &target, &stretches, &Encoding::Crle)?;
//! assert_eq!(detools::apply(&base, &patch, &Limits::default())?, target);
//! # Ok::<(), formats::Error>(())
//! ```
//!
//! Nothing here panics on any bytes, and the cost of any patch is bounded by [`Limits`].

pub mod bsdiff;
pub mod codec;
pub mod detools;
mod error;
pub mod esp;
mod limits;
mod stretch;
mod varint;

pub use error::{Class, Error};
pub use limits::Limits;
pub use stretch::Stretch;
