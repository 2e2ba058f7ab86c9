//! Bytes remembered by context, in slots of sixteen bits.
//!
//! ```text
//!  15     11 10     8 7          0
//! +---------+--------+------------+
//! |  check  | count  |    byte    |
//! +---------+--------+------------+
//! ```
//!
//! Count 0 is an empty slot, else how often the byte came in a row, at most 7.

use super::table::Table;

/// The longest run that is counted.
const MOST: u8 = 7;
/// A slot with this count is not given to another context at once.
const STAYS: u16 = 3;

/// What a context remembers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Remembered {
    place: usize,
    check: u16,
    /// 0: nothing.
    pub(crate) count: u8,
    byte: u8,
}

impl Remembered {
    /// The byte that it expects, if any.
    pub(crate) fn expects(&self) -> Option<u8> {
        (self.count > 0).then_some(self.byte)
    }

    /// What `table` of `words` holds of `context`.
    pub(crate) fn find(words: &[u16], table: Table, context: u32) -> Self {
        let place = table.slot(context);
        let slot = words.get(place).copied().unwrap_or(0);
        let [byte, high] = slot.to_le_bytes();
        let check = u16::try_from(context >> 16 & 31).unwrap_or(0);
        let count = if slot >> 11 == check { high & MOST } else { 0 };
        Self { place, check, count, byte }
    }

    /// Notes the byte that came. What is remembered well is forgotten in steps.
    pub(crate) fn update(&self, words: &mut [u16], byte: u8) {
        let Some(slot) = words.get_mut(self.place) else { return };
        let (count, byte) = match self.count {
            0 if *slot >> 8 & 7 >= STAYS => {
                *slot -= 0x100;
                return;
            }
            0 => (1, byte),
            count if self.byte == byte => ((count + 1).min(MOST), byte),
            count if count > 2 => (count / 2, self.byte),
            _ => (1, byte),
        };
        *slot = self.check << 11 | u16::from(count) << 8 | u16::from(byte);
    }
}
