//! Numbers of the op stream: adaptive Exp-Golomb codes.
//!
//! Shape: the bit length of the value as four decisions, highest bit first, each with a counter by those before it; 15 stands
//! for all lengths from there on, which go on in unary (one counter per length). Then the bits below the leading one: the first
//! has a counter per length, the two lowest have counters where at least five bits are left, the others cost one bit each.
//! Values are `u32`.

use super::{Model, Part};
use crate::entropy::{Coder, counter};

/// What a number means; each meaning has counters of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Number {
    /// Distance of a map entry's base address from the entry before.
    MapBase = 0,
    /// Change of the shift from the map entry before, zigzag.
    MapShift = 1,
    /// Length of the extra before a diff.
    ExtraLength = 2,
    /// Where the diff's base offset departs from the expected one, zigzag.
    BaseJump = 3,
    /// Length of a diff, minus one.
    DiffLength = 4,
    /// Length of a copy inside an extra, minus the least.
    CopyLength = 5,
    /// Distance of a copy from the target, minus one.
    TargetDistance = 6,
    /// Departure of a copy from the base from the expected offset, zigzag.
    BaseDistance = 7,
}

/// Decisions of a length that is not in unary.
const TREE: usize = 4;
/// The least length in unary.
const LONG: u32 = 15;
/// Counters of lengths: the nodes of the tree, then unary ones from [`LONG`] on, of which lengths from 19 on share one.
const LENGTHS: usize = 20;
/// Counters of the bit below the leading one, by length: those from 15 on share one.
const FIRST: usize = 16;
const LOW: usize = 3;
const PER_KIND: usize = LENGTHS + FIRST + LOW;

/// Counters by kind.
pub(crate) const COUNTERS: Part = Part::first(8, PER_KIND, 1);

/// A counter's probability in 1/65536, kept away from certainty so that a number costs a bounded
/// number of patch bytes: 1/64 ≤ p ≤ 63/64.
#[must_use]
fn clamp(counter: u16) -> u32 {
    u32::from(counter::p12(counter) << 4).clamp(1024, 64_512)
}

/// Codes one plain decision with the counter at `index` of `words`, or at even odds when there is none.
///
/// **Cost**: one copy for everything that is not mixed.
#[inline(never)]
pub(crate) fn plain(words: &mut [u16], coder: &mut impl Coder, index: usize, bit: bool) -> bool {
    let mut even = counter::FRESH;
    let counter = words.get_mut(index).unwrap_or(&mut even);
    let bit = coder.code(bit, clamp(*counter));
    counter::update(counter, bit);
    bit
}

/// Codes `value` with the counters of `kind`.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, kind: Number, value: u32) -> u32 {
    let own = COUNTERS.at(model.compact, kind as usize);
    let words = &mut *model.words;
    let length = 32 - value.leading_zeros();
    let short = length.min(LONG);
    let mut node = 1usize;
    for bit in (0..TREE).rev() {
        let decided = plain(words, coder, own + node - 1, short >> bit & 1 == 1);
        node = node << 1 | usize::from(decided);
    }
    let mut coded = u32::try_from(node & 15).unwrap_or(0);
    while (LONG..32).contains(&coded) {
        let index = (coded as usize).min(LENGTHS - 1);
        if !plain(words, coder, own + index, coded < length) {
            break;
        }
        coded += 1;
    }
    if coded <= 1 {
        return coded;
    }
    let mut result = 1u32;
    for left in (0..coded - 1).rev() {
        let truth = value >> left & 1 == 1;
        let decided = if left == coded - 2 {
            plain(words, coder, own + LENGTHS + (coded as usize).min(FIRST - 1), truth)
        } else if left < 2 && coded >= 5 {
            let low = if left == 1 { 0 } else { 1 + (result as usize & 1) };
            plain(words, coder, own + LENGTHS + FIRST + low, truth)
        } else {
            plain(words, coder, usize::MAX, truth)
        };
        result = result << 1 | u32::from(decided);
    }
    result
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
