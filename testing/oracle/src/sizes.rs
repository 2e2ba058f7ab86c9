//! What the declared memory is spent on (§3).

use crate::header::Header;

/// Whether sets are shared, and the sizes of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) compact: bool,
    pub(crate) hit_slots: u32,
    pub(crate) byte_slots: u32,
    pub(crate) cache_entries: u32,
}

impl Sizes {
    pub(crate) fn of(header: &Header) -> Self {
        Self::new(header.memory, header.map_entries, header.full, header.isa)
            .expect("the header was accepted")
    }

    pub(crate) fn new(memory: u8, map_entries: u32, full: bool, isa: u8) -> Option<Self> {
        let compact = memory <= 14;
        let fixed = match (full, compact) {
            (false, false) => 300,
            (false, true) => 204,
            (true, false) => 249,
            (true, true) => 145,
        };
        let words = i64::from(memory) * 128 - 416 - fixed - 4 * i64::from(map_entries);
        let words = u32::try_from(words).ok().filter(|words| *words >= 308)?;
        let cache_entries = if full || isa == 0 { 0 } else { words / 48 };
        let slots = words - 4 * cache_entries;
        // What bytes cannot use goes to hits.
        let hit_slots = if full { 0 } else { (words / 6).max(slots.saturating_sub(1853)) };
        Some(Self { compact, hit_slots, byte_slots: slots - hit_slots, cache_entries })
    }
}
