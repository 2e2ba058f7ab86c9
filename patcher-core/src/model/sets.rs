//! Sets of words of which one is picked for a decision; a compact model shares them.

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

    /// Set `index` of `words`, of `N` words.
    pub(crate) fn of<const N: usize>(
        self,
        words: &mut [u16],
        compact: bool,
        index: usize,
    ) -> Option<&mut [u16; N]> {
        words.get_mut(self.start(compact, index)..)?.first_chunk_mut()
    }

    /// Fills `words` with what `start` makes of the priors of all sets, which come first in `priors`.
    /// A shared set starts as the second of those that share it.
    #[inline(never)]
    pub(crate) fn fill(
        &self,
        words: &mut [u16],
        compact: bool,
        priors: &mut core::slice::Iter<'_, u8>,
        start: fn(u8) -> u16,
    ) {
        let shared = if compact { (1 << self.compact) - 1 } else { 0 };
        let mut words = words.iter_mut();
        for index in 0..self.count {
            let starts = index & shared == shared.min(1);
            for &prior in priors.by_ref().take(self.len) {
                if starts && let Some(word) = words.next() {
                    *word = start(prior);
                }
            }
        }
    }
}
