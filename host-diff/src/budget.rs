//! Table sizes that fit a RAM budget.

use patcher_core::container::header::STATE_BYTES;
use patcher_core::model::FIXED_WORDS;
use patcher_core::reference::{cache, map};

/// Granules of the header's size fields.
const HIT_STEP: usize = 64;
const BYTE_STEP: usize = 128;
const CACHE_STEP: usize = 8;
/// Largest values of the header's size fields.
const HIT_MAX: usize = 255 * HIT_STEP;
const BYTE_MAX: usize = 255 * BYTE_STEP;
const CACHE_MAX: usize = 255 * CACHE_STEP;

/// Least RAM that any patch can be applied in.
pub const LEAST_RAM: usize = STATE_BYTES + 2 * (FIXED_WORDS + HIT_STEP + BYTE_STEP);

/// Workspace words beside the fixed ones.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    words: usize,
}

/// How a budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    /// Counters of the hit model.
    pub hit_slots: u32,
    /// Counters of the byte model.
    pub byte_slots: u32,
    /// Entries of the exception cache.
    pub cache_entries: u32,
}

fn word32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl Budget {
    /// The budget of `ram` bytes, or `None` below [`LEAST_RAM`].
    #[must_use]
    pub fn new(ram: u32) -> Option<Self> {
        let ram = usize::try_from(ram).ok()?;
        (ram >= LEAST_RAM).then(|| Self { words: (ram - STATE_BYTES) / 2 - FIXED_WORDS })
    }

    /// Most entries that the address map may have: a fifth of the budget, if the least tables still fit.
    #[must_use]
    pub fn map_limit(&self) -> usize {
        let room = self.words.saturating_sub(HIT_STEP + BYTE_STEP);
        (self.words / 5).min(room) / map::ENTRY_WORDS
    }

    /// Tables for a patch whose map has `map_entries`; `references` says whether any are predicted.
    #[must_use]
    pub fn tables(&self, map_entries: usize, references: bool) -> Tables {
        let words = self.words.saturating_sub(map_entries * map::ENTRY_WORDS);
        let steps = |words: usize, step: usize, max: usize| (words / step * step).min(max);
        let hits = steps(words / 6, HIT_STEP, HIT_MAX).max(HIT_STEP);
        let cache = if references {
            steps(words / 12 / cache::ENTRY_WORDS, CACHE_STEP, CACHE_MAX)
        } else {
            0
        };
        let left = words.saturating_sub(hits + cache * cache::ENTRY_WORDS);
        let bytes = steps(left, BYTE_STEP, BYTE_MAX).max(BYTE_STEP);
        Tables { hit_slots: word32(hits), byte_slots: word32(bytes), cache_entries: word32(cache) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_never_exceed_the_budget() {
        let least = u32::try_from(LEAST_RAM).unwrap();
        assert!(Budget::new(least - 1).is_none());
        for ram in (least..100_000).step_by(13) {
            let budget = Budget::new(ram).unwrap();
            for entries in [0, budget.map_limit() / 2, budget.map_limit()] {
                let tables = budget.tables(entries, true);
                let words = FIXED_WORDS
                    + (tables.hit_slots + tables.byte_slots) as usize
                    + tables.cache_entries as usize * cache::ENTRY_WORDS
                    + entries * map::ENTRY_WORDS;
                assert!(STATE_BYTES + 2 * words <= ram as usize, "{ram} {entries} {tables:?}");
            }
        }
    }
}
