//! How the declared memory is spent.

use super::{fixed_words, layout};
use crate::reference::{cache, map};

/// Bytes of a unit of declared memory.
pub const MEMORY_UNIT: usize = 256;
/// Up to this many units a model is compact.
const COMPACT: u8 = 14;
/// Least words of tables, beside the map: with them a header fits into any workspace, a byte a word.
const LEAST: usize = 308;
/// Least words of a workspace.
pub const LEAST_WORDS: usize = fixed_words(true, true) + LEAST;

/// Whether the model of a patch that declares `memory` units is compact.
#[must_use]
pub const fn is_compact(memory: u8) -> bool {
    memory <= COMPACT
}

/// Sizes of the tables of one patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    /// Whether decisions share weights and counters, to leave room for slots.
    pub compact: bool,
    /// Counters of the hit model.
    pub hit_slots: usize,
    /// Counters of the byte model.
    pub byte_slots: usize,
    /// Entries of the exception cache.
    pub cache_entries: usize,
}

impl Tables {
    /// The tables that `memory` units leave room for, `state` bytes and a map of `map_entries` apart. `diffs` says whether
    /// there can be diffs, `references` whether units of them can be references. `None`: too little.
    #[must_use]
    pub fn new(
        memory: u8,
        state: usize,
        map_entries: u32,
        diffs: bool,
        references: bool,
    ) -> Option<Self> {
        let compact = is_compact(memory);
        let words = (usize::from(memory) * MEMORY_UNIT).checked_sub(state)? / 2;
        let map_words = usize::try_from(map_entries).ok()?.checked_mul(map::ENTRY_WORDS)?;
        let words = words.checked_sub(fixed_words(compact, diffs))?.checked_sub(map_words)?;
        if words < LEAST {
            return None;
        }
        let cache_entries = if diffs && references { words / 12 / cache::ENTRY_WORDS } else { 0 };
        let slots = words - cache_entries * cache::ENTRY_WORDS;
        // What counters of bytes have no use for, counters of hits do.
        let hit_slots =
            if diffs { (words / 6).max(slots.saturating_sub(layout::DELTA)) } else { 0 };
        let byte_slots = slots - hit_slots;
        Some(Self { compact, hit_slots, byte_slots, cache_entries })
    }

    /// Words of the model.
    #[must_use]
    pub const fn model_words(&self) -> usize {
        fixed_words(self.compact, self.hit_slots > 0) + self.hit_slots + self.byte_slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_slots_of_its_context() {
        for memory in 0..=u8::MAX {
            for (map, state) in (0..64).flat_map(|map| (0..8).map(move |state| (map, 800 + state)))
            {
                for (diffs, references) in [(false, false), (true, false), (true, true)] {
                    let Some(tables) = Tables::new(memory, state, map, diffs, references) else {
                        continue;
                    };
                    // Of a delta four models and one context, of a full image nodes and two: none reaches behind the last slot.
                    assert!(tables.byte_slots >= 128, "{tables:?}");
                }
            }
        }
    }
}
