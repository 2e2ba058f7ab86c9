//! The workspace and the registers (§3, §6).

use crate::cache::Cache;
use crate::counter::Counter;
use crate::header::Header;
use crate::map::AddressMap;
use crate::priors::PRIORS;
use crate::sizes::Sizes;
use crate::symbols::WORDS;

/// Sets of counters or weights; a compact workspace has one for 2^`shared` neighbours.
#[derive(Debug)]
pub(crate) struct Sets<T> {
    words: Vec<T>,
    len: usize,
    shared: u32,
}

impl<T: Copy> Sets<T> {
    /// `count` sets of `len` words. Takes their priors.
    fn new(
        count: usize,
        len: usize,
        shared: u32,
        compact: bool,
        priors: &mut &[u8],
        start: impl Fn(u8) -> T,
    ) -> Self {
        let (own, rest) = priors.split_at(count * len);
        *priors = rest;
        let shared = if compact { shared } else { 0 };
        let mut words = Vec::new();
        for set in 0..count >> shared {
            let from = if shared > 0 { (set << shared) + 1 } else { set };
            words.extend(own[len * from..len * (from + 1)].iter().map(|prior| start(*prior)));
        }
        Self { words, len, shared }
    }

    /// The same if a workspace has them, else none.
    fn only_if(mut self, has: bool) -> Self {
        if !has {
            self.words.clear();
        }
        self
    }

    pub(crate) fn set(&mut self, index: usize) -> &mut [T] {
        let first = (index >> self.shared) * self.len;
        &mut self.words[first..first + self.len]
    }
}

/// Everything that adapts, in the order of §3.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) number_models: Sets<u16>,
    pub(crate) large_numbers: Sets<u16>,
    pub(crate) number_counters: Sets<Counter>,
    pub(crate) switch_counters: Sets<Counter>,
    /// Only of a delta, as the next two.
    pub(crate) hit_weights: Sets<i64>,
    pub(crate) miss_models: Sets<u16>,
    pub(crate) blocks: Sets<Counter>,
    /// Only of a full image.
    pub(crate) byte_weights: Sets<i64>,
    /// The byte slots of a full image.
    pub(crate) byte_slots: Vec<Counter>,
    /// The byte slots of a delta.
    pub(crate) byte_models: Vec<u16>,
    pub(crate) hit_slots: Vec<Counter>,
    pub(crate) map: AddressMap,
    pub(crate) cache: Cache,
}

impl Workspace {
    pub(crate) fn new(header: &Header) -> Self {
        let sizes = Sizes::of(header);
        let compact = sizes.compact;
        let full = header.full;
        let small = |count: u32| usize::try_from(count).expect("small");
        let (counters, words) = if full { (sizes.byte_slots, 0) } else { (0, sizes.byte_slots) };
        let mut priors = PRIORS.as_slice();
        let weight = |prior: u8| i64::from(prior.cast_signed()) * 256;
        Self {
            number_models: Sets::new(8, WORDS, 1, compact, &mut priors, u16::from),
            large_numbers: Sets::new(1, WORDS, 0, compact, &mut priors, u16::from),
            number_counters: Sets::new(8, 3, 1, compact, &mut priors, Counter::believing),
            switch_counters: Sets::new(24, 1, 0, compact, &mut priors, Counter::believing),
            hit_weights: Sets::new(8, 4, 1, compact, &mut priors, weight).only_if(!full),
            miss_models: Sets::new(3, WORDS, 0, compact, &mut priors, u16::from).only_if(!full),
            blocks: Sets::new(1, 16, 0, compact, &mut priors, Counter::believing).only_if(!full),
            byte_weights: Sets::new(12, 4, 1, compact, &mut priors, weight).only_if(full),
            byte_slots: vec![Counter::INITIAL; small(counters)],
            byte_models: vec![0; small(words)],
            hit_slots: vec![Counter::INITIAL; small(sizes.hit_slots)],
            map: AddressMap::default(),
            cache: Cache::new(sizes.cache_entries),
        }
    }

    /// The words of §3, little endian.
    pub(crate) fn words(&self) -> Vec<u8> {
        let mut words = Vec::new();
        let models =
            |words: &[u16]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
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
        words.extend(models(&self.number_models.words));
        words.extend(models(&self.large_numbers.words));
        words.extend(counters(&self.number_counters.words));
        words.extend(counters(&self.switch_counters.words));
        words.extend(weights(&self.hit_weights.words));
        words.extend(models(&self.miss_models.words));
        words.extend(counters(&self.blocks.words));
        words.extend(weights(&self.byte_weights.words));
        words.extend(counters(&self.byte_slots));
        words.extend(models(&self.byte_models));
        words.extend(counters(&self.hit_slots));
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

/// An instruction of an extra, as far as it is made (§8).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    pub(crate) opcode: u8,
    pub(crate) length: u32,
    pub(crate) made: u32,
}

/// The registers of §6 but `position`, which is the length of the target so far.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    pub(crate) base: u32,
    pub(crate) last: u32,
    pub(crate) history: u32,
    pub(crate) run: u32,
    pub(crate) tokens: u32,
    pub(crate) followed: bool,
    pub(crate) repeated: bool,
    pub(crate) read_base: bool,
    /// The extra had a copy.
    pub(crate) copied: bool,
    /// The instruction that began last in the extra, if its isa tells where they begin.
    pub(crate) instruction: Option<Instruction>,
    /// Whether the next halfword of the extra is a second one.
    pub(crate) second: bool,
    /// Low bytes of halfwords that lead somewhere, as if at offset 0: of the last load of a literal, of the last branch.
    pub(crate) leads: [u8; 2],
    pub(crate) repeats: [Source; 3],
}

impl Registers {
    /// One more unit in the history.
    pub(crate) fn remember(&mut self, miss: bool) {
        self.history = self.history << 1 | u32::from(miss);
    }
}
