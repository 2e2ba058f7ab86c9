//! What is coded under which contexts.
//!
//! All adaptive state lies in one workspace of sixteen-bit words, in this order:
//!
//! | part | words | initial value |
//! | --- | --- | --- |
//! | numbers, switches | `Part` | `prior`, as models and counters |
//! | weights of hits; of literals in a full image | `Part` | `prior`, as weights |
//! | what misses have in common, blocks; nothing in a full image | `Part` | `prior`, as a model and counters |
//! | byte slots | [`Tables::byte_slots`] | symbols that have not come; in a full image [`counter::FRESH`] |
//! | hit slots | [`Tables::hit_slots`] | [`counter::FRESH`] |

pub mod byte;
pub mod hash;
pub mod hit;
mod layout;
pub mod literal;
pub mod miss;
pub mod number;
mod part;
pub mod prior;
pub mod switch;
mod table;
mod tables;

use layout::Layout;
pub use part::Form;
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
}

/// Parts whose words start from priors.
struct Start {
    shape: Shape,
    form: Form,
    /// Which patches have them: [`DELTA`], [`FULL`], or both.
    kinds: u8,
}

const DELTA: u8 = 1;
const FULL: u8 = 2;

/// Those of all models, in the order of the workspace.
static PARTS: [Start; 8] = [
    Start { shape: number::LENGTHS.shape(), form: Form::Count, kinds: DELTA | FULL },
    Start { shape: number::BEHIND.shape(), form: Form::Count, kinds: DELTA | FULL },
    Start { shape: number::COUNTERS.shape(), form: Form::Counter, kinds: DELTA | FULL },
    Start { shape: switch::COUNTERS.shape(), form: Form::Counter, kinds: DELTA | FULL },
    Start { shape: hit::WEIGHTS.shape(), form: Form::Weight, kinds: DELTA },
    Start { shape: byte::MISSES.shape(), form: Form::Count, kinds: DELTA },
    Start { shape: hit::BLOCKS.shape(), form: Form::Counter, kinds: DELTA },
    Start { shape: literal::WEIGHTS.shape(), form: Form::Weight, kinds: FULL },
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

/// What the words with priors of a model are that is not compact, in their order: how many of which form.
pub fn forms(diffs: bool) -> impl Iterator<Item = (Form, usize)> {
    let kind = if diffs { DELTA } else { FULL };
    let parts = PARTS.iter().filter(move |part| part.kinds & kind != 0);
    parts.map(|part| (part.form, part.shape.words()))
}

/// Words that models of deltas and of full images have in common, which come first.
#[must_use]
pub const fn common_words() -> usize {
    switch::COUNTERS.end(false)
}

/// The first `len` of `words`, which keeps the others; all of them where there are not as many.
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
        let bytes = Layout::new(byte_slots.start, byte_slots.len, diffs);
        Self { compact, cells, words: take(words, tables.model_words()), bytes, hit_slots }
    }

    /// Forgets everything learned: the state at the start of a patch and after a RESET mark.
    pub fn reset(&mut self) {
        // Symbols of a delta that have not come yet count nothing.
        let diffs = self.has_diffs();
        self.words.fill(if diffs { 0 } else { counter::FRESH });
        if let Some(hit_slots) = self.words.get_mut(self.cells + self.hit_slots.start..) {
            hit_slots.fill(counter::FRESH);
        }
        let mut words = self.words.iter_mut();
        let mut priors = prior::PRIORS.iter();
        let kind = if diffs { DELTA } else { FULL };
        for &Start { shape, form, kinds } in &PARTS {
            for index in 0..shape.count {
                let starts = kinds & kind != 0 && shape.starts(self.compact, index);
                for &prior in priors.by_ref().take(shape.len.into()) {
                    if starts && let Some(word) = words.next() {
                        *word = form.word(prior);
                    }
                }
            }
        }
    }

    /// Whether the patch may have diffs. One of a full image has none, and other models of literals.
    fn has_diffs(&self) -> bool {
        self.hit_slots.len > 0
    }

    /// Numbers, switches and weights; then the cells: misses, blocks and slots.
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
