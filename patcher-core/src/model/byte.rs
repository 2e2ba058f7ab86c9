//! A byte that is not known: eight decisions, nine mixed contexts each.
//!
//! Extras and missed predictions share the tables; their contexts differ. The first context of a missed
//! byte follows the prediction instead of the bits: it learns where predictions fail.

use crate::entropy::{Coder, counter, mixer, tables};
use crate::model::hash;

/// Contexts of one decision.
pub const INPUTS: usize = 9;
/// Weight sets of missed predictions: unit kind × (diverged, predicted 0, predicted 1).
pub const MISS_SETS: usize = 8 * 3;
/// Weight sets of extras: bit of the byte × parity.
pub const EXTRA_SETS: usize = 8 * 2;
/// Words of all weights.
pub const WEIGHTS: usize = (MISS_SETS + EXTRA_SETS) * INPUTS;
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
const P_MIN: u16 = 32;

/// Weights and counters of the byte decisions.
#[derive(Debug)]
pub struct ByteModel<'w> {
    pub(crate) weights: &'w mut [u16],
    pub(crate) slots: &'w mut [u16],
}

/// What the weights are picked by.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// A byte of an extra; the parity of its target offset.
    Extra {
        /// Target offset modulo 2.
        parity: u32,
    },
    /// A byte of a unit whose prediction failed.
    Miss {
        /// Unit kind, 0..=7.
        kind: u32,
        /// The byte that was predicted.
        predicted: u8,
    },
}

impl ByteModel<'_> {
    /// Codes one byte, highest bit first. `contexts` are hashed already, without the bits so far.
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        role: Role,
        contexts: &[u32; INPUTS],
        byte: u8,
    ) -> u8 {
        let len = self.slots.len();
        let mut sofar = 1u32;
        for bit_index in (0..8u32).rev() {
            let path = sofar.wrapping_mul(0x9E37_79B1);
            // Where the byte stands towards its prediction: 0 diverged, else 1 + the expected bit.
            let towards = match role {
                Role::Extra { .. } => None,
                Role::Miss { predicted, .. } => {
                    let expected = 0x100 | u32::from(predicted);
                    let follows = expected >> (bit_index + 1) == sofar;
                    Some(if follows { 1 + (expected >> bit_index & 1) } else { 0 })
                }
            };
            let first_path = match towards {
                Some(state) => (bit_index << 2 | state).wrapping_mul(0x9E37_79B1),
                None => path,
            };
            let mut logits = [0i32; INPUTS];
            let mut places = [0usize; INPUTS];
            let paths = core::iter::once(first_path).chain(core::iter::repeat(path));
            let inputs = contexts.iter().zip(paths);
            for ((logit, place), (&context, path)) in logits.iter_mut().zip(&mut places).zip(inputs)
            {
                *place = hash::slot((context ^ path).wrapping_mul(0x2C1B_3C6D), len);
                let slot = self.slots.get(*place).copied().unwrap_or(counter::FRESH);
                *logit = (tables::stretch(counter::p12(slot)) * counter::confidence(slot)) >> 8;
            }
            let set = match role {
                Role::Extra { parity } => MISS_SETS + (bit_index * 2 + parity) as usize,
                Role::Miss { kind, .. } => (kind * 3 + towards.unwrap_or(0)) as usize,
            };
            let start = set * INPUTS;
            let Some(weights) = self.weights.get_mut(start..start + INPUTS) else { return 0 };
            let p1 = mixer::mix(weights, &logits).clamp(P_MIN, u16::MAX - P_MIN + 1);
            let bit = coder.code(byte >> bit_index & 1 == 1, p1);
            mixer::train(weights, &logits, p1, bit);
            for &place in &places {
                if let Some(slot) = self.slots.get_mut(place) {
                    counter::update(slot, bit);
                }
            }
            sofar = sofar << 1 | u32::from(bit);
        }
        u8::try_from(sofar & 0xFF).unwrap_or(0)
    }
}
