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
    /// The first part of a workspace.
    pub(crate) const fn first(count: usize, len: usize, shared: u32) -> Self {
        Self { start: [0, 0], count, len, shared }
    }

    /// The part that follows this one.
    pub(crate) const fn then(self, count: usize, len: usize, shared: u32) -> Self {
        Self { start: [self.end(false), self.end(true)], count, len, shared }
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

    /// Its sets, without their place.
    pub(crate) const fn shape(self) -> Shape {
        assert!(self.count < 256 && self.len < 256, "a shape has small numbers");
        assert!(self.shared == 0 || self.shared == 1 && self.count & 1 == 0, "two share");
        let ([count, ..], [len, ..]) = (self.count.to_le_bytes(), self.len.to_le_bytes());
        Shape { count, len, shared: self.shared == 1 }
    }
}

/// What the words of a part are, and so what a prior says of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Counters: the prior is a probability in 1/256.
    Counter,
    /// Weights: the prior is one in 1/32.
    Weight,
    /// Counts of symbols and their sums: the prior is one of them.
    Count,
}

impl Form {
    /// The word that starts from `prior`.
    #[must_use]
    pub fn word(self, prior: u8) -> u16 {
        let high = u16::from(prior) << 8;
        match self {
            // Half a step, and the observations that a trained counter counts for.
            Self::Counter => high | 0x80 | 4,
            Self::Weight => high,
            Self::Count => prior.into(),
        }
    }
}

/// How many sets of how many words a [`Part`] has, and how many of them a compact model shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) count: u8,
    pub(crate) len: u8,
    shared: bool,
}

impl Shape {
    /// Words of all sets of a full model.
    pub(crate) fn words(self) -> usize {
        usize::from(self.count) * usize::from(self.len)
    }

    /// Whether set `index` has priors of its own: of two sets that are one in a compact model the second one has.
    pub(crate) fn starts(self, compact: bool, index: u8) -> bool {
        index & 1 == 1 || !(compact && self.shared)
    }
}
