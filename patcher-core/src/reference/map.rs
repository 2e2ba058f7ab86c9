//! The address map: where addresses of the base image lie in the target.
//!
//! A sorted list of breakpoints (base address → target address) that the encoder chose. Between two
//! breakpoints everything moves alike. Entries take four words of the workspace each: base address,
//! target address, low half first.

use crate::container::region::Regions;

/// Workspace words of one entry.
pub const ENTRY_WORDS: usize = 4;

/// One breakpoint: from `base` on, addresses move by `target − base` (wrapping).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Address in the base image, or in RAM before the update.
    pub base: u32,
    /// Address in the target image, or in RAM after the update.
    pub target: u32,
}

/// View of the entries received so far.
#[derive(Debug)]
pub struct AddressMap<'w> {
    words: &'w mut [u16],
    len: u32,
}

fn join(low: u16, high: u16) -> u32 {
    u32::from(high) << 16 | u32::from(low)
}

fn halves(value: u32) -> [u16; 2] {
    let [a, b, c, d] = value.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

impl<'w> AddressMap<'w> {
    /// An empty map over `words`; `words.len() /` [`ENTRY_WORDS`] entries fit.
    #[must_use]
    pub fn new(words: &'w mut [u16]) -> Self {
        Self { words, len: 0 }
    }

    /// Entries received so far.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether no entry has been received.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn words(&self) -> &[u16] {
        self.words
    }

    pub(crate) fn words_mut(&mut self) -> &mut [u16] {
        self.words
    }

    /// All entries are there: the words were restored.
    pub(crate) fn assume_full(&mut self) {
        self.len = u32::try_from(self.words.len() / ENTRY_WORDS).unwrap_or(0);
    }

    /// The entry of rank `index` by base address.
    #[must_use]
    pub fn entry(&self, index: u32) -> Option<Entry> {
        if index >= self.len {
            return None;
        }
        let start = index as usize * ENTRY_WORDS;
        match self.words.get(start..start + ENTRY_WORDS) {
            Some(&[a, b, c, d]) => Some(Entry { base: join(a, b), target: join(c, d) }),
            _ => None,
        }
    }

    /// Appends an entry; base addresses must rise strictly. `false` when they do not or it is full.
    pub fn push(&mut self, entry: Entry) -> bool {
        let last = self.len.checked_sub(1).and_then(|last| self.entry(last));
        if last.is_some_and(|last| last.base >= entry.base) {
            return false;
        }
        let start = self.len as usize * ENTRY_WORDS;
        let Some(words) = self.words.get_mut(start..start + ENTRY_WORDS) else { return false };
        let [a, b] = halves(entry.base);
        let [c, d] = halves(entry.target);
        words.copy_from_slice(&[a, b, c, d]);
        self.len += 1;
        true
    }

    /// Where `address` lies after the update. **Cost**: one binary search.
    ///
    /// The nearest breakpoint at or below `address` decides: an entry, or what the regions imply
    /// (a base region's start moves to the start of the target region of the same rank, and from a
    /// region's end on nothing moves).
    #[must_use]
    pub fn target_of(&self, address: u32, base: &Regions, target: &Regions) -> u32 {
        let floor = implied(address, base, target);
        let (entries, _) = self.words.as_chunks::<ENTRY_WORDS>();
        let entries = entries.get(..self.len as usize).unwrap_or(&[]);
        let above = entries.partition_point(|&[a, b, ..]| join(a, b) <= address);
        let nearest = match above.checked_sub(1).and_then(|index| entries.get(index)) {
            Some(&[a, b, c, d]) if join(a, b) >= floor.base => {
                Entry { base: join(a, b), target: join(c, d) }
            }
            _ => floor,
        };
        address.wrapping_sub(nearest.base).wrapping_add(nearest.target)
    }
}

/// The breakpoint at or below `address` that the regions imply.
#[must_use]
pub fn implied(address: u32, base: &Regions, target: &Regions) -> Entry {
    let mut floor = Entry { base: 0, target: 0 };
    for (index, region) in base.iter().enumerate() {
        let end = region.address.wrapping_add(region.len);
        if region.address <= address && region.address >= floor.base {
            let to = target.iter().nth(index).map_or(region.address, |region| region.address);
            floor = Entry { base: region.address, target: to };
        }
        if end <= address && end > floor.base {
            floor = Entry { base: end, target: end };
        }
    }
    floor
}
