//! detools patches.
//!
//! ```text
//! 0:1 type:3 compression:4
//! sequential   target length                                                              then one coded stream
//! in-place     memory, segment length, shift, base length, target length                  then one coded stream
//! delta        data-format length (0), then ops until the target is whole:
//! op           diff length, diff bytes…, extra length, extra bytes…, adjustment of the base cursor
//! ```
//! All numbers are signed and of variable length. Diff bytes are added to base bytes. The coded stream of a sequential
//! patch is one delta; that of an in-place patch is one delta for each segment of the target. A target of no bytes has
//! no stream. There is no magic and no checksum, and a sequential patch does not know its base.
//!
//! **Reference**: detools 0.53 (PyPI), `README.rst`, `detools/create.py` and behaviour.

pub mod header;
pub mod in_place;
pub mod info;
mod read;
pub mod sequential;
mod write;

pub use header::{Header, InPlace};
pub use info::Info;
pub use write::{Encoding, delta};

use crate::{Error, Limits};

/// The target that `patch` makes of `base`.
///
/// An in-place patch is applied in a copy of the base: only its first `target_len` bytes are returned.
///
/// # Errors
/// [`Error`]; its [`class`](Error::class) tells whether another patch or base is needed, or larger limits.
pub fn apply(base: &[u8], patch: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    match Header::read(patch)? {
        (Header::Sequential { compression, target_len }, rest) => {
            sequential::apply(base, compression, target_len, rest, limits)
        }
        (Header::InPlace { compression, place }, rest) => {
            in_place::apply(base, compression, &place, rest, limits)
        }
    }
}

#[cfg(test)]
mod tests;
