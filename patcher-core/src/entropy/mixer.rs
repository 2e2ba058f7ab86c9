//! Logistic mixing: a weighted sum of logits, trained on line.
//!
//! Weights are signed sixteen-bit numbers in 1/8192 ("Q13", −4 ≤ w < 4), kept as `u16` bit patterns in
//! the workspace. **Reference**: M. Mahoney, "Adaptive weighing of context models", 2005.

use super::Coder;
use super::tables::squash;

/// The constant input, 2 in Q8: its weight is what is known without any context.
pub const BIAS: i32 = 512;

/// How a kind of decision is mixed.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The probability stays this many 1/65536 away from certainty.
    pub least: u16,
    /// Learning rate: weight change in Q13 is `error * logit >> slowness`, 1..=31.
    pub slowness: u32,
}

fn signed(word: u16) -> i32 {
    i32::from(i16::from_le_bytes(word.to_le_bytes()))
}

/// Codes one decision by the mix of `logits`, and trains `weights` with it.
#[inline(never)]
pub fn decide(
    coder: &mut impl Coder,
    weights: &mut [u16],
    logits: &[i32],
    way: Way,
    bit: bool,
) -> bool {
    let p1 = mix(weights, logits).clamp(way.least, u16::MAX - way.least + 1);
    let bit = coder.code(bit, p1);
    train(weights, logits, p1, way.slowness, bit);
    bit
}

/// The mixed probability in 1/65536 before any clamp; `weights` and `logits` have equal length.
#[inline]
#[must_use]
pub fn mix(weights: &[u16], logits: &[i32]) -> u16 {
    let dot: i32 = weights.iter().zip(logits).map(|(&w, &x)| signed(w) * x).sum();
    squash(dot >> 13)
}

/// Moves the weights so that the mix of `logits`, which gave `p1`, would have been nearer to `bit`.
#[inline]
pub fn train(weights: &mut [u16], logits: &[i32], p1: u16, slowness: u32, bit: bool) {
    let half = 1 << (slowness - 1);
    let error = if bit { 65535 } else { 0 } - i32::from(p1);
    for (weight, &logit) in weights.iter_mut().zip(logits) {
        let step = (error * logit + half) >> slowness;
        let moved = (signed(*weight) + step).clamp(-32_768, 32_767);
        *weight = u16::from_le_bytes(i16::try_from(moved).unwrap_or(0).to_le_bytes());
    }
}
