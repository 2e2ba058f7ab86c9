//! Instruction set and load address of images that do not say.
//!
//! By consistency, not by a histogram of pointers: an instruction set is believed when its calls land on function
//! entries, an address when pointers minus the address land on function entries and begins of strings. Base and target
//! of a patch vote together.

mod bits;
mod clues;
mod code;
mod data;
mod decide;
mod esp;
#[cfg(test)]
mod fixtures;
mod isa;
mod log2;
mod strings;
mod thumb;
mod vector;
mod vote;

pub use decide::{Confidence, Detection, Evidence, detect, detect_pair};
