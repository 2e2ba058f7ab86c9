//! The decoding half of the range coder: 32-bit range, byte-wise renormalisation.
//!
//! Shape: the state is (`range`, `code`); a segment starts with four bytes of `code` (big endian) and
//! `range` = 2³²−1. Whenever `range` < 2²⁴ both shift left by a byte and one patch byte enters.
//! Carry propagation is the encoder's business.
//!
//! **Reference**: docs/format.md "Range coder"; G. N. N. Martin, "Range encoding", 1979.

use super::Coder;
use super::symbol::{self, Odds};

/// Renormalisation threshold: below it one more byte enters.
pub(crate) const BOTTOM: u32 = 1 << 24;

/// Part of `range` that belongs to a true decision of probability `p1` / 65536.
///
/// Two 16 × 16 bit products, so that a core without a long multiplication stays fast. The result is
/// at least 1 and less than `range` for `range` ≥ 2²⁴ and `p1` in 1..=65535.
#[inline]
pub(crate) fn split(range: u32, p1: u32) -> u32 {
    (range >> 16) * p1 + (((range & 0xFFFF) * p1) >> 16)
}

/// State of the range decoder between two decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RangeState {
    /// Width of the current interval.
    pub range: u32,
    /// Offset of the coded value inside the interval.
    pub code: u32,
}

impl RangeState {
    /// Bytes that start a segment.
    pub const START_BYTES: usize = 4;
}

/// Decodes decisions from a slice; past its end zeros are read and counted.
#[derive(Debug)]
pub struct RangeDecoder<'a> {
    state: RangeState,
    input: &'a [u8],
    consumed: usize,
}

impl<'a> RangeDecoder<'a> {
    /// A decoder that continues from `state` with the bytes of `input`.
    #[must_use]
    pub fn new(state: RangeState, input: &'a [u8]) -> Self {
        Self { state, input, consumed: 0 }
    }

    /// Starts a segment with its first [`RangeState::START_BYTES`].
    pub fn start(&mut self) {
        self.state.range = u32::MAX;
        for _ in 0..RangeState::START_BYTES {
            self.state.code = self.state.code << 8 | self.next();
        }
    }

    fn next(&mut self) -> u32 {
        let byte = self.input.get(self.consumed).copied().unwrap_or(0);
        self.consumed = self.consumed.wrapping_add(1);
        byte.into()
    }

    /// Takes bytes until `range` is wide enough again, which is not 0.
    #[inline]
    fn normalise(&mut self, mut range: u32, mut code: u32) {
        while range < BOTTOM {
            code = code << 8 | self.next();
            range <<= 8;
        }
        self.state = RangeState { range, code };
    }

    /// What the next decoder continues from, with the bytes that were not taken.
    #[must_use]
    pub fn state(&self) -> RangeState {
        self.state
    }

    /// Bytes taken so far; more than `input.len()` when zeros had to stand in.
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.consumed
    }
}

impl Coder for RangeDecoder<'_> {
    #[inline]
    fn code(&mut self, _bit: bool, p1: u32) -> bool {
        let RangeState { mut range, mut code } = self.state;
        let bound = split(range, p1);
        let bit = code < bound;
        if bit {
            range = bound;
        } else {
            code = code.wrapping_sub(bound);
            range = range.wrapping_sub(bound);
        }
        self.normalise(range, code);
        bit
    }

    #[inline]
    fn symbol(&mut self, _symbol: usize, odds: &Odds<'_>) -> usize {
        let RangeState { range, mut code } = self.state;
        let part = range / odds.total().max(1);
        let mut symbol = 0usize;
        // The range of the symbols looked at; what is left behind the last one is nobody's.
        let range = loop {
            let width = part.wrapping_mul(odds.of(symbol));
            if code < width || symbol == symbol::SYMBOLS - 1 {
                break width.max(1);
            }
            code -= width;
            symbol += 1;
        };
        self.normalise(range, code);
        symbol
    }
}
