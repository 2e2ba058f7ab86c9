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
use super::{Model, Part, hit, number};
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
/// Counters of bits whose first input has seen nothing, when no other has a say: state towards the prediction × kinds of
/// misses. A compact model has none: it mixes such bits too.
pub(crate) const FIRST: Part = TRUST.then(3 * 4, 1, Part::NONE);
/// Byte slots from which on a bit that one input knows is coded by its counter alone: with fewer, contexts share too many.
pub(crate) const WIDE: usize = 1024;
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

/// Where `sofar` stands towards the byte `expected`, which has a leading one too, at bit `index`: 0 diverged, else 1 + the
/// expected bit.
fn towards(expected: u32, sofar: u32, index: u32) -> u32 {
    if expected >> (index + 1) == sofar { 1 + (expected >> index & 1) } else { 0 }
}

/// Codes a bit that only the counter at `cell` knows something of. One that has seen nothing follows the counter at `first`,
/// which learns from all of those.
fn plain(cells: &mut [u16], coder: &mut impl Coder, cell: usize, first: usize, bit: bool) -> bool {
    let fresh = cells.get(cell).is_some_and(|&counter| counter & 15 == 0);
    let bit = number::plain(cells, coder, if fresh { first } else { cell }, bit);
    if fresh {
        let seen = cells.get(first).copied().unwrap_or(0);
        if let Some(counter) = cells.get_mut(cell) {
            *counter = seen & !15 | 1;
        }
    }
    bit
}

/// Codes one byte, highest bit first.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, contexts: &Contexts, byte: u8) -> u8 {
    let (compact, slots, runs) = (model.compact, model.byte_slots, model.runs);
    let (fixed, cells) = model.split();
    let first = slots.of(contexts.towards);
    // First slot of a literal's context; what a miss remembers.
    let mut starts = [0; OTHERS];
    let mut remembered = [Remembered::default(); OTHERS];
    let mut expects = [0; OTHERS];
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
            for (((input, run), expects), &context) in
                others.iter_mut().zip(&mut remembered).zip(&mut expects).zip(&contexts.others)
            {
                *run = Remembered::find(cells, runs, context);
                *expects = run.expects();
                input.cell = trust + usize::from(run.count);
                trust += TRUST.len;
            }
        }
    }
    let expected = 0x100 | u32::from(contexts.expected);
    let mut sofar = 1u32;
    for index in (0..8u32).rev() {
        let state = towards(expected, sofar, index);
        let [follows, others @ ..] = &mut inputs;
        follows.cell = slots.behind(first, index << 2 | state);
        // Whether the first input is the only one that says anything.
        let mut lonely = false;
        let class = match contexts.role {
            Role::Literal { .. } => {
                for (input, &start) in others.iter_mut().zip(&starts) {
                    input.cell = slots.behind(start, sofar);
                }
                4 + (index >> 1) as usize
            }
            Role::Miss(class) => {
                lonely = slots.len >= WIDE;
                for (input, &expected) in others.iter_mut().zip(&expects) {
                    input.says = match towards(expected, sofar, index) {
                        0 => 0,
                        state => 2 * state.cast_signed() - 3,
                    };
                    lonely &= input.says == 0;
                }
                class
            }
        };
        let bit = byte >> index & 1 == 1;
        let bit = if lonely {
            let first = TRUST.count() + state as usize * 4 + class;
            plain(cells, coder, follows.cell, first, bit)
        } else {
            let weights = WEIGHTS.of(fixed, compact, state as usize * 8 + class);
            let Some(weights) = weights else { return 0 };
            mixer::decide(coder, weights, cells, &inputs, MIX, bit)
        };
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
