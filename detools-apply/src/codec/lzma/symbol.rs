//! LZMA's symbols: literals and copies, told by adaptive probabilities.

use super::layout::{
    self, ALIGN, LENGTH, LITERAL, LITERAL_WORDS, MATCH, MIDDLE, REPEAT, REPEAT_0, REPEAT_0_LONG,
    REPEAT_1, REPEAT_2, REPEAT_LENGTH, SLOT, length,
};
use super::range::{INITIAL, Range};
use crate::error::CodecError;
use crate::input::Input;

/// Shortest copy but for the single byte at the last distance.
const LEAST_COPY: u32 = 2;
/// The distance that ends the stream.
const END: u32 = u32::MAX;
/// First state after a copy; those before are after literals.
const AFTER_COPY: u8 = 7;

/// How many bits of context there are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Properties {
    lc: u32,
    lp: u32,
    pb: u32,
}

impl Properties {
    pub(super) fn parse(byte: u8) -> Result<Self, CodecError> {
        let rest = u32::from(byte);
        let (lc, rest) = (rest % 9, rest / 9);
        let (lp, pb) = (rest % 5, rest / 5);
        if pb > 4 { Err(CodecError::Lzma) } else { Ok(Self { lc, lp, pb }) }
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Symbol {
    Literal(u8),
    /// `count` bytes from `distance` + 1 back.
    Copy {
        distance: u32,
        count: u32,
    },
    End,
}

/// Probabilities, and what they depend on.
#[derive(Debug)]
pub(super) struct Symbols<'a> {
    words: &'a mut [u16],
    /// Stands in for a word that is not there, which cannot be.
    spare: u16,
    properties: Properties,
    state: u8,
    distances: [u32; 4],
    /// Bytes before this one, as far as contexts need them.
    position: u32,
    before: u8,
}

impl<'a> Symbols<'a> {
    pub(super) fn new(words: &'a mut [u16]) -> Self {
        Self {
            words,
            spare: INITIAL,
            properties: Properties::default(),
            state: 0,
            distances: [0; 4],
            position: 0,
            before: 0,
        }
    }

    pub(super) fn open(&mut self, properties: Properties) -> Result<(), CodecError> {
        let expected = layout::words(properties.lc.wrapping_add(properties.lp));
        let got = self.words.len();
        let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let used = self.words.get_mut(..expected);
        used.ok_or(CodecError::Probabilities { expected: number(expected), got: number(got) })?
            .fill(INITIAL);
        self.properties = properties;
        Ok(())
    }

    /// The distance of the last copy.
    pub(super) fn last_distance(&self) -> u32 {
        let [last, ..] = self.distances;
        last
    }

    /// A byte was made.
    pub(super) fn passed(&mut self, byte: u8) {
        self.before = byte;
        self.position = self.position.wrapping_add(1);
    }

    /// The next symbol; `matched` is the byte at the last distance.
    pub(super) fn next(&mut self, range: &mut Range, input: &mut Input, matched: u8) -> Symbol {
        let mut coder = Coder { range, input };
        let state = usize::from(self.state);
        let position = (self.position & mask(self.properties.pb)) as usize;
        let both = state.wrapping_mul(16).wrapping_add(position);
        if !self.bit(&mut coder, MATCH.wrapping_add(both)) {
            return Symbol::Literal(self.literal(&mut coder, matched));
        }
        if !self.bit(&mut coder, REPEAT.wrapping_add(state)) {
            return self.new_copy(&mut coder, position);
        }
        if !self.bit(&mut coder, REPEAT_0.wrapping_add(state)) {
            if !self.bit(&mut coder, REPEAT_0_LONG.wrapping_add(both)) {
                self.state = if self.state < AFTER_COPY { 9 } else { 11 };
                return Symbol::Copy { distance: self.last_distance(), count: 1 };
            }
        } else {
            let [a, b, c, d] = self.distances;
            self.distances = if !self.bit(&mut coder, REPEAT_1.wrapping_add(state)) {
                [b, a, c, d]
            } else if !self.bit(&mut coder, REPEAT_2.wrapping_add(state)) {
                [c, a, b, d]
            } else {
                [d, a, b, c]
            };
        }
        let count = self.length(&mut coder, REPEAT_LENGTH, position);
        self.state = if self.state < AFTER_COPY { 8 } else { 11 };
        Symbol::Copy { distance: self.last_distance(), count }
    }

