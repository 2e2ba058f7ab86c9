//! A byte that is not known: eight decisions, each mixed from three counters.
//!
//! Literals and missed predictions share the table; their contexts differ. Both have a byte to compare with: what the base
//! or the last copy would have gone on with, or the prediction that failed. The first input follows that
//! byte instead of the bits so far: it learns where the comparison fails.
//!
//! The other inputs of a literal count its bits after the bits so far in a context. Those of a miss are `Remembered`
//! bytes, which answer in few bits what counters would need eight slots for: after this context came that byte, so often
//! in a row.

use super::remembered::Remembered;
use super::{Model, Part, hit};
use crate::entropy::{
    Coder,
    mixer::{self, Input},
};

/// Contexts beside the byte to compare with.
pub const OTHERS: usize = mixer::INPUTS - 1;
/// Weight sets: state towards the expected byte × (unit kinds of misses, bit pairs of literals).
pub(crate) const WEIGHTS: Part = hit::WEIGHTS.then(3 * 8, mixer::WEIGHTS, 2);
/// Counters of how far remembered bytes can be trusted: input, each by count.
pub(crate) const TRUST: Part = WEIGHTS.then(OTHERS, 8, 0);
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
const MIX: mixer::Way = mixer::Way { least: 32, slowness: 18 };

/// What kind of byte it is.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// A byte of a literal of an extra. In a full image the last context has a say too: elsewhere there are too few literals to
    /// learn it.
    Literal {
        /// Whether it is a full image.
        alone: bool,
    },
    /// A byte of a unit whose prediction failed, by [`Kind::miss_class`](crate::stream::UnitKind), 0..=3.
    Miss(usize),
}

/// What a byte is coded by; contexts are hashed already.
#[derive(Debug, Clone, Copy)]
pub struct Contexts {
    /// Weight set.
    pub role: Role,
    /// The byte that the first input follows.
    pub expected: u8,
    /// Context of the first input.
    pub towards: u32,
    /// Contexts of bit counters of a literal, of remembered bytes of a miss.
    pub others: [u32; OTHERS],
}

/// Where `sofar` stands towards `expected` at bit `index`: 0 diverged, else 1 + the expected bit.
pub(crate) fn towards(expected: u8, sofar: u32, index: u32) -> u32 {
    let expected = 0x100 | u32::from(expected);
    if expected >> (index + 1) == sofar { 1 + (expected >> index & 1) } else { 0 }
}

/// Codes one byte, highest bit first.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, contexts: &Contexts, byte: u8) -> u8 {
    let (compact, slots, runs) = (model.compact, model.byte_slots, model.runs);
    let (fixed, cells) = model.split();
    let first = slots.of(contexts.towards);
    // First slot of a literal's context; what a miss remembers.
    let mut starts = [0; OTHERS];
    let mut remembered = [Remembered::default(); OTHERS];
    let mut inputs = [Input { cell: first, says: 1 }; mixer::INPUTS];
    match contexts.role {
        Role::Literal { alone } => {
            let [.., last] = &mut inputs;
            last.says = alone.into();
            for (start, &context) in starts.iter_mut().zip(&contexts.others) {
                *start = slots.of(context);
            }
        }
        Role::Miss(_) => {
            let [_, others @ ..] = &mut inputs;
            let mut trust = 0;
            for ((input, run), &context) in
                others.iter_mut().zip(&mut remembered).zip(&contexts.others)
            {
                *run = Remembered::find(cells, runs, context);
                input.cell = trust + usize::from(run.count);
                trust += TRUST.len;
            }
        }
    }
    let mut sofar = 1u32;
    for index in (0..8u32).rev() {
        let state = towards(contexts.expected, sofar, index);
        let [follows, others @ ..] = &mut inputs;
        follows.cell = slots.behind(first, index << 2 | state);
        let class = match contexts.role {
            Role::Literal { .. } => {
                for (input, &start) in others.iter_mut().zip(&starts) {
                    input.cell = slots.behind(start, sofar);
                }
                4 + (index >> 1) as usize
            }
            Role::Miss(class) => {
                for (input, run) in others.iter_mut().zip(&remembered) {
                    input.says = run.towards(sofar, index);
                }
                class
            }
        };
        let weights = WEIGHTS.of(fixed, compact, state as usize * 8 + class);
        let Some(weights) = weights else { return 0 };
        let bit = byte >> index & 1 == 1;
        let bit = mixer::decide(coder, weights, cells, &inputs, MIX, bit);
        sofar = sofar << 1 | u32::from(bit);
    }
    let byte = u8::try_from(sofar & 0xFF).unwrap_or(0);
    if let Role::Miss(_) = contexts.role {
        for run in &remembered {
            run.update(cells, byte);
        }
    }
    byte
}
