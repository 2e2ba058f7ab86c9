//! Logistic mixing: a weighted sum of logits, trained on line.
//!
//! Weights are signed sixteen-bit numbers in 1/8192 ("Q13", −4 ≤ w < 4), kept as `u16` bit patterns in
//! the workspace. **Reference**: M. Mahoney, "Adaptive weighing of context models", 2005.

use super::logit::{squash, stretch};
use super::{Coder, counter};

/// Cells that one decision is mixed from.
pub const INPUTS: usize = 3;
/// Words of a weight set: one for each input and one for the constant.
pub const WEIGHTS: usize = INPUTS + 1;

/// The constant input, 2 in Q8: its weight is what is known without any context.
const BIAS: i32 = 512;

/// How a kind of decision is mixed.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// The probability stays this many 1/65536 away from certainty.
    pub least: i32,
    /// Learning rate: weight change in Q13 is `error * logit >> slowness`, 1..=31.
    pub slowness: u32,
}

fn signed(word: u16) -> i32 {
    i32::from(i16::from_le_bytes(word.to_le_bytes()))
}

/// Codes one decision by the mix of what the `cells` of these indices say, and teaches `weights` and cells. A cell that is not
/// there has no say.
///
/// **Cost**: one copy of it serves all decisions that are mixed.
#[inline(never)]
pub fn decide(
    coder: &mut impl Coder,
    weights: &mut [u16; WEIGHTS],
    cells: &mut [u16],
    inputs: &[usize; INPUTS],
    way: Way,
    bit: bool,
) -> bool {
    let mut logits = [0i32; INPUTS];
    let [of_inputs @ .., constant] = weights;
    let mut dot = signed(*constant) * BIAS;
    for ((logit, &input), &weight) in logits.iter_mut().zip(inputs).zip(&*of_inputs) {
        if let Some(&cell) = cells.get(input) {
            *logit = stretch(counter::p12(cell));
            dot += *logit * signed(weight);
        }
    }
    let p1 = squash(dot >> 13).clamp(way.least, 65_536 - way.least);
    let bit = coder.code(bit, p1.cast_unsigned());
    // All ones for true.
    let truth = -i32::from(bit);
    let error = (truth & 65_535) - p1;
    let half = 1 << (way.slowness - 1);
    let train = |weight: &mut u16, logit: i32| {
        let step = (error * logit + half) >> way.slowness;
        *weight = counter::low_half((signed(*weight) + step).clamp(-32_768, 32_767));
    };
    train(constant, BIAS);
    for ((&logit, &input), weight) in logits.iter().zip(inputs).zip(of_inputs) {
        if let Some(cell) = cells.get_mut(input) {
            train(weight, logit);
            counter::update(cell, bit);
        }
    }
    bit
}
