//! One adaptive range coder and the probabilities that drive it.
//!
//! Everything in a patch body is a sequence of binary decisions and of symbols, one of sixteen. [`range`] turns them and their
//! probabilities into bytes and back, [`counter`] learns the probability of a decision, [`mixer`] combines several, [`symbol`]
//! learns those of symbols. Encoder and decoder run the same code through the [`Coder`] trait, so they cannot drift.

pub mod counter;
pub mod logit;
pub mod mixer;
pub mod range;
pub mod symbol;

#[cfg(feature = "encode")]
pub mod encode;

use symbol::Odds;

/// A direction in which decisions run: decoding, encoding, or counting their cost.
pub trait Coder {
    /// Codes one decision and returns it.
    ///
    /// `p1` is the probability that the decision is true, in units of 1/65536, 1..=65535. An encoder
    /// codes `bit` and returns it; a decoder ignores `bit` and returns what the patch says.
    fn code(&mut self, bit: bool, p1: u32) -> bool;

    /// Codes one of sixteen symbols and returns it: an encoder `symbol` < 16, a decoder what the patch says.
    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize;
}
