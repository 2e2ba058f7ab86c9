//! References in code and data, and where they lead after the update.
//!
//! A branch or a pointer that sits in aligned code changes when what it leads to has moved. The
//! decoder reads the base's reference, maps its target through the [`map`] (sent with the patch) or
//! the [`cache`] (learned on the way), and predicts the bytes that the target image must hold.

pub mod cache;
pub mod map;
pub mod pointer;
pub mod thumb;

use core::fmt::Debug;
use core::ops::Range;

/// Longest reference, bytes.
pub const MAX_LEN: usize = 8;

/// A branch found in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Address it leads to.
    pub target: u32,
    /// Bytes it occupies, 1..=[`MAX_LEN`].
    pub len: u8,
}

/// What the model must know of an instruction set.
///
/// Pointers (aligned 32-bit little-endian words into an image or into RAM) are found alike on every
/// core that has an `Isa`; branches are its own.
pub trait Isa: Debug + Sync {
    /// Number in the header.
    fn id(&self) -> u8;
    /// Bytes of the smallest instruction: plain code is predicted in units of it, 1 or 2.
    fn unit(&self) -> u8;
    /// Addresses that are RAM on every part of this core.
    fn ram(&self) -> Range<u32>;
    /// The branch that starts at `address` with `bytes`, if there is one.
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch>;
    /// `bytes` of a branch, now at `address`, led to `target`. A target out of reach wraps.
    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN];
}

/// Every instruction set of this version, in the order of their numbers.
///
/// A device passes a shorter list to the decoder, so that the linker drops the others.
pub const ALL: [&dyn Isa; 2] = [&pointer::Pointers, &thumb::Thumb];

/// The number that stands for "no references".
pub const NO_ISA: u8 = 0;
