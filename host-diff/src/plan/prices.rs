//! What the tokens of extras cost: guessed, then learned from an encoding.

use patcher_core::Kind;
use patcher_core::encode::Answer;
use patcher_core::stream::REPEATS;

/// A cost in 1/16 bit.
pub type Bits = u32;
/// One bit.
pub const BIT: Bits = 16;

/// Places in an instruction, or in a word: what tokens are depends on where they begin.
const PLACES: usize = 4;

/// Classes of numbers, see [`class`].
const CLASSES: usize = 256;

/// Costs by the class of a number.
type ByClass = [Bits; CLASSES];

/// What tokens cost, but for the bytes of literals, in 1/16 bit.
#[derive(Debug, Clone)]
pub struct Prices {
    /// Whether a token is a copy: by its place, after a literal or a copy, no or yes.
    pub token: [[[Bits; 2]; 2]; PLACES],
    /// That a copy repeats a source, by its index.
    pub repeat: [Bits; REPEATS],
    /// That a copy repeats none.
    pub fresh: Bits,
    /// Whether it reads the target or the base.
    pub image: [Bits; 2],
    /// Its length, less the least one, by its place.
    pub length: [ByClass; PLACES],
    /// Its distance in the target, less one; of the shortest copies, which have counters of their own in a full image, and of
    /// others.
    pub target: [ByClass; 2],
    /// Its distance from the expected base offset, zigzag.
    pub base: ByClass,
}

/// What the model tells apart of a number: one below 4 itself, else its length, the bit behind its leading one, and its two
/// lowest bits.
#[must_use]
pub fn class(value: u32) -> usize {
    let length = 32 - value.leading_zeros();
    if length < 3 {
        return value as usize;
    }
    let second = value >> (length - 2) & 1;
    ((length - 1) << 3 | second << 2 | value & 3) as usize
}

/// Bits of the numbers of a class.
fn bit_length(class: usize) -> u32 {
    let class = u32::try_from(class).unwrap_or(0);
    if class < 4 { 32 - class.leading_zeros() } else { (class >> 3) + 1 }
}

