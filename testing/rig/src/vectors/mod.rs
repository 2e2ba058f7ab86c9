//! `vectors/`: patches that must decode forever, and patches that must be refused.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`index`] | what `vectors/index.toml` says |
//! | [`book`] | files and index entries as they are collected |
//! | [`valid`] | what decodes |
//! | [`invalid`] | what is refused, at least one for each code |
//! | [`in_place`] | the same two of patches that are applied in place |
//! | [`trust`] | what a device with keys makes of signed patches, at least one for each code |

pub mod book;
pub mod in_place;
pub mod index;
pub mod invalid;
pub mod trust;
pub mod valid;

pub use book::Book;
pub use index::{Index, Invalid, Mark, Trust, Valid, folder, hex, sha256, unhex};

/// All vectors, the same on every machine.
///
/// # Panics
/// When the codec does not treat one as its index entry says.
#[must_use]
pub fn generate() -> Book {
    let mut book = Book::default();
    valid::write(&mut book);
    invalid::write(&mut book);
    in_place::write(&mut book);
    trust::write(&mut book);
    book
}
