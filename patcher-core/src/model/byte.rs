//! A byte of a delta that is not known: two symbols of four bits, the high one first.
//!
//! Every byte has one to compare with: what the base or the last copy would have gone on with, or the prediction that failed.
//! A symbol is how far its half is above the half of that byte, modulo 16. Its own model is one of three: of the high half, of
//! the low half behind a high one that is as expected, and behind one that is not.

use super::{Part, hit};
use crate::entropy::Coder;
use crate::entropy::symbol::{self, Models, WORDS};

/// What misses of all kinds have in common: the models of one context. The first cells.
pub(crate) const MISSES: Part = hit::WEIGHTS.then(3, WORDS, 0);

/// Words of the models of one context.
pub(crate) const GROUP: usize = 3 * WORDS;

/// What a byte is coded by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Byte {
    /// The byte that would be no surprise.
    pub(crate) expected: u8,
    /// First word of its own models.
    pub(crate) group: usize,
    /// How often each byte came in its place; a miss has what all misses have in common instead.
    pub(crate) order: Option<Order>,
}

/// Models of bytes by the place where they stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    /// First word of the one of high halves.
    pub(crate) high: usize,
    /// First word of those of low halves, by high half and place.
    pub(crate) low: usize,
    /// Which of these there are: low bits of their numbers.
    pub(crate) halves: usize,
    /// 0 or 1.
    pub(crate) place: usize,
}

/// Codes `truth`.
#[inline(never)]
pub(crate) fn code(cells: &mut [u16], coder: &mut impl Coder, byte: &Byte, truth: u8) -> u8 {
    let Byte { expected, group, order } = *byte;
    let mut models = Models { own: group, other: order.map_or(0, |order| order.high), turn: 0 };
    let mut result = 0usize;
    for shift in [4u32, 0] {
        let half = |byte: u8| usize::from(byte >> shift & 15);
        let expects = half(expected);
        models.turn = if order.is_some() { expects } else { 0 };
        let symbol = half(truth).wrapping_sub(expects) & 15;
        let symbol = symbol::code(cells, coder, &models, symbol);
        result = result << 4 | (symbol + expects) & 15;
        let behind = WORDS << usize::from(symbol != 0);
        models.own += behind;
        models.other = match order {
            Some(Order { low, halves, place, .. }) => {
                low + ((result << 1 | place) & halves) * WORDS
            }
            None => behind,
        };
    }
    let [byte, ..] = result.to_le_bytes();
    byte
}
