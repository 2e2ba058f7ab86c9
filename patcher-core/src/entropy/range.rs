//! The decoding half of the range coder: 32-bit range, byte-wise renormalisation.
//!
//! Shape: the state is (`range`, `code`); a segment starts with four bytes of `code` (big endian) and
//! `range` = 2³²−1. Whenever `range` < 2²⁴ both shift left by a byte and one patch byte enters.
//! Carry propagation is the encoder's business.
//!
//! **Reference**: docs/format.md "Range coder"; G. N. N. Martin, "Range encoding", 1979.

use super::Coder;

/// Renormalisation threshold: below it one more byte enters.
pub(crate) const BOTTOM: u32 = 1 << 24;

/// Part of `range` that belongs to a true decision of probability `p1` / 65536.
///
/// Two 16 × 16 bit products, so that a core without a long multiplication stays fast. The result is
/// at least 1 and less than `range` for `range` ≥ 2²⁴ and `p1` in 1..=65535.
#[inline]
pub(crate) fn split(range: u32, p1: u16) -> u32 {
    let p = u32::from(p1);
    (range >> 16) * p + (((range & 0xFFFF) * p) >> 16)
}

/// State of the range decoder between two decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeState {
    /// Width of the current interval.
    pub range: u32,
    /// Offset of the coded value inside the interval.
    pub code: u32,
}

impl RangeState {
    /// Bytes that start a segment.
    pub const START_BYTES: usize = 4;

    /// Starts a segment from its first four bytes.
    #[must_use]
    pub fn start(bytes: [u8; Self::START_BYTES]) -> Self {
        Self { range: u32::MAX, code: u32::from_be_bytes(bytes) }
    }
}

/// Decodes decisions from a slice; past its end zeros are read and counted.
#[derive(Debug)]
pub struct RangeDecoder<'a> {
    state: &'a mut RangeState,
    input: &'a [u8],
    consumed: usize,
}

impl<'a> RangeDecoder<'a> {
    /// A decoder that continues from `state` with the bytes of `input`.
    pub fn new(state: &'a mut RangeState, input: &'a [u8]) -> Self {
        Self { state, input, consumed: 0 }
    }

    /// Bytes taken so far; more than `input.len()` when zeros had to stand in.
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.consumed
    }
}

impl Coder for RangeDecoder<'_> {
    #[inline]
    fn code(&mut self, _bit: bool, p1: u16) -> bool {
        let state = &mut *self.state;
        let bound = split(state.range, p1);
        let bit = state.code < bound;
        if bit {
            state.range = bound;
        } else {
            state.code = state.code.wrapping_sub(bound);
            state.range = state.range.wrapping_sub(bound);
        }
        while state.range < BOTTOM {
            let byte = self.input.get(self.consumed).copied().unwrap_or(0);
            self.consumed = self.consumed.saturating_add(1);
            state.code = state.code << 8 | u32::from(byte);
            state.range <<= 8;
        }
        bit
    }
}
