//! What the tokens of extras cost: guessed, then learned from an encoding.

use patcher_core::Kind;
use patcher_core::encode::Answer;
use patcher_core::stream::REPEATS;

/// A cost in 1/16 bit.
pub type Bits = u32;
/// One bit.
pub const BIT: Bits = 16;

/// Costs by the bit length of a number.
type ByLength = [Bits; 33];

/// What tokens cost, but for the bytes of literals, in 1/16 bit.
#[derive(Debug, Clone)]
pub struct Prices {
    /// Whether a token is a copy: after a literal or a copy, no or yes.
    pub token: [[Bits; 2]; 2],
    /// That a copy repeats a source, by its index.
    pub repeat: [Bits; REPEATS],
    /// That a copy repeats none.
    pub fresh: Bits,
    /// Whether it reads the target or the base.
    pub image: [Bits; 2],
    /// Its length, less the least one.
    pub length: ByLength,
    /// Its distance in the target, less one; of the shortest copies, which have counters of their own in a full image, and of
    /// others.
    pub target: [ByLength; 2],
    /// Its distance from the expected base offset, zigzag.
    pub base: ByLength,
}

/// Bits of `value`.
#[must_use]
pub fn bit_length(value: u32) -> usize {
    (32 - value.leading_zeros()) as usize
}

impl Prices {
    /// Before anything is known: numbers by their bits and the unary code of their length.
    #[must_use]
    pub fn guess(kind: Kind) -> Self {
        let number: ByLength = core::array::from_fn(|length| {
            let length = Bits::try_from(length).unwrap_or(0);
            BIT * length.max(1) + BIT * length.min(6) / 3
        });
        // Too dear a guess would never be corrected: no short copy would be made.
        let near = match kind {
            Kind::Full => number.map(|bits| bits.saturating_sub(2 * BIT).max(BIT)),
            _ => number,
        };
        Self {
            token: [[BIT / 4, BIT]; 2],
            repeat: [BIT * 2, BIT * 3, BIT * 3],
            fresh: BIT,
            image: [BIT; 2],
            length: number,
            target: [near, number],
            base: number,
        }
    }
}

/// Costs heard so far of one answer.
#[derive(Debug, Clone, Copy, Default)]
struct Mean {
    /// 1/65536 bit.
    sum: u64,
    count: u64,
}

impl Mean {
    fn hear(&mut self, cost: u64) {
        self.sum += cost;
        self.count += 1;
    }

    /// The mean, as if four more had cost `guess`.
    fn or(self, guess: Bits) -> Bits {
        let sum = (self.sum >> 12) + 4 * u64::from(guess);
        Bits::try_from(sum / (self.count + 4)).unwrap_or(guess)
    }
}

/// Hears what an encoding pays, and tells the prices.
#[derive(Debug)]
pub struct Tally {
    kind: Kind,
    after_copy: bool,
    /// Whether the last copy is one of the shortest, with a price of its own.
    near: bool,
    token: [[Mean; 2]; 2],
    is_repeat: [Mean; 2],
    repeat: [Mean; REPEATS],
    image: [Mean; 2],
    length: [Mean; 33],
    target: [[Mean; 33]; 2],
    base: [Mean; 33],
}

impl Tally {
    /// Of an encoding of this kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let number = [Mean::default(); 33];
        Self {
            kind,
            after_copy: false,
            near: false,
            token: Default::default(),
            is_repeat: Default::default(),
            repeat: Default::default(),
            image: Default::default(),
            length: number,
            target: [number; 2],
            base: number,
        }
    }

    /// Hears that `answer` cost `cost`, in 1/65536 bit.
    pub fn hear(&mut self, answer: Answer, cost: u64) {
        let mean = match answer {
            Answer::Literal => return,
            Answer::IsCopy(is) => {
                let after = core::mem::replace(&mut self.after_copy, is);
                &mut self.token[usize::from(after)][usize::from(is)]
            }
            Answer::IsRepeat(is) => &mut self.is_repeat[usize::from(is)],
            Answer::RepeatIndex(index) => &mut self.repeat[index as usize],
            Answer::FromBase(is) => &mut self.image[usize::from(is)],
            Answer::CopyLength(value) => {
                self.near = value == 0 && self.kind == Kind::Full;
                &mut self.length[bit_length(value)]
            }
            Answer::TargetDistance(value) => {
                &mut self.target[usize::from(!self.near)][bit_length(value)]
            }
            Answer::BaseDistance(value) => &mut self.base[bit_length(value)],
        };
        mean.hear(cost);
    }

    /// The mean costs.
    #[must_use]
    pub fn prices(&self) -> Prices {
        let guess = Prices::guess(self.kind);
        let number = |heard: &[Mean; 33], guess: &ByLength| {
            core::array::from_fn(|length| heard[length].or(guess[length]))
        };
        let [fresh, repeat] = self.is_repeat.map(|mean| mean.or(BIT));
        Prices {
            token: core::array::from_fn(|after| {
                core::array::from_fn(|is| self.token[after][is].or(guess.token[after][is]))
            }),
            repeat: self.repeat.map(|index| repeat + index.or(BIT)),
            fresh,
            image: self.image.map(|mean| mean.or(BIT)),
            length: number(&self.length, &guess.length),
            target: match self.kind {
                Kind::Full => core::array::from_fn(|longer| {
                    number(&self.target[longer], &guess.target[longer])
                }),
                _ => [number(&self.target[1], &guess.target[1]); 2],
            },
            base: number(&self.base, &guess.base),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_follow_what_was_paid() {
        let mut tally = Tally::new(Kind::Full);
        for _ in 0..100 {
            tally.hear(Answer::IsCopy(true), 2 << 16);
            tally.hear(Answer::CopyLength(1), 1 << 16);
            tally.hear(Answer::TargetDistance(1000), 12 << 16);
        }
        let (prices, guess) = (tally.prices(), Prices::guess(Kind::Full));
        assert!(prices.target[1][10].abs_diff(12 * BIT) <= BIT / 2, "{}", prices.target[1][10]);
        assert_eq!(prices.target[1][11], guess.target[1][11]);
        assert_eq!(prices.target[0], guess.target[0]);
        assert!(prices.token[1][1].abs_diff(2 * BIT) <= BIT / 8, "{}", prices.token[1][1]);
        assert!(prices.token[0][1] < prices.token[1][1]);
    }
}
