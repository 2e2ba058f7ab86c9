//! What is coded under which contexts.
//!
//! All adaptive state lies in one workspace of sixteen-bit words, in this order:
//!
//! | part | words | initial value |
//! | --- | --- | --- |
//! | numbers, switches | `Sets` | `prior`, as counters |
//! | weights of hits, of bytes | `Sets` | `prior`, as weights |
//! | trust in remembered bytes | `Sets` | `prior`, as counters |
//! | byte slots | [`Tables::byte_slots`] | [`counter::FRESH`] |
//! | hit slots | [`Tables::hit_slots`] | [`counter::FRESH`] |
//! | remembered bytes | [`Tables::run_slots`] | 0 |

pub mod byte;
pub mod hash;
pub mod hit;
pub mod number;
pub mod prior;
mod remembered;
mod sets;
pub mod switch;
mod tables;

pub(crate) use sets::Sets;
pub use tables::{LEAST_WORDS, MEMORY_UNIT, Tables, is_compact};

use crate::entropy::counter;

/// The adaptive state, as views into the workspace.
#[derive(Debug)]
pub struct Model<'w> {
    pub(crate) compact: bool,
    pub(crate) numbers: &'w mut [u16],
    pub(crate) switches: &'w mut [u16],
    pub(crate) hit: hit::HitModel<'w>,
    pub(crate) byte: byte::ByteModel<'w>,
}

/// The parts whose words start from priors, in the order of the workspace.
const PARTS: [Sets; 5] = [number::SETS, switch::SETS, hit::WEIGHTS, byte::WEIGHTS, byte::TRUST];
/// Those of them that are weights; the others are counters.
const WEIGHT_PARTS: core::ops::Range<usize> = 2..4;

/// Of the words with priors in a model that is not compact, these are weights, the others counters.
pub const WEIGHT_WORDS: core::ops::Range<usize> = {
    let start = number::SETS.words(false) + switch::SETS.words(false);
    start..start + hit::WEIGHTS.words(false) + byte::WEIGHTS.words(false)
};

const _: () = assert!(prior::PRIORS.len() == fixed_words(false));

/// Words that a model needs, whatever its tables hold.
#[must_use]
pub const fn fixed_words(compact: bool) -> usize {
    let [a, b, c, d, e] = PARTS;
    a.words(compact) + b.words(compact) + c.words(compact) + d.words(compact) + e.words(compact)
}

/// The first `len` of `words`, which keeps the others; all of them where there are not as many.
#[inline(never)]
pub(crate) fn take<'w>(words: &mut &'w mut [u16], len: usize) -> &'w mut [u16] {
    let all = core::mem::take(words);
    let len = len.min(all.len());
    let (own, rest) = all.split_at_mut_checked(len).unwrap_or_default();
    *words = rest;
    own
}

impl<'w> Model<'w> {
    /// Lays a model over the first [`Tables::model_words`] of `words`, which must have as many, and keeps the others.
    /// It holds whatever was there: [`Model::reset`] is next.
    pub(crate) fn lay(words: &mut &'w mut [u16], tables: &Tables) -> Self {
        let compact = tables.compact;
        let [numbers, switches, hits, bytes, trust] = PARTS.map(|part| part.words(compact));
        let (numbers, switches) = (take(words, numbers), take(words, switches));
        let (hits, bytes) = (take(words, hits), take(words, bytes));
        let cells = take(words, trust + tables.byte_slots);
        let (slots, runs) = (take(words, tables.hit_slots), take(words, tables.run_slots));
        Self {
            compact,
            numbers,
            switches,
            hit: hit::HitModel { compact, weights: hits, slots },
            byte: byte::ByteModel { compact, weights: bytes, cells, runs },
        }
    }

    /// Forgets everything learned: the state at the start of a patch and after a RESET mark.
    pub fn reset(&mut self) {
        let compact = self.compact;
        let mut priors = prior::PRIORS.iter();
        let (hit, byte) = (&mut self.hit, &mut self.byte);
        byte.cells.fill(counter::FRESH);
        let parts = [&mut *self.numbers, self.switches, hit.weights, byte.weights, byte.cells];
        for (index, (words, part)) in parts.into_iter().zip(&PARTS).enumerate() {
            let start = if WEIGHT_PARTS.contains(&index) { prior::weight } else { prior::counter };
            part.fill(words, compact, &mut priors, start);
        }
        hit.slots.fill(counter::FRESH);
        byte.runs.fill(0);
    }

    /// The words of the model in their order.
    pub(crate) fn parts(&self) -> [&[u16]; 7] {
        let (hit, byte) = (&self.hit, &self.byte);
        [self.numbers, self.switches, hit.weights, byte.weights, byte.cells, hit.slots, byte.runs]
    }

    /// The words of the model in their order.
    pub(crate) fn parts_mut(&mut self) -> [&mut [u16]; 7] {
        let (hit, byte) = (&mut self.hit, &mut self.byte);
        [self.numbers, self.switches, hit.weights, byte.weights, byte.cells, hit.slots, byte.runs]
    }
}
