//! LZMA's range decoder.

use crate::input::Input;

const TOP: u32 = 1 << 24;
const PROBABILITY_BITS: u32 = 11;
const ADAPT_BITS: u32 = 5;
/// One half.
pub(super) const INITIAL: u16 = 1 << (PROBABILITY_BITS - 1);

/// State between two decisions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    range: u32,
    code: u32,
    /// A byte was needed that is not there.
    pub(super) starved: bool,
}

impl Range {
    pub(super) fn start(code: u32) -> Self {
        Self { range: u32::MAX, code, starved: false }
    }

    /// Whether the coder is where an encoder leaves it.
    pub(super) fn finished(&self) -> bool {
        self.code == 0
    }

    /// Takes the byte that the last decision left to be taken, if it did.
    pub(super) fn normalise(&mut self, input: &mut Input) {
        if self.range < TOP {
            self.range <<= 8;
            let byte = input.next();
            self.starved |= byte.is_none();
            self.code = self.code << 8 | u32::from(byte.unwrap_or(0));
        }
    }

    /// A decision with a probability, which adapts.
    pub(super) fn bit(&mut self, probability: &mut u16, input: &mut Input) -> bool {
        self.normalise(input);
        let p = u32::from(*probability);
        let bound = (self.range >> PROBABILITY_BITS).wrapping_mul(p);
        let bit = self.code >= bound;
        if bit {
            self.code = self.code.wrapping_sub(bound);
            self.range = self.range.wrapping_sub(bound);
            *probability = probability.wrapping_sub(*probability >> ADAPT_BITS);
        } else {
            self.range = bound;
            let room = (1_u16 << PROBABILITY_BITS).wrapping_sub(*probability);
            *probability = probability.wrapping_add(room >> ADAPT_BITS);
        }
        bit
    }

    /// A decision of one half.
    pub(super) fn direct(&mut self, input: &mut Input) -> u32 {
        self.normalise(input);
        self.range >>= 1;
        let bit = self.code >= self.range;
        if bit {
            self.code = self.code.wrapping_sub(self.range);
        }
        u32::from(bit)
    }
}
