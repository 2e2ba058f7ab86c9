//! The memory that a RAM budget leaves for a patch.

use patcher_core::container::header::STATE_BYTES;
use patcher_core::model::{LEAST_WORDS, MEMORY_UNIT, fixed_words, is_compact};
use patcher_core::reference::map;

/// Least RAM that any patch can be applied in.
pub const LEAST_RAM: usize = (STATE_BYTES + 2 * LEAST_WORDS).next_multiple_of(MEMORY_UNIT);

/// A budget of RAM in the units that a header declares.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    memory: u8,
}

impl Budget {
    /// The budget of `ram` bytes, or `None` below [`LEAST_RAM`].
    #[must_use]
    pub fn new(ram: u32) -> Option<Self> {
        let ram = usize::try_from(ram).ok()?;
        let memory = u8::try_from(ram / MEMORY_UNIT).unwrap_or(u8::MAX);
        (ram >= LEAST_RAM).then_some(Self { memory })
    }

    /// What the header declares.
    #[must_use]
    pub fn memory(&self) -> u8 {
        self.memory
    }

    /// Half of it, but no less than most patches gain from; `None` if it is no more than that.
    #[must_use]
    pub fn half(&self) -> Option<Self> {
        /// 16 KiB.
        const AMPLE: u8 = 64;
        (self.memory > AMPLE).then_some(Self { memory: (self.memory / 2).max(AMPLE) })
    }

    /// Most entries that the address map may have: a fifth of what the tables get, if the least tables still fit.
    #[must_use]
    pub fn map_limit(&self) -> usize {
        let words = (usize::from(self.memory) * MEMORY_UNIT).saturating_sub(STATE_BYTES) / 2;
        let fixed = fixed_words(is_compact(self.memory), true);
        let least = LEAST_WORDS - fixed_words(true, true);
        let tables = words.saturating_sub(fixed);
        (tables / 5).min(tables.saturating_sub(least)) / map::ENTRY_WORDS
    }
}
