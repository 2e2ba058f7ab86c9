//! Numbers of the op stream: adaptive codes of a length and the bits below it.
//!
//! Shape: the **slot** of the value, which is itself below 4, then two for each bit length, as symbols: 15 stands for all slots
//! from there on, of which another symbol tells. Then the bits below the two highest: the two lowest have counters, the others
//! cost one bit each. Values are `u32`.

use super::{Model, Part};
use crate::entropy::symbol::{self, Models};
use crate::entropy::{Coder, counter};

/// What a number means; each meaning has counters of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Number {
    /// Length of a copy inside an extra, minus the least. A full image knows four kinds of them, by where they begin: the
    /// three behind this one have no other use there, as it has no diffs and needs no map.
    CopyLength = 0,
    /// Length of a diff, minus one.
    DiffLength = 1,
    /// Distance of a map entry's base address from the entry before.
    MapBase = 2,
    /// Change of the shift from the map entry before, zigzag.
    MapShift = 3,
    /// Length of the extra before a diff.
    ExtraLength = 4,
    /// Where the diff's base offset departs from the expected one, zigzag.
    BaseJump = 5,
    /// Distance of a copy from the target, minus one.
    TargetDistance = 6,
    /// Departure of a copy from the base from the expected offset, zigzag.
    BaseDistance = 7,
}

/// Slots that one symbol tells of; the next one tells of those behind them.
const SHORT: u32 = 15;
/// The last slot: that of the largest numbers.
const LAST: u32 = 63;
/// Counters of the two lowest bits: of the second, of the lowest by the second.
const LOW: usize = 3;

/// Models of slots, of the first symbol, by kind.
pub(crate) const LENGTHS: Part = Part::first(8, symbol::WORDS, 1);
/// The model of the symbols behind it, whatever the kind: large numbers are alike.
pub(crate) const BEHIND: Part = LENGTHS.then(1, symbol::WORDS, 0);
/// Counters by kind.
pub(crate) const COUNTERS: Part = BEHIND.then(8, LOW, 1);

/// Codes one plain decision with the counter at `index` of `words`, or at even odds when there is none.
///
/// **Cost**: one copy for everything that is not mixed.
#[inline(never)]
pub(crate) fn plain(words: &mut [u16], coder: &mut impl Coder, index: usize, bit: bool) -> bool {
    let counter = words.get(index).copied().unwrap_or(counter::FRESH);
    // In the middle of its step: never certain.
    let bit = coder.code(bit, u32::from(counter & !15 | 8));
    if let Some(counter) = words.get_mut(index) {
        counter::update(counter, bit);
    }
    bit
}

/// Codes `value` with what is known of `kind`.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, kind: Number, value: u32) -> u32 {
    code_at(model, coder, kind, 0, value)
}

/// Codes `value` with what is known of the kind `place` < 4 behind `kind`.
#[inline(never)]
pub fn code_at(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    kind: Number,
    place: u32,
    value: u32,
) -> u32 {
    let kind = kind as usize + place as usize;
    let low = COUNTERS.at(model.compact, kind);
    let mut own = LENGTHS.at(model.compact, kind);
    let words = &mut *model.words;
    let wanted = slot(value);
    let mut slot = 0u32;
    loop {
        let symbol = (wanted.wrapping_sub(slot)).min(SHORT) as usize;
        let models = Models { own, other: own, turn: 0 };
        let symbol = symbol::code(words, coder, &models, symbol);
        slot += u32::try_from(symbol).unwrap_or(0);
        if symbol < SHORT as usize || slot >= LAST {
            break;
        }
        own = BEHIND.at(model.compact, 0);
    }
    let slot = slot.min(LAST);
    if slot < 4 {
        return slot;
    }
    let mut result = 2 | slot & 1;
    for left in (0..slot / 2 - 1).rev() {
        let index = match left {
            0 => low + 1 + (result as usize & 1),
            1 => low,
            _ => usize::MAX,
        };
        let decided = plain(words, coder, index, value >> left & 1 == 1);
        result = result << 1 | u32::from(decided);
    }
    result
}

/// The slot of a number: itself below 4, else its length and the bit below its leading one.
fn slot(value: u32) -> u32 {
    let length = 32 - value.leading_zeros();
    if length < 2 { value } else { (length - 1) << 1 | value >> (length - 2) & 1 }
}

/// Maps a signed difference (wrapping) to a number: 0, −1, 1, −2, …
#[must_use]
pub fn zigzag(value: u32) -> u32 {
    let sign = if value >> 31 == 1 { u32::MAX } else { 0 };
    (value << 1) ^ sign
}

/// Undoes [`zigzag`].
#[must_use]
pub fn unzigzag(value: u32) -> u32 {
    let sign = if value & 1 == 1 { u32::MAX } else { 0 };
    (value >> 1) ^ sign
}
