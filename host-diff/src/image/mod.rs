//! From a file to a flat image with hints: the bytes a device holds, where they are loaded, and for which core.
//!
//! - [`load()`] reads BIN, Intel HEX, ELF and UF2, told apart by content, into one [`FlatImage`]; the same
//!   firmware gives the same bytes in each of them.
//! - [`detect()`] and [`detect_pair()`] find the instruction set and the load address where the file does not say, and
//!   tell how sure they are.
//!
//! | module | knows |
//! | --- | --- |
//! | `flat` | what an image is: bytes, address, regions, symbols, warnings |
//! | `load` | which format a file has |
//! | `chunks` | how data at addresses becomes one run of bytes |
//! | `hex`, `elf`, `uf2` | one format each |
//! | [`mcuboot`] | where an MCUboot image ends in its file, and what it says |
//! | [`mod@detect`] | instruction set and load address of raw bytes |

mod bytes;
mod chunks;
pub mod detect;
mod elf;
mod error;
#[cfg(test)]
mod fixtures;
mod flat;
mod hex;
mod load;
pub mod mcuboot;
mod uf2;

pub use detect::{Confidence, Detection, Evidence, detect, detect_pair};
pub use error::LoadError;
pub use flat::{FlatImage, Format, Isa, LoadWarning, Region, Section, Span, Symbol};
pub use load::{LoadOptions, load};
