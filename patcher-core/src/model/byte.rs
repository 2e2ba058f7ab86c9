//! A byte that is not known: eight decisions, each mixed from four counters.
//!
//! Literals and missed predictions share the table; their contexts differ. Both have a byte to compare with: what the base
//! or the last copy would have gone on with, or the prediction that failed. The first input follows that
//! byte instead of the bits so far: it learns where the comparison fails.
//!
//! The other inputs of a literal count its bits after the bits so far in a context. Those of a miss are `Remembered`
//! bytes, which answer in few bits what counters would need eight slots for: after this context came that byte, so often
//! in a row.

use super::Sets;
use super::remembered::Remembered;
use crate::entropy::{
    Coder,
    mixer::{self, Input},
};
use crate::model::hash;

/// Contexts beside the byte to compare with.
pub const OTHERS: usize = mixer::INPUTS - 1;
/// Weight sets: state towards the expected byte × (unit kinds of misses, bit pairs of literals).
pub(crate) const WEIGHTS: Sets = Sets { count: 3 * 8, len: mixer::WEIGHTS, compact: 2 };
/// Counters of how far remembered bytes can be trusted: input, each by count.
pub(crate) const TRUST: Sets = Sets { count: OTHERS, len: 8, compact: 0 };
/// Cells that are no slots.
const TRUSTS: usize = TRUST.words(false);
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
const MIX: mixer::Way = mixer::Way { least: 32, slowness: 18 };

/// Weights and counters of the byte decisions.
#[derive(Debug)]
pub struct ByteModel<'w> {
    pub(crate) compact: bool,
    pub(crate) weights: &'w mut [u16],
    /// Trust, then slots.
    pub(crate) cells: &'w mut [u16],
    pub(crate) runs: &'w mut [u16],
}

/// What kind of byte it is.
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

/// What an input counts: bits after the bits so far, or how often a remembered byte is right.
#[derive(Debug, Clone, Copy)]
enum Counted {
    /// First cell of a context.
    Bits(usize),
    /// A remembered byte, and the cell of its trust.
    Byte(Remembered, usize),
}

impl ByteModel<'_> {
    /// First cell of the bits of `context`.
    fn start(&self, context: u32) -> usize {
        let len = self.cells.len().saturating_sub(TRUSTS);
        TRUSTS + hash::slot(context.wrapping_mul(0x2C1B_3C6D), len)
    }

    /// The cell `steps` < 256 behind `start`, where the first slot follows the last one.
    fn place(&self, start: usize, steps: u32) -> usize {
        let len = self.cells.len();
        let mut place = start + steps as usize;
        // The least table has 146 slots.
        for _ in 0..2 {
            place -= if place < len { 0 } else { len - TRUSTS };
        }
        place
    }

    /// Codes one byte, highest bit first.
    pub fn code(&mut self, coder: &mut impl Coder, contexts: &Contexts, byte: u8) -> u8 {
        let first = self.start(contexts.towards);
        let mut index = 0;
        let others = contexts.others.map(|context| {
            let trust = TRUST.start(false, index);
            index += 1;
            match contexts.role {
                Role::Literal => Counted::Bits(self.start(context)),
                Role::Miss(_) => {
                    let run = Remembered::find(self.runs, context);
                    Counted::Byte(run, trust + usize::from(run.count))
                }
            }
        });
        let mut sofar = 1u32;
        for index in (0..8u32).rev() {
            let state = towards(contexts.expected, sofar, index);
            let [a, b, c] = others.map(|other| match other {
                Counted::Bits(start) => Input { place: self.place(start, sofar), says: 1 },
                Counted::Byte(run, place) => Input { place, says: run.towards(sofar, index) },
            });
            let follows = Input { place: self.place(first, index << 2 | state), says: 1 };
            let class = match contexts.role {
                Role::Literal => 4 + (index >> 1) as usize,
                Role::Miss(class) => class,
            };
            let set = state as usize * 8 + class;
            let Some(weights) = WEIGHTS.of(self.weights, self.compact, set) else { return 0 };
            let inputs = [follows, a, b, c];
            let bit = byte >> index & 1 == 1;
            let bit = mixer::decide(coder, weights, self.cells, &inputs, MIX, bit);
            sofar = sofar << 1 | u32::from(bit);
        }
        let byte = u8::try_from(sofar & 0xFF).unwrap_or(0);
        for other in &others {
            if let Counted::Byte(run, _) = other {
                run.update(self.runs, byte);
            }
        }
        byte
    }
}
