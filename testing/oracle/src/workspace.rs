//! The workspace and the registers (§3, §6).

use crate::cache::Cache;
use crate::counter::Counter;
use crate::header::Header;
use crate::map::AddressMap;

/// Everything that adapts, in the order of §3.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) number_counters: Vec<Counter>,
    pub(crate) switch_counters: Vec<Counter>,
    pub(crate) hit_weights: Vec<i64>,
    pub(crate) byte_weights: Vec<i64>,
    pub(crate) hit_slots: Vec<Counter>,
    pub(crate) byte_slots: Vec<Counter>,
    pub(crate) map: AddressMap,
    pub(crate) cache: Cache,
}

impl Workspace {
    pub(crate) fn new(header: &Header) -> Self {
        let counters = |count: u32| vec![Counter::INITIAL; usize::try_from(count).expect("small")];
        Self {
            number_counters: counters(424),
            switch_counters: counters(18),
            hit_weights: vec![2000; 192],
            byte_weights: vec![2000; 360],
            hit_slots: counters(header.hit_slots),
            byte_slots: counters(header.byte_slots),
            map: AddressMap::default(),
            cache: Cache::new(header.cache_entries),
        }
    }

    /// The words of §3, little endian.
    pub(crate) fn words(&self) -> Vec<u8> {
        let mut words = Vec::new();
        let counters = |counters: &[Counter]| {
            counters.iter().flat_map(|c| c.word().to_le_bytes()).collect::<Vec<u8>>()
        };
        let weights = |weights: &[i64]| {
            weights
                .iter()
                .flat_map(|w| i16::try_from(*w).expect("clamped").to_le_bytes())
                .collect::<Vec<u8>>()
        };
        let entries = |entries: &[(u32, u32)]| {
            entries
                .iter()
                .flat_map(|e| [e.0.to_le_bytes(), e.1.to_le_bytes()].concat())
                .collect::<Vec<u8>>()
        };
        words.extend(counters(&self.number_counters));
        words.extend(counters(&self.switch_counters));
        words.extend(weights(&self.hit_weights));
        words.extend(weights(&self.byte_weights));
        words.extend(counters(&self.hit_slots));
        words.extend(counters(&self.byte_slots));
        words.extend(entries(&self.map.0));
        words.extend(entries(&self.cache.0));
        words
    }
}

/// Where a copy of an extra comes from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Source {
    pub(crate) from_base: bool,
    /// Its offset minus the position, wrapping.
    pub(crate) delta: u32,
}

/// The registers of §6 but `position`, which is the length of the target so far.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    pub(crate) base: u32,
    pub(crate) last: u32,
    pub(crate) history: u32,
    pub(crate) run: u32,
    pub(crate) change: u8,
    pub(crate) tokens: u32,
    pub(crate) followed: bool,
    pub(crate) repeated: bool,
    pub(crate) read_base: bool,
    pub(crate) repeats: [Source; 3],
}

impl Registers {
    /// One more unit in the history.
    pub(crate) fn remember(&mut self, miss: bool) {
        self.history = self.history << 1 | u32::from(miss);
    }
}
