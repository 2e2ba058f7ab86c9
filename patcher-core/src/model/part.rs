//! The words that a model has, whatever its tables hold: parts of sets, of which one is picked for a decision.

/// `count` sets of `len` words somewhere in the workspace; in a compact model 2^`shared` neighbours are one, if there are as many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// First word, in a full model and in a compact one.
    start: [usize; 2],
    count: usize,
    pub(crate) len: usize,
    shared: u32,
}

impl Part {
    /// `shared` of a part that a compact model does not have.
    pub(crate) const NONE: u32 = 16;

    /// The first part of a workspace.
    pub(crate) const fn first(count: usize, len: usize, shared: u32) -> Self {
        Self { start: [0, 0], count, len, shared }
    }

    /// The part that follows this one.
    pub(crate) const fn then(self, count: usize, len: usize, shared: u32) -> Self {
        Self { start: [self.end(false), self.end(true)], count, len, shared }
    }

    /// Words of all sets of a full model.
    pub(crate) const fn count(self) -> usize {
        self.count * self.len
    }

    /// The words of set `index` < `count`.
    pub(crate) fn of<const N: usize>(
        self,
        words: &mut [u16],
        compact: bool,
        index: usize,
    ) -> Option<&mut [u16; N]> {
        words.get_mut(self.at(compact, index)..)?.first_chunk_mut()
    }

    /// First word of set `index` < `count`.
    pub(crate) const fn at(self, compact: bool, index: usize) -> usize {
        let [full, shared] = self.start;
        if compact { shared + (index >> self.shared) * self.len } else { full + index * self.len }
    }

    /// The word behind the last set.
    pub(crate) const fn end(self, compact: bool) -> usize {
        self.at(compact, self.count)
    }

    /// Fills the next words with what `start` makes of the next priors, which are those of a full model: a shared set starts
    /// as the second of those that share it.
    #[inline(never)]
    pub(crate) fn fill(
        &self,
        words: &mut core::slice::IterMut<'_, u16>,
        compact: bool,
        priors: &mut core::slice::Iter<'_, u8>,
        start: fn(u8) -> u16,
    ) {
        let shared = if compact { (1 << self.shared) - 1 } else { 0 };
        for index in 0..self.count {
            let starts = index & shared == shared.min(1) && index | shared < self.count;
            for &prior in priors.by_ref().take(self.len) {
                if starts && let Some(word) = words.next() {
                    *word = start(prior);
                }
            }
        }
    }
}
