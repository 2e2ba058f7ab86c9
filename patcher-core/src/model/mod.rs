//! What is coded under which contexts.
//!
//! All adaptive state lies in one workspace of sixteen-bit words, in this order:
//!
//! | part | words | initial value |
//! | --- | --- | --- |
//! | numbers, switches | `Part` | `prior`, as counters |
//! | weights of hits, of bytes | `Part` | `prior`, as weights |
//! | trust in remembered bytes | `Part` | `prior`, as counters |
//! | byte slots | [`Tables::byte_slots`] | [`counter::FRESH`] |
//! | hit slots | [`Tables::hit_slots`] | [`counter::FRESH`] |
//! | remembered bytes | [`Tables::run_slots`] | the same, which remembers nothing |

pub mod byte;
pub mod hash;
pub mod hit;
mod layout;
pub mod literal;
pub mod miss;
pub mod number;
mod part;
pub mod prior;
mod remembered;
pub mod switch;
mod table;
mod tables;

use layout::Layout;
use part::{Part, Shape};
use table::Table;
pub use tables::{LEAST_WORDS, MEMORY_UNIT, Tables, is_compact};

use crate::entropy::counter;

/// The adaptive state: the words of a workspace, and where its tables lie among the cells.
#[derive(Debug)]
pub struct Model<'w> {
    compact: bool,
    words: &'w mut [u16],
    bytes: Layout,
    hit_slots: Table,
    runs: Table,
}

/// The parts whose words start from priors, in the order of the workspace, and whether they are weights.
static PARTS: [(Shape, bool); 6] = [
    (number::COUNTERS.shape(), false),
    (switch::COUNTERS.shape(), false),
    (hit::WEIGHTS.shape(), true),
    (byte::WEIGHTS.shape(), true),
    (byte::TRUST.shape(), false),
    (byte::FIRST.shape(), false),
];

/// Of the words with priors in a model that is not compact, these are weights, the others counters.
pub const WEIGHT_WORDS: core::ops::Range<usize> =
    switch::COUNTERS.end(false)..byte::WEIGHTS.end(false);

const _: () = assert!(prior::PRIORS.len() == fixed_words(false));

/// Words that a model needs, whatever its tables hold.
#[must_use]
pub const fn fixed_words(compact: bool) -> usize {
    byte::FIRST.end(compact)
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
        let byte_slots = Table {
            start: fixed_words(compact) - byte::WEIGHTS.end(compact),
            len: tables.byte_slots,
        };
        let hit_slots = byte_slots.then(tables.hit_slots);
        let runs = hit_slots.then(tables.run_slots);
        let bytes = Layout::new(byte_slots.start, byte_slots.len, tables.hit_slots > 0);
        Self { compact, words: take(words, tables.model_words()), bytes, hit_slots, runs }
    }

    /// Forgets everything learned: the state at the start of a patch and after a RESET mark.
    pub fn reset(&mut self) {
        self.words.fill(counter::FRESH);
        let mut words = self.words.iter_mut();
        let mut priors = prior::PRIORS.iter();
        for &(part, weights) in &PARTS {
            let start = if weights { prior::weight } else { prior::counter };
            part.fill(&mut words, self.compact, &mut priors, start);
        }
    }

    /// Numbers, switches and weights; then the cells: trust, slots and remembered bytes.
    fn split(&mut self) -> (&mut [u16], &mut [u16]) {
        let weights = byte::WEIGHTS.end(self.compact);
        self.words.split_at_mut_checked(weights).unwrap_or_default()
    }

    /// The words of the model in their order.
    pub(crate) fn words(&self) -> &[u16] {
        self.words
    }

    /// The words of the model in their order.
    pub(crate) fn words_mut(&mut self) -> &mut [u16] {
        self.words
    }
}
