//! Sets of words of which one is picked for a decision; a compact model shares them.

use super::{prior, take};

/// `count` sets of `len` words; in a compact model 2^`compact` neighbours are one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sets {
    pub(crate) count: usize,
    pub(crate) len: usize,
    pub(crate) compact: u32,
}

impl Sets {
    /// Words of all sets.
    pub(crate) const fn words(self, compact: bool) -> usize {
        let count = if compact { self.count >> self.compact } else { self.count };
        count * self.len
    }

    /// First word of set `index` < `count`.
    pub(crate) fn start(self, compact: bool, index: usize) -> usize {
        let index = if compact { index >> self.compact } else { index };
        index * self.len
    }

    /// The words of set `index`.
    pub(crate) fn range(self, compact: bool, index: usize) -> core::ops::Range<usize> {
        let start = self.start(compact, index);
        start..start + self.len
    }

    /// Fills `words` from the priors of all sets. A shared set starts as the second of those that share it.
    pub(crate) fn fill(self, words: &mut [u16], compact: bool, priors: &[u8], counters: bool) {
        let shared = if compact { self.compact } else { 0 };
        let mut rest = words;
        for index in 0..self.count {
            let Some(set) = take(&mut rest, self.len) else { break };
            let from = (index << shared | usize::from(shared > 0)) * self.len;
            for (word, &prior) in set.iter_mut().zip(priors.get(from..).unwrap_or(&[])) {
                *word = if counters { prior::counter(prior) } else { prior::weight(prior) };
            }
        }
    }
}
