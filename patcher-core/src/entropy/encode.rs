//! The encoding half of the range coder, and a coder that only counts cost.

use super::Coder;
use super::range::{BOTTOM, RangeState, split};
use super::symbol::Odds;

/// Bytes that the decoder may read as zeros past the end of the body.
pub const IMPLIED_ZEROS: usize = RangeState::START_BYTES;

/// Encodes decisions into bytes, carry propagation included.
#[derive(Debug)]
pub struct RangeEncoder {
    low: u64,
    range: u32,
    /// Last byte not yet written: a carry may still raise it.
    pending: u8,
    /// 0xFF bytes after `pending` that a carry would turn to zero.
    pending_ones: u64,
    /// Whether `pending` holds a byte of the current segment yet.
    started: bool,
    bytes: Vec<u8>,
}

impl Default for RangeEncoder {
    fn default() -> Self {
        Self::new()
    }
}

impl RangeEncoder {
    /// An encoder at the start of a segment.
    #[must_use]
    pub fn new() -> Self {
        Self {
            low: 0,
            range: u32::MAX,
            pending: 0,
            pending_ones: 0,
            started: false,
            bytes: Vec::new(),
        }
    }

    fn shift_low(&mut self) {
        let [_, _, _, carry, top, ..] = self.low.to_be_bytes();
        if top != 0xFF || carry != 0 {
            if self.started {
                self.bytes.push(self.pending.wrapping_add(carry));
            }
            for _ in 0..self.pending_ones {
                self.bytes.push(0xFFu8.wrapping_add(carry));
            }
            self.pending_ones = 0;
            self.pending = top;
            self.started = true;
        } else {
            self.pending_ones += 1;
        }
        self.low = (self.low & 0x00FF_FFFF) << 8;
    }

    #[inline]
    fn normalise(&mut self) {
        while self.range < BOTTOM {
            self.range <<= 8;
            self.shift_low();
        }
    }

    /// Ends a segment so that the next one starts on a byte of its own.
    pub fn end_segment(&mut self) {
        // The roundest value of the interval: its low bytes are zero, and the last segment drops them.
        let top = self.low + u64::from(self.range) - 1;
        for bits in [32u32, 24, 16, 8, 0] {
            let rounded = (top >> bits) << bits;
            if rounded >= self.low {
                self.low = rounded;
                break;
            }
        }
        for _ in 0..=RangeState::START_BYTES {
            self.shift_low();
        }
        self.low = 0;
        self.range = u32::MAX;
        self.started = false;
        self.pending_ones = 0;
    }

    /// Bytes written so far, without those still pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has been written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Ends the last segment and returns the body, without the zeros that the decoder implies.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.end_segment();
        for _ in 0..IMPLIED_ZEROS {
            if self.bytes.last() == Some(&0) {
                self.bytes.pop();
            }
        }
        self.bytes
    }
}

impl Coder for RangeEncoder {
    #[inline]
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        let bound = split(self.range, p1);
        if bit {
            self.range = bound;
        } else {
            self.low += u64::from(bound);
            self.range -= bound;
        }
        self.normalise();
        bit
    }

    #[inline]
    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        let part = self.range / odds.total();
        let before: u32 = (0..symbol).map(|symbol| odds.of(symbol)).sum();
        self.low += u64::from(part * before);
        self.range = part * odds.of(symbol);
        self.normalise();
        symbol
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::range::RangeDecoder;

    fn decisions(seed: u32, count: usize) -> Vec<(bool, u32)> {
        let mut x = seed;
        (0..count)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 17;
                x ^= x << 5;
                let p = match x % 4 {
                    0 => 1,
                    1 => 65535,
                    2 => 32768,
                    _ => (x >> 16).max(1),
                };
                (x >> 7 & 1 == 1, p)
            })
            .collect()
    }

    #[test]
    fn decoder_returns_what_was_encoded_and_consumes_the_whole_body() {
        for seed in 1..200u32 {
            let script = decisions(seed, usize::try_from(seed).unwrap() * 7);
            let mut encoder = RangeEncoder::new();
            for &(bit, p) in &script {
                encoder.code(bit, p);
            }
            let body = encoder.finish();
            let mut padded = body.clone();
            padded.resize(padded.len() + IMPLIED_ZEROS, 0);
            let mut decoder = RangeDecoder::new(RangeState::default(), &padded);
            decoder.start();
            for &(bit, p) in &script {
                assert_eq!(decoder.code(!bit, p), bit, "seed {seed}");
            }
            let consumed = decoder.consumed();
            assert!(
                consumed >= body.len() && consumed <= body.len() + IMPLIED_ZEROS,
                "seed {seed}"
            );
        }
    }

    #[test]
    fn nothing_takes_no_bytes() {
        assert_eq!(RangeEncoder::new().finish(), []);
    }

    #[test]
    fn a_segment_ends_where_the_decoder_stops_reading() {
        let script = decisions(7, 500);
        let mut encoder = RangeEncoder::new();
        for &(bit, p) in &script {
            encoder.code(bit, p);
        }
        encoder.end_segment();
        let first = encoder.len();
        let body = encoder.finish();
        let mut decoder = RangeDecoder::new(RangeState::default(), &body);
        decoder.start();
        for &(bit, p) in &script {
            assert_eq!(decoder.code(false, p), bit);
        }
        assert_eq!(decoder.consumed(), first);
    }
}
