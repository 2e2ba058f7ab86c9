//! What a heatshrink stream costs while it grows.
//!
//! Literals and copies have fixed prices, so the cheapest coding of all bytes so far follows from the longest copy that ends
//! at the last byte: a shorter one is never better, because a longer stream is never cheaper. For each distance of
//! the window the length of the copy that goes on there is kept.

use formats::codec::heatshrink::Parameters;

/// Longest copy that is told apart.
const LONGEST: usize = 255;

/// A stream so far: its last bytes, and what it costs in bits.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    /// The last bytes, the window at `start..`; twice as long as the window, so that it can move on.
    recent: Box<[u8]>,
    start: usize,
    /// Length of the copy that goes on at each place of the window.
    lengths: Box<[u8]>,
    /// Bits after each of the last bytes, a ring.
    bits: Box<[u32]>,
    at: usize,
    last: u32,
    copy: u32,
    longest: u8,
    unknown: u8,
}

/// Bits of a literal.
pub(crate) const LITERAL: u32 = 9;

impl Coded {
    /// An empty stream. Windows longer than `window` bytes are taken for shorter ones.
    pub(crate) fn new(parameters: Parameters, window: usize) -> Self {
        let window = window.min(1 << parameters.window());
        let longest = LONGEST.min(1 << parameters.lookahead());
        Self {
            recent: vec![0; 2 * window].into(),
            start: 0,
            lengths: vec![0; window].into(),
            bits: vec![0; LONGEST + 1].into(),
            at: 0,
            last: 0,
            copy: 1 + u32::from(parameters.window()) + u32::from(parameters.lookahead()),
            longest: u8::try_from(longest).unwrap_or(u8::MAX),
            unknown: 0xA5,
        }
    }

    /// Bits so far.
    pub(crate) fn bits(&self) -> u32 {
        self.last
    }

    /// Adds to the price without a byte.
    pub(crate) fn charge(&mut self, bits: u32) {
        self.last += bits;
        let at = self.at;
        self.bits[at] = self.last;
    }

    /// Becomes a copy of `other`, without taking new memory.
    pub(crate) fn assign(&mut self, other: &Self) {
        self.recent.copy_from_slice(&other.recent);
        self.lengths.copy_from_slice(&other.lengths);
        self.bits.copy_from_slice(&other.bits);
        (self.start, self.at, self.last) = (other.start, other.at, other.last);
        self.unknown = other.unknown;
    }

    /// Appends a byte that is not known yet: no copy reaches over it.
    pub(crate) fn push_unknown(&mut self) {
        self.unknown = self.unknown.wrapping_mul(141).wrapping_add(89);
        self.push(self.unknown);
        self.lengths.fill(0);
        let bits = self.bits[(self.at + self.bits.len() - 1) % self.bits.len()] + LITERAL;
        self.bits[self.at] = bits;
        self.last = bits;
    }

    /// Appends a byte.
    pub(crate) fn push(&mut self, byte: u8) {
        let window = self.lengths.len();
        let mut longest = 0;
        let recent = &self.recent[self.start..self.start + window];
        let cap = self.longest;
        for (length, &before) in self.lengths.iter_mut().zip(recent) {
            let grown = if *length < cap { *length + 1 } else { cap };
            *length = if before == byte { grown } else { 0 };
            longest = longest.max(*length);
        }
        self.recent[self.start + window] = byte;
        self.start += 1;
        if self.start == window {
            self.recent.copy_within(window.., 0);
            self.start = 0;
        }
        let mut bits = self.last + LITERAL;
        if longest > 0 {
            let ring = self.bits.len();
            let from = (self.at + ring - usize::from(longest) + 1) % ring;
            bits = bits.min(self.bits[from] + self.copy);
        }
        self.at = (self.at + 1) % self.bits.len();
        self.bits[self.at] = bits;
        self.last = bits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use formats::codec::heatshrink::encode;

    #[test]
    fn the_price_is_that_of_the_encoder() {
        let mut random = rig::random::Random::new(9);
        // The window is zeros at first, of which the encoder makes no use.
        let mut bytes: Vec<u8> = (1..=255).chain([1]).collect();
        bytes.extend((0..5_000).map(|_| if random.below(16) == 0 { random.byte() & 3 } else { 0 }));
        for len in [256, 300, 385, 600, 5_256] {
            let mut coded = Coded::new(Parameters::DEPLOYED, 256);
            bytes[..len].iter().for_each(|&byte| coded.push(byte));
            let whole = encode(&bytes[..len], Parameters::DEPLOYED);
            assert_eq!(coded.bits().div_ceil(8) as usize, whole.len() - 1, "{len}");
        }
    }
}
