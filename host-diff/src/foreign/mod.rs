//! Patches in formats of other tools, smaller than those tools make them.
//!
//! The formats leave it to the writer which parts of the base are compared with which parts of the target. Several
//! alignments are tried, each the cheapest by what the codec charges, and the one that bsdiff (so detools) takes; the
//! smallest patch wins, so none is larger than that of the tool itself with the same alignment.

mod candidates;
mod coded;
mod lz_path;
mod path;
mod prices;
mod read;
mod room;
mod scan;
mod write;

pub use read::{Details, apply, details, reads};
pub use write::{Codec, Effort, Written, bsdiff, esp, in_place, sequential};

pub use formats;

#[cfg(test)]
mod tests;
