//! What one image tells about its load address, collected once.

use super::super::bytes::u32_at;
use super::super::flat::Isa;
use super::bits::BitSet;
use super::code::Code;
use super::vector::VectorTable;
use super::{strings, vector};

/// Landing places and pointers of an image.
#[derive(Debug, Default)]
pub(super) struct Clues {
    /// Length of the image.
    pub(super) len: u32,
    /// Offsets of function entries, sorted.
    pub(super) entries: Vec<u32>,
    /// How many entries there are at offsets 0 to 3 mod 4.
    pub(super) entry_counts: [u64; 4],
    /// How many strings begin at offsets 0 to 3 mod 4.
    pub(super) string_counts: [u64; 4],
    /// Words that code loads and that can be pointers to code, without Thumb bit; distinct and sorted, like all below.
    pub(super) literal_code: Vec<u32>,
    /// Other aligned words that can be pointers to code.
    pub(super) other_code: Vec<u32>,
    /// Handlers of the vector table.
    pub(super) handlers: Vec<u32>,
    /// Words that code loads.
    pub(super) literal_data: Vec<u32>,
    /// Other aligned words.
    pub(super) other_data: Vec<u32>,
    /// Where the vector table is.
    pub(super) vector_offset: Option<u32>,
    entry_set: BitSet,
    string_set: BitSet,
}

impl Clues {
    /// Collects the clues of an image.
    pub(super) fn new(image: &[u8], code: &Code) -> Self {
        // Pointers to Thumb code are odd.
        let tag = u32::from(code.isa == Isa::Thumb);
        let table = if code.isa == Isa::Thumb { vector::find(image) } else { None };
        let (mut literal_code, mut literal_data) = (Vec::new(), Vec::new());
        let (mut other_code, mut other_data) = (Vec::new(), Vec::new());
        for index in 0..image.len() / 4 {
            let Some(word) = u32_at(image, 4 * index) else { break };
            let word = if code.isa == Isa::XtensaBig { word.swap_bytes() } else { word };
            let (codes, datas) = if code.literals.contains(index) {
                (&mut literal_code, &mut literal_data)
            } else {
                (&mut other_code, &mut other_data)
            };
            datas.push(word);
            if word & 1 == tag {
                codes.push(word & !1);
            }
        }
        for words in [&mut literal_code, &mut literal_data, &mut other_code, &mut other_data] {
            words.sort_unstable();
            words.dedup();
        }
        let string_set = strings::starts(image);
        let entries = offsets(&code.entries, 2);
        Self {
            len: u32::try_from(image.len()).unwrap_or(u32::MAX),
            entry_counts: by_residue(&entries),
            string_counts: by_residue(&offsets(&string_set, 1)),
            entries,
            literal_code,
            other_code,
            literal_data,
            other_data,
            vector_offset: table.as_ref().map(|table: &VectorTable| table.offset),
            handlers: table.map(|table| table.handlers).unwrap_or_default(),
            entry_set: code.entries.clone(),
            string_set,
        }
    }

    /// Whether a function may begin at an even offset.
    pub(super) fn is_entry(&self, offset: u32) -> bool {
        usize::try_from(offset / 2).is_ok_and(|index| self.entry_set.contains(index))
    }

    /// Whether a string begins at an offset.
    pub(super) fn is_string(&self, offset: u32) -> bool {
        usize::try_from(offset).is_ok_and(|index| self.string_set.contains(index))
    }
}

fn offsets(set: &BitSet, unit: u32) -> Vec<u32> {
    set.iter().filter_map(|index| u32::try_from(index).ok()?.checked_mul(unit)).collect()
}

fn by_residue(offsets: &[u32]) -> [u64; 4] {
    let mut counts = [0; 4];
    for offset in offsets {
        counts[usize::try_from(offset % 4).unwrap_or(0)] += 1;
    }
    counts
}
