//! The exception cache: targets of references that the map got wrong, also of those that stayed as they were.
//!
//! Direct mapped; an entry takes four words of the workspace: base address, target address, low half
//! first. An empty entry has the base address 0xFFFF_FFFF.

use crate::model::hash;

/// Workspace words of one entry.
pub const ENTRY_WORDS: usize = 4;

/// View of the cache in the workspace.
#[derive(Debug)]
pub struct TargetCache<'w> {
    words: &'w mut [u16],
}

impl<'w> TargetCache<'w> {
    /// An empty cache of `words.len() /` [`ENTRY_WORDS`] entries, at most 65,535.
    #[must_use]
    pub fn new(words: &'w mut [u16]) -> Self {
        let mut cache = Self { words };
        cache.clear();
        cache
    }

    pub(crate) fn words(&self) -> &[u16] {
        self.words
    }

    pub(crate) fn words_mut(&mut self) -> &mut [u16] {
        self.words
    }

    /// Forgets all entries.
    pub fn clear(&mut self) {
        self.words.fill(u16::MAX);
    }

    // Outlined: twice its code is more than its calls.
    #[inline(never)]
    fn place(&self, base: u32) -> usize {
        let hash = hash::context(0, base, 0);
        hash::slot(hash, self.words.len() / ENTRY_WORDS) * ENTRY_WORDS
    }

    /// The last seen target address of `base`, if it is remembered.
    #[must_use]
    pub fn target_of(&self, base: u32) -> Option<u32> {
        let start = self.place(base);
        match self.words.get(start..start + ENTRY_WORDS) {
            Some(&[a, b, c, d])
                if u32::from(b) << 16 | u32::from(a) == base && base != u32::MAX =>
            {
                Some(u32::from(d) << 16 | u32::from(c))
            }
            _ => None,
        }
    }

    /// Remembers that `base` became `target`.
    pub fn insert(&mut self, base: u32, target: u32) {
        let start = self.place(base);
        if let Some(words) = self.words.get_mut(start..start + ENTRY_WORDS) {
            let [a, b, c, d] = base.to_le_bytes();
            let [e, f, g, h] = target.to_le_bytes();
            words.copy_from_slice(&[
                u16::from_le_bytes([a, b]),
                u16::from_le_bytes([c, d]),
                u16::from_le_bytes([e, f]),
                u16::from_le_bytes([g, h]),
            ]);
        }
    }
}
