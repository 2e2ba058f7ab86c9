//! One of sixteen symbols, by how often each came: a few steps where a bit each would take four decisions.
//!
//! A model is seventeen words: what each symbol counts, then their sum. A symbol that came counts [`STEP`] more; once the sum is
//! above [`MOST`], all are halved. A symbol is coded by two models at a time, one for what is special about its place and one
//! that has seen more: added, they need no weights, because one that has seen little says little.
//!
//! **Reference**: J. Cleary, I. Witten, "Data compression using adaptive coding and partial string matching", 1984, of which
//! the blending of contexts by their counts is left.

use super::Coder;

/// Symbols of a model.
pub const SYMBOLS: usize = 16;
/// Words of a model.
pub const WORDS: usize = SYMBOLS + 1;
/// What a symbol counts more when it came.
pub const STEP: u16 = 24;
/// The largest sum that stays.
pub const MOST: u16 = 2048;
/// What each symbol has at least.
const FLOOR: u32 = 8;

// A symbol costs at most 10 bits: what a step may take relies on it.
const _: () = assert!(3 * MOST as u32 + 16 * FLOOR <= FLOOR << 10);

/// A model's words.
type Counts = [u16; WORDS];

/// How the range is divided among the symbols.
#[derive(Debug, Clone, Copy)]
pub struct Odds<'a> {
    own: &'a Counts,
    other: &'a Counts,
    /// Symbol `s` is number `s` + this of the other model.
    turn: usize,
    total: u32,
}

impl Odds<'_> {
    /// Parts of the range that `symbol` < 16 has, 8 to [`Odds::total`].
    #[inline]
    #[must_use]
    pub fn of(&self, symbol: usize) -> u32 {
        let [own @ .., _] = self.own;
        let [other @ .., _] = self.other;
        let own = own.get(symbol & 15).copied().unwrap_or(0);
        let other = other.get((symbol + self.turn) & 15).copied().unwrap_or(0);
        (u32::from(own) << 1) + u32::from(other) + FLOOR
    }

    /// Parts of the range, less than 2¹³.
    #[inline]
    #[must_use]
    pub fn total(&self) -> u32 {
        self.total
    }
}

/// The models that code a symbol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Models {
    /// First word of the model that knows the place.
    pub(crate) own: usize,
    /// First word of the other one, which may be the same.
    pub(crate) other: usize,
    /// Symbol `s` is number `s` + this of the other one.
    pub(crate) turn: usize,
}

fn counts(cells: &[u16], start: usize) -> Option<&Counts> {
    cells.get(start..)?.first_chunk()
}

/// Codes a symbol by two models of `cells`, and teaches both.
///
/// **Cost**: one copy of it serves all symbols.
#[inline(never)]
pub(crate) fn code(
    cells: &mut [u16],
    coder: &mut impl Coder,
    models: &Models,
    symbol: usize,
) -> usize {
    let Models { own, other, turn } = *models;
    let symbol = {
        let (Some(own), Some(other)) = (counts(cells, own), counts(cells, other)) else { return 0 };
        let ([.., of_own], [.., of_other]) = (own, other);
        let total = (u32::from(*of_own) << 1) + u32::from(*of_other) + 16 * FLOOR;
        coder.symbol(symbol, &Odds { own, other, turn, total })
    };
    learn(cells, own, symbol);
    if other != own {
        learn(cells, other, symbol + turn);
    }
    symbol
}

/// Counts a symbol that came.
#[inline(always)]
fn learn(cells: &mut [u16], start: usize, symbol: usize) {
    let Some(model) = cells.get_mut(start..).and_then(|model| model.first_chunk_mut::<WORDS>())
    else {
        return;
    };
    let [counts @ .., total] = model;
    if let Some(count) = counts.get_mut(symbol & 15) {
        *count = count.wrapping_add(STEP);
    }
    *total = total.wrapping_add(STEP);
    if *total > MOST {
        *total = 0;
        for count in counts {
            *count >>= 1;
            *total = total.wrapping_add(*count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::encode::{IMPLIED_ZEROS, RangeEncoder};
    use crate::entropy::range::{RangeDecoder, RangeState};

    /// Three models that start from nothing, and what codes number `index`.
    fn models(index: usize) -> Models {
        let own = index % 2 * WORDS;
        let other = if index.is_multiple_of(5) { own } else { 2 * WORDS };
        Models { own, other, turn: index % 16 }
    }

    fn symbols(seed: u32, count: usize) -> Vec<usize> {
        let mut x = seed;
        let next = || {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let rare = x >> 28 == 0;
            (x >> if rare { 20 } else { 26 }) as usize & if rare { 15 } else { 3 }
        };
        core::iter::repeat_with(next).take(count).collect()
    }

    #[test]
    fn decoder_returns_what_was_encoded() {
        for seed in 1..100 {
            let symbols = symbols(seed, seed as usize * 20);
            let mut encoder = RangeEncoder::new();
            let mut cells = [0; 3 * WORDS];
            for (index, &symbol) in symbols.iter().enumerate() {
                code(&mut cells, &mut encoder, &models(index), symbol);
            }
            let mut body = encoder.finish();
            let len = body.len();
            body.resize(len + IMPLIED_ZEROS, 0);
            let mut decoder = RangeDecoder::new(RangeState::default(), &body);
            decoder.start();
            let mut learned = [0; 3 * WORDS];
            for (index, &symbol) in symbols.iter().enumerate() {
                assert_eq!(code(&mut learned, &mut decoder, &models(index), 0), symbol, "{index}");
            }
            assert_eq!(learned, cells);
            assert!((len..=len + IMPLIED_ZEROS).contains(&decoder.consumed()));
        }
    }

    #[test]
    fn sums_are_of_what_is_counted_and_bounded() {
        let mut cells = [0; 3 * WORDS];
        for (index, &symbol) in symbols(7, 10_000).iter().enumerate() {
            code(&mut cells, &mut RangeEncoder::new(), &models(index), symbol);
            for model in cells.chunks(WORDS) {
                let (total, counts) = model.split_last().expect("seventeen");
                assert_eq!(counts.iter().sum::<u16>(), *total);
                assert!(*total <= MOST);
            }
        }
    }

    /// A workspace that was restored may hold anything: nothing panics, and the decoder goes on.
    #[test]
    fn no_words_are_bad_words() {
        for word in [0, 1, 24, 2048, 0x7FFF, 0x8000, 0xFFE8, 0xFFFF] {
            let mut cells = [word; 3 * WORDS];
            let mut decoder = RangeDecoder::new(RangeState::default(), &[0xFF; 64]);
            decoder.start();
            for index in 0..100 {
                assert!(code(&mut cells, &mut decoder, &models(index), 0) < SYMBOLS);
            }
        }
    }
}
