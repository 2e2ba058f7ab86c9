//! What is coded under which contexts.
//!
//! All adaptive state lies in one workspace of sixteen-bit words, in this order:
//!
//! | part | words | initial value |
//! | --- | --- | --- |
//! | numbers, switches | `Part` | `prior`, as counters |
//! | weights of hits; of literals in a full image | `Part` | `prior`, as weights |
//! | trust in remembered bytes, first counters, blocks; nothing in a full image | `Part` | `prior`, as counters |
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
    /// Where the cells start.
    cells: usize,
    words: &'w mut [u16],
    bytes: Layout,
    hit_slots: Table,
    runs: Table,
}

/// Parts whose words start from priors.
struct Start {
    shape: Shape,
    /// What stands below a prior in its word.
    low: u8,
    /// Which patches have them: [`DELTA`], [`FULL`], or both.
    kinds: u8,
}

const DELTA: u8 = 1;
const FULL: u8 = 2;

/// Those of all models, in the order of the workspace.
static PARTS: [Start; 7] = [
    Start { shape: number::COUNTERS.shape(), low: prior::COUNTER, kinds: DELTA | FULL },
    Start { shape: switch::COUNTERS.shape(), low: prior::COUNTER, kinds: DELTA | FULL },
    Start { shape: hit::WEIGHTS.shape(), low: prior::WEIGHT, kinds: DELTA },
    Start { shape: byte::TRUST.shape(), low: prior::COUNTER, kinds: DELTA },
    Start { shape: byte::FIRST.shape(), low: prior::COUNTER, kinds: DELTA },
    Start { shape: hit::BLOCKS.shape(), low: prior::COUNTER, kinds: DELTA },
    Start { shape: literal::WEIGHTS.shape(), low: prior::WEIGHT, kinds: FULL },
];

/// Words that a model needs, whatever its tables hold. `diffs` says whether the patch has any.
#[must_use]
pub const fn fixed_words(compact: bool, diffs: bool) -> usize {
    if diffs { hit::BLOCKS.end(compact) } else { literal::WEIGHTS.end(compact) }
}

/// Of these, the ones before the first cell.
const fn weights_end(compact: bool, diffs: bool) -> usize {
    if diffs { hit::WEIGHTS.end(compact) } else { literal::WEIGHTS.end(compact) }
}

const _: () = assert!(
    prior::PRIORS.len()
        == fixed_words(false, true) + fixed_words(false, false) - switch::COUNTERS.end(false)
);

/// Of the words of a model that is not compact, these are weights, the others counters.
#[must_use]
pub const fn weight_words(diffs: bool) -> core::ops::Range<usize> {
    switch::COUNTERS.end(false)..weights_end(false, diffs)
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
        let (compact, diffs) = (tables.compact, tables.hit_slots > 0);
        let cells = weights_end(compact, diffs);
        let byte_slots =
            Table { start: fixed_words(compact, diffs) - cells, len: tables.byte_slots };
        let hit_slots = byte_slots.then(tables.hit_slots);
        let runs = hit_slots.then(tables.run_slots);
        let bytes = Layout::new(byte_slots.start, byte_slots.len, diffs);
        Self { compact, cells, words: take(words, tables.model_words()), bytes, hit_slots, runs }
    }

    /// Forgets everything learned: the state at the start of a patch and after a RESET mark.
    pub fn reset(&mut self) {
        self.words.fill(counter::FRESH);
        let mut words = self.words.iter_mut();
        let mut priors = prior::PRIORS.iter();
        let kind = if self.hit_slots.len > 0 { DELTA } else { FULL };
        for part in &PARTS {
            let mut none = [].iter_mut();
            let words = if part.kinds & kind == 0 { &mut none } else { &mut words };
            part.shape.fill(words, self.compact, &mut priors, part.low);
        }
    }

    /// Numbers, switches and weights; then the cells: trust, first counters, blocks, slots and remembered bytes.
    fn split(&mut self) -> (&mut [u16], &mut [u16]) {
        self.words.split_at_mut_checked(self.cells).unwrap_or_default()
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