impl Prices {
    /// Before anything is known: numbers by their bits and the unary code of their length.
    #[must_use]
    pub fn guess(kind: Kind) -> Self {
        let number: ByClass = core::array::from_fn(|class| {
            let length = bit_length(class);
            BIT * length.max(1) + BIT * length.min(6) / 3
        });
        // Too dear a guess would never be corrected: no short copy would be made.
        let near = match kind {
            Kind::Full => number.map(|bits| bits.saturating_sub(2 * BIT).max(BIT)),
            _ => number,
        };
        Self {
            token: [[[BIT / 4, BIT]; 2]; PLACES],
            repeat: [BIT * 2, BIT * 3, BIT * 3],
            fresh: BIT,
            image: [BIT; 2],
            length: [number; PLACES],
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

    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// The mean, as if four more had cost `guess`.
    fn or(self, guess: Bits) -> Bits {
        let sum = (self.sum >> 12) + 4 * u64::from(guess);
        Bits::try_from(sum / (self.count + 4)).unwrap_or(guess)
    }
}

/// The mean cost of each class, as if four more had cost what those alike but for their lowest bits do, and four of these what
/// they were guessed to.
fn means(heard: &[Mean; CLASSES], guess: &ByClass) -> ByClass {
    let mut alike = [Mean::default(); CLASSES / 4];
    for (class, &mean) in heard.iter().enumerate() {
        alike[class / 4].add(mean);
    }
    core::array::from_fn(|class| {
        let usual = guess[class];
        heard[class].or(if class < 4 { usual } else { alike[class / 4].or(usual) })
    })
}

/// Hears what an encoding pays, and tells the prices.
#[derive(Debug)]
pub struct Tally {
    kind: Kind,
    after_copy: bool,
    /// Place of the last token.
    place: usize,
    /// Whether the last copy is one of the shortest, with a price of its own.
    near: bool,
    token: [[[Mean; 2]; 2]; PLACES],
    is_repeat: [Mean; 2],
    repeat: [Mean; REPEATS],
    image: [Mean; 2],
    length: [[Mean; CLASSES]; PLACES],
    target: [[Mean; CLASSES]; 2],
    base: [Mean; CLASSES],
}

impl Tally {
    /// Of an encoding of this kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let number = [Mean::default(); CLASSES];
        Self {
            kind,
            after_copy: false,
            place: 0,
            near: false,
            token: Default::default(),
            is_repeat: Default::default(),
            repeat: Default::default(),
            image: Default::default(),
            length: [number; PLACES],
            target: [number; 2],
            base: number,
        }
    }

    /// Hears that `answer` cost `cost`, in 1/65536 bit.
    pub fn hear(&mut self, answer: Answer, cost: u64) {
        let mean = match answer {
            Answer::Literal => return,
            Answer::IsCopy { place, is } => {
                self.place = place;
                let after = core::mem::replace(&mut self.after_copy, is);
                &mut self.token[place][usize::from(after)][usize::from(is)]
            }
            Answer::IsRepeat(is) => &mut self.is_repeat[usize::from(is)],
            Answer::RepeatIndex(index) => &mut self.repeat[index as usize],
            Answer::FromBase(is) => &mut self.image[usize::from(is)],
            Answer::CopyLength(value) => {
                self.near = value == 0 && self.kind == Kind::Full;
                &mut self.length[self.place][class(value)]
            }
            Answer::TargetDistance(value) => {
                &mut self.target[usize::from(!self.near)][class(value)]
            }
            Answer::BaseDistance(value) => &mut self.base[class(value)],
        };
        mean.hear(cost);
    }

    /// The mean costs.
    #[must_use]
    pub fn prices(&self) -> Prices {
        let guess = Prices::guess(self.kind);
        let [fresh, repeat] = self.is_repeat.map(|mean| mean.or(BIT));
        Prices {
            token: core::array::from_fn(|place| {
                let (heard, guess) = (&self.token[place], &guess.token[place]);
                core::array::from_fn(|after| {
                    core::array::from_fn(|is| heard[after][is].or(guess[after][is]))
                })
            }),
            repeat: self.repeat.map(|index| repeat + index.or(BIT)),
            fresh,
            image: self.image.map(|mean| mean.or(BIT)),
            length: core::array::from_fn(|place| means(&self.length[place], &guess.length[place])),
            target: match self.kind {
                Kind::Full => core::array::from_fn(|longer| {
                    means(&self.target[longer], &guess.target[longer])
                }),
                _ => [means(&self.target[1], &guess.target[1]); 2],
            },
            base: means(&self.base, &guess.base),
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
            tally.hear(Answer::IsCopy { place: 3, is: true }, 2 << 16);
            tally.hear(Answer::CopyLength(1), 1 << 16);
            tally.hear(Answer::TargetDistance(1000), 12 << 16);
        }
        let (prices, guess) = (tally.prices(), Prices::guess(Kind::Full));
        let [paid, alike, other] = [1000, 1001, 2000].map(class);
        let target = &prices.target[1];
        assert!(target[paid].abs_diff(12 * BIT) <= BIT / 2, "{}", target[paid]);
        assert!(target[alike].abs_diff(12 * BIT) <= BIT / 2, "{}", target[alike]);
        assert_eq!(target[other], guess.target[1][other]);
        assert_eq!(prices.target[0], guess.target[0]);
        let [other, .., token] = prices.token;
        assert!(token[1][1].abs_diff(2 * BIT) <= BIT / 8, "{}", token[1][1]);
        assert!(token[0][1] < token[1][1]);
        assert_eq!(other, guess.token[0]);
        assert_eq!(prices.length[0], guess.length[0]);
        assert!(prices.length[3][1] < guess.length[3][1] + BIT / 8);
    }

    #[test]
    fn classes_are_of_numbers_of_one_length() {
        for value in [0, 1, 2, 3, 4, 5, 7, 8, 1000, 1 << 31, u32::MAX] {
            assert_eq!(bit_length(class(value)), 32 - value.leading_zeros(), "{value}");
            assert!(class(value) < CLASSES);
        }
        assert_ne!(class(1000), class(1001));
        assert_eq!(class(1000), class(1004));
    }
}
