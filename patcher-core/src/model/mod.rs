//! What is coded under which contexts.
//!
//! All adaptive state lies in one workspace of sixteen-bit words, in this order:
//!
//! | part | words | initial value |
//! | --- | --- | --- |
//! | numbers, switches, trust in remembered bytes | `Sets` | `prior`, as counters |
//! | weights of hits, of bytes | `Sets` | `prior`, as weights |
//! | hit slots | [`Tables::hit_slots`] | [`counter::FRESH`] |
//! | remembered bytes | [`Tables::run_slots`] | 0 |
//! | byte slots | [`Tables::byte_slots`] | [`counter::FRESH`] |

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

/// The parts whose words start from priors, in the order of the workspace; the first [`COUNTER_PARTS`] are counters.
const PARTS: [Sets; 5] = [number::SETS, switch::SETS, byte::TRUST, hit::WEIGHTS, byte::WEIGHTS];
const COUNTER_PARTS: usize = 3;

/// Of the words with priors in a model that is not compact, the first are counters, the others weights.
pub const COUNTER_WORDS: usize =
    number::SETS.words(false) + switch::SETS.words(false) + byte::TRUST.words(false);

const _: () = assert!(prior::PRIORS.len() == fixed_words(false));

/// Words that a model needs, whatever its tables hold.
#[must_use]
pub const fn fixed_words(compact: bool) -> usize {
    let [a, b, c, d, e] = PARTS;
    a.words(compact) + b.words(compact) + c.words(compact) + d.words(compact) + e.words(compact)
}

/// The first `len` of `words`, which keeps the others.
#[inline(never)]
pub(crate) fn take<'w>(words: &mut &'w mut [u16], len: usize) -> Option<&'w mut [u16]> {
    let (own, rest) = core::mem::take(words).split_at_mut_checked(len)?;
    *words = rest;
    Some(own)
}

impl<'w> Model<'w> {
    /// Lays the model over `words` and resets it; `None` when `words` is too short.
    ///
    /// Takes exactly [`Tables::model_words`].
    #[must_use]
    pub fn new(words: &'w mut [u16], tables: &Tables) -> Option<Self> {
        let compact = tables.compact;
        let [numbers, switches, trust, hits, bytes] = PARTS.map(|part| part.words(compact));
        let mut rest = words;
        let mut take = |len| take(&mut rest, len);
        let (numbers, switches, trust) = (take(numbers)?, take(switches)?, take(trust)?);
        let (hit_weights, byte_weights) = (take(hits)?, take(bytes)?);
        let hit_slots = take(tables.hit_slots)?;
        let (runs, slots) = (take(tables.run_slots)?, take(tables.byte_slots)?);
        let mut model = Self {
            compact,
            numbers,
            switches,
            hit: hit::HitModel { compact, weights: hit_weights, slots: hit_slots },
            byte: byte::ByteModel { compact, trust, weights: byte_weights, runs, slots },
        };
        model.reset();
        Some(model)
    }

    /// Forgets everything learned: the state at the start of a patch and after a RESET mark.
    pub fn reset(&mut self) {
        let compact = self.compact;
        let mut priors = prior::PRIORS.as_slice();
        let [numbers, switches, trust, hits, bytes, hit_slots, runs, slots] = self.parts_mut();
        let parts = [numbers, switches, trust, hits, bytes];
        for (index, (words, part)) in parts.into_iter().zip(PARTS).enumerate() {
            let (own, rest) = priors.split_at_checked(part.words(false)).unwrap_or((&[], &[]));
            priors = rest;
            part.fill(words, compact, own, index < COUNTER_PARTS);
        }
        hit_slots.fill(counter::FRESH);
        runs.fill(0);
        slots.fill(counter::FRESH);
    }

    /// The words of the model in their order.
    pub(crate) fn parts(&self) -> [&[u16]; 8] {
        let (hit, byte) = (&self.hit, &self.byte);
        [
            self.numbers,
            self.switches,
            byte.trust,
            hit.weights,
            byte.weights,
            hit.slots,
            byte.runs,
            byte.slots,
        ]
    }

    /// The words of the model in their order.
    pub(crate) fn parts_mut(&mut self) -> [&mut [u16]; 8] {
        let (hit, byte) = (&mut self.hit, &mut self.byte);
        [
            self.numbers,
            self.switches,
            byte.trust,
            hit.weights,
            byte.weights,
            hit.slots,
            byte.runs,
            byte.slots,
        ]
    }
}