    fn literal(&mut self, coder: &mut Coder<'_>, matched: u8) -> u8 {
        let Properties { lc, lp, .. } = self.properties;
        let high = (self.position & mask(lp)).wrapping_shl(lc);
        let low = u32::from(self.before).wrapping_shr(8_u32.saturating_sub(lc));
        let context = high.wrapping_add(low) as usize;
        let words = LITERAL.wrapping_add(context.wrapping_mul(LITERAL_WORDS));
        let mut symbol = 1_usize;
        if self.state >= AFTER_COPY {
            let mut matched = usize::from(matched);
            // Eight turns at most: each adds a bit.
            while symbol < 0x100 {
                matched <<= 1;
                let expected = matched & 0x100;
                let index = 0x100_usize.wrapping_add(expected).wrapping_add(symbol);
                let bit = self.bit(coder, words.wrapping_add(index));
                symbol = symbol << 1 | usize::from(bit);
                if bit != (expected != 0) {
                    break;
                }
            }
        }
        while symbol < 0x100 {
            let bit = self.bit(coder, words.wrapping_add(symbol));
            symbol = symbol << 1 | usize::from(bit);
        }
        self.state = match self.state {
            0..=3 => 0,
            4..=9 => self.state.wrapping_sub(3),
            _ => self.state.wrapping_sub(6),
        };
        let [byte, ..] = symbol.to_le_bytes();
        byte
    }

    fn new_copy(&mut self, coder: &mut Coder<'_>, position: usize) -> Symbol {
        let count = self.length(coder, LENGTH, position);
        self.state = if self.state < AFTER_COPY { 7 } else { 10 };
        let distance = self.distance(coder, count);
        if distance == END {
            return Symbol::End;
        }
        let [a, b, c, _] = self.distances;
        self.distances = [distance, a, b, c];
        Symbol::Copy { distance, count }
    }

    fn length(&mut self, coder: &mut Coder<'_>, words: usize, position: usize) -> u32 {
        let at = |offset: usize| words.wrapping_add(offset);
        let tree = position.wrapping_mul(8);
        let extra = if !self.bit(coder, at(length::CHOICE)) {
            self.tree(coder, at(length::LOW).wrapping_add(tree), 3)
        } else if !self.bit(coder, at(length::CHOICE_2)) {
            self.tree(coder, at(length::MIDDLE).wrapping_add(tree), 3).wrapping_add(8)
        } else {
            self.tree(coder, at(length::HIGH), 8).wrapping_add(16)
        };
        extra.wrapping_add(LEAST_COPY)
    }

    fn distance(&mut self, coder: &mut Coder<'_>, count: u32) -> u32 {
        let tree = count.saturating_sub(LEAST_COPY).min(3).wrapping_mul(64) as usize;
        let slot = self.tree(coder, SLOT.wrapping_add(tree), 6);
        if slot < 4 {
            return slot;
        }
        let bits = (slot >> 1).saturating_sub(1);
        let high = (2 | slot & 1).wrapping_shl(bits);
        if slot < 14 {
            // The packed trees lack the word 0 of each, which is never used.
            let words = MIDDLE.wrapping_add(high.wrapping_sub(slot) as usize).wrapping_sub(1);
            return high.wrapping_add(self.reverse_tree(coder, words, bits));
        }
        let mut direct = 0_u32;
        for _ in 0..bits.saturating_sub(4) {
            direct = direct << 1 | coder.range.direct(coder.input);
        }
        let low = self.reverse_tree(coder, ALIGN, 4);
        high.wrapping_add(direct << 4).wrapping_add(low)
    }

    fn tree(&mut self, coder: &mut Coder<'_>, words: usize, bits: u32) -> u32 {
        let mut symbol = 1_u32;
        for _ in 0..bits {
            let bit = self.bit(coder, words.wrapping_add(symbol as usize));
            symbol = symbol << 1 | u32::from(bit);
        }
        symbol.wrapping_sub(1_u32.wrapping_shl(bits))
    }

    /// Least significant bits first.
    fn reverse_tree(&mut self, coder: &mut Coder<'_>, words: usize, bits: u32) -> u32 {
        let (mut symbol, mut value) = (1_usize, 0_u32);
        for shift in 0..bits {
            let bit = self.bit(coder, words.wrapping_add(symbol));
            symbol = symbol << 1 | usize::from(bit);
            value |= u32::from(bit).wrapping_shl(shift);
        }
        value
    }

    fn bit(&mut self, coder: &mut Coder<'_>, index: usize) -> bool {
        let word = self.words.get_mut(index).unwrap_or(&mut self.spare);
        coder.range.bit(word, coder.input)
    }
}

struct Coder<'c> {
    range: &'c mut Range,
    input: &'c mut Input,
}

fn mask(bits: u32) -> u32 {
    1_u32.wrapping_shl(bits).wrapping_sub(1)
}
