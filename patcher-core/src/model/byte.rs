//! A byte that is not known: eight decisions, each mixed from bit counters and remembered bytes.
//!
//! Literals and missed predictions share the tables; their contexts differ. Both have a byte to compare with: what the base
//! or the last copy would have gone on with, or the prediction that failed. The first context follows that
//! byte instead of the bits so far: it learns where the comparison fails.
//!
//! `Remembered` bytes answer in few bits what counters would need eight slots for: after this context came that byte,
//! so often in a row.

use super::Sets;
use super::remembered::{Remembered, RunSlots};
use crate::entropy::{Coder, counter, mixer};
use crate::model::hash;

/// Contexts whose bits have counters.
pub const INPUTS: usize = 7;
/// Contexts that remember a byte.
pub const RUNS: usize = 4;
/// Inputs of one decision: counters, remembered bytes, and a constant.
const ALL: usize = INPUTS + RUNS + 1;
/// Weight sets: state towards the expected byte × (unit kinds of misses, bit pairs of literals).
pub(crate) const WEIGHTS: Sets = Sets { count: 3 * 8, len: ALL, compact: 2 };
/// Counters of how far remembered bytes can be trusted: role × input, each by count.
pub(crate) const TRUST: Sets = Sets { count: 2 * RUNS, len: 8, compact: 1 };
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
const MIX: mixer::Way = mixer::Way { least: 32, slowness: 18 };

/// Weights and counters of the byte decisions.
#[derive(Debug)]
pub struct ByteModel<'w> {
    pub(crate) compact: bool,
    pub(crate) trust: &'w mut [u16],
    pub(crate) weights: &'w mut [u16],
    pub(crate) runs: &'w mut [u16],
    pub(crate) slots: &'w mut [u16],
}

/// What the weights are picked by.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// A literal of an extra.
    Literal,
    /// A byte of a unit whose prediction failed, by [`Kind::miss_class`](crate::stream::UnitKind), 0..=3.
    Miss(usize),
}

/// What a byte is coded by; contexts are hashed already.
#[derive(Debug, Clone, Copy)]
pub struct Contexts {
    /// Weight set.
    pub role: Role,
    /// The byte that the first context follows.
    pub expected: u8,
    /// Contexts of bit counters, without the bits so far.
    pub bits: [u32; INPUTS],
    /// Contexts of remembered bytes.
    pub runs: [u32; RUNS],
}

/// Where `sofar` stands towards `expected` at bit `index`: 0 diverged, else 1 + the expected bit.
pub(crate) fn towards(expected: u8, sofar: u32, index: u32) -> u32 {
    let expected = 0x100 | u32::from(expected);
    if expected >> (index + 1) == sofar { 1 + (expected >> index & 1) } else { 0 }
}

impl ByteModel<'_> {
    /// Codes one byte, highest bit first.
    pub fn code(&mut self, coder: &mut impl Coder, contexts: &Contexts, byte: u8) -> u8 {
        let mut runs = RunSlots { slots: self.runs };
        let first_trust = match contexts.role {
            Role::Literal => 0,
            Role::Miss(_) => RUNS,
        };
        let mut remembered = [Remembered::default(); RUNS];
        let mut trusts = [0usize; RUNS];
        let inputs = remembered.iter_mut().zip(&mut trusts).zip(&contexts.runs);
        for (input, ((run, trust), &context)) in inputs.enumerate() {
            *run = runs.find(context);
            *trust = TRUST.start(self.compact, first_trust + input) + usize::from(run.count);
        }
        let mut logits = [mixer::BIAS; ALL];
        let mut places = [0usize; INPUTS];
        let mut says = [0i32; RUNS];
        let mut sofar = 1u32;
        for index in (0..8u32).rev() {
            let state = towards(contexts.expected, sofar, index);
            let mut path = index << 2 | state;
            for ((logit, place), context) in logits.iter_mut().zip(&mut places).zip(&contexts.bits)
            {
                let hash = (context ^ path.wrapping_mul(0x9E37_79B1)).wrapping_mul(0x2C1B_3C6D);
                *place = hash::slot(hash, self.slots.len());
                *logit = counter::logit(self.slots.get(*place).copied().unwrap_or(0));
                path = sofar;
            }
            let inputs =
                logits.iter_mut().skip(INPUTS).zip(&remembered).zip(&trusts).zip(&mut says);
            for (((logit, run), &trust), says) in inputs {
                *says = run.towards(sofar, index);
                let sure = self.trust.get(trust).copied().unwrap_or(0);
                *logit = counter::sure_logit(sure) * *says;
            }
            let class = match contexts.role {
                Role::Literal => 4 + (index >> 1) as usize,
                Role::Miss(class) => class,
            };
            let set = WEIGHTS.range(self.compact, state as usize * 8 + class);
            let Some(weights) = self.weights.get_mut(set) else { return 0 };
            let bit = mixer::decide(coder, weights, &logits, MIX, byte >> index & 1 == 1);
            for &place in &places {
                if let Some(slot) = self.slots.get_mut(place) {
                    counter::update(slot, bit);
                }
            }
            for (&trust, &says) in trusts.iter().zip(&says) {
                if let Some(sure) = self.trust.get_mut(trust)
                    && says != 0
                {
                    counter::update(sure, bit == (says > 0));
                }
            }
            sofar = sofar << 1 | u32::from(bit);
        }
        let byte = u8::try_from(sofar & 0xFF).unwrap_or(0);
        for run in &remembered {
            runs.update(run, byte);
        }
        byte
    }
}
