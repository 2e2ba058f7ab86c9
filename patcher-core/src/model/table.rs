//! A table of words that contexts are hashed into.

use super::hash;

/// Where a table lies among the words of a model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) start: usize,
    pub(crate) len: usize,
}

impl Table {
    /// A table of `len` words that follows this one.
    pub(crate) fn then(self, len: usize) -> Self {
        Self { start: self.end(), len }
    }

    /// The word behind the last one.
    pub(crate) fn end(self) -> usize {
        self.start + self.len
    }

    /// The word of `hash`.
    pub(crate) fn slot(self, hash: u32) -> usize {
        self.start + hash::slot(hash, self.len)
    }
}
