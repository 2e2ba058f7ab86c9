//! One adaptive binary range coder and the probabilities that drive it.
//!
//! Everything in a patch body is a sequence of binary decisions. [`range`] turns a decision and its
//! probability into bytes and back, [`counter`] learns a probability, [`mixer`] combines several.
//! Encoder and decoder run the same code through the [`Coder`] trait, so they cannot drift.

pub mod counter;
pub mod mixer;
pub mod range;
pub mod tables;

#[cfg(feature = "encode")]
pub mod encode;

/// A direction in which binary decisions run: decoding, encoding, or counting their cost.
pub trait Coder {
    /// Codes one decision and returns it.
    ///
    /// `p1` is the probability that the decision is true, in units of 1/65536, 1..=65535. An encoder
    /// codes `bit` and returns it; a decoder ignores `bit` and returns what the patch says.
    fn code(&mut self, bit: bool, p1: u32) -> bool;
}
