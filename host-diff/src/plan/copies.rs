//! Parses extras into literals and copies by cost.

use crate::matcher::places::Places;
use crate::matcher::suffix::common;
use core::ops::{Range, RangeInclusive};
use patcher_core::encode::{Answered, Copy, Seen};

/// A cost in 1/16 bit.
pub type Bits = u32;
/// One bit.
pub const BIT: Bits = 16;

/// Copies from this length on are taken whole.
const LONG: usize = 64;

/// Positions by the hash of the next bytes, most recent first.
struct Chains<'a> {
    image: &'a [u8],
    /// Bits of a key.
    bits: u32,
    /// Candidates looked at per position.
    tries: usize,
    heads: Vec<u32>,
    next: Vec<u32>,
}

/// Bits of a key: as many as keep chains short in large images.
const HASH_BITS: RangeInclusive<u32> = 16..=20;
const NONE: u32 = u32::MAX;
const KEY: usize = 3;

impl<'a> Chains<'a> {
    fn new(image: &'a [u8], tries: usize) -> Self {
        let size_bits = image.len().checked_ilog2().unwrap_or(0);
        let bits = size_bits.saturating_sub(3).clamp(*HASH_BITS.start(), *HASH_BITS.end());
        Self { image, bits, tries, heads: vec![NONE; 1 << bits], next: vec![NONE; image.len()] }
    }

    fn key(&self, bytes: &[u8]) -> usize {
        let key = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
        (key.wrapping_mul(0x9E37_79B1) >> (32 - self.bits)) as usize
    }

    fn insert(&mut self, at: usize) {
        if let Some(bytes) = self.image.get(at..at + KEY) {
            let key = self.key(bytes);
            let head = &mut self.heads[key];
            self.next[at] = *head;
            *head = u32::try_from(at).unwrap_or(NONE);
        }
    }

    /// Calls `see(offset, length)` for candidates that are longer than all before.
    fn candidates(&self, pattern: &[u8], mut see: impl FnMut(usize, usize)) {
        let Some(bytes) = pattern.get(..KEY) else { return };
        let mut at = self.heads[self.key(bytes)];
        let mut longest = KEY - 1;
        for _ in 0..self.tries {
            if at == NONE || longest == pattern.len() {
                break;
            }
            // Longer than all before only if it agrees where the longest ended.
            if self.image.get(at as usize + longest) == Some(&pattern[longest]) {
                let length = common(&self.image[at as usize..], pattern);
                if length > longest {
                    longest = length;
                    see(at as usize, length);
                }
            }
            at = self.next[at as usize];
        }
    }
}

/// What tokens cost beside literals, in 1/16 bit.
#[derive(Debug, Clone)]
pub struct Prices {
    /// Previous was a copy × is a copy.
    token: [[Bits; 2]; 2],
    repeat: [Bits; 3],
    fresh: Bits,
    from: [Bits; 2],
    /// Fresh, repeat.
    length: [Bits; 33],
    target: [Bits; 33],
    base: [Bits; 33],
}

fn bit_length(value: u32) -> usize {
    (32 - value.leading_zeros()) as usize
}

impl Prices {
    /// Before anything is known.
    #[must_use]
    pub fn guess() -> Self {
        let number = core::array::from_fn(|length| {
            let length = Bits::try_from(length).unwrap_or(0);
            BIT * (length.saturating_sub(1) + 1) + BIT * length.min(6) / 3
        });
        Self {
            token: [[BIT / 4, BIT], [BIT / 4, BIT]],
            repeat: [BIT * 2, BIT * 3, BIT * 3],
            fresh: BIT,
            from: [BIT, BIT],
            length: number,
            target: number,
            base: number,
        }
    }
}

/// Sums of costs.
#[derive(Debug)]
pub struct Tally {
    prices: Prices,
    sums: std::collections::HashMap<(u8, usize, usize), (u64, u64)>,
    was_copy: usize,
}

impl Tally {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self { prices: Prices::guess(), sums: Default::default(), was_copy: 0 }
    }
    /// Notes.
    pub fn see(&mut self, answered: Answered, cost: u64) {
        let key = match answered {
            Answered::IsCopy(is) => {
                let was = core::mem::replace(&mut self.was_copy, usize::from(is));
                (0, was, usize::from(is))
            }
            Answered::IsRepeat(is) => { (1, 0, usize::from(is)) }
            Answered::RepeatIndex(index) => (2, 0, index as usize),
            Answered::FromBase(is) => (3, 0, usize::from(is)),
            Answered::CopyLength(length) => (4, 0, bit_length(length)),
            Answered::TargetDistance(distance) => (5, 0, bit_length(distance)),
            Answered::BaseDistance(distance) => (6, 0, bit_length(distance)),
        };
        let (sum, count) = self.sums.entry(key).or_insert((0, 0));
        *sum += cost;
        *count += 1;
    }
    /// The prices.
    #[must_use]
    pub fn prices(&self) -> Prices {
        let get = |key, guess: Bits| {
            let (sum, count) = self.sums.get(&key).copied().unwrap_or((0, 0));
            let sum = (sum >> 12) + 4 * u64::from(guess);
            Bits::try_from(sum / (count + 4)).unwrap_or(0)
        };
        let p = &self.prices;
        let number = |kind: u8, class: usize, guess: &[Bits; 33]| core::array::from_fn(|length| get((kind, class, length), guess[length]));
        let repeat = get((1, 0, 1), BIT);
        Prices {
            token: core::array::from_fn(|was| core::array::from_fn(|is| get((0, was, is), p.token[was][is]))),
            repeat: core::array::from_fn(|index| repeat + get((2, 0, index), BIT)),
            fresh: get((1, 0, 0), BIT),
            from: core::array::from_fn(|from| get((3, 0, from), BIT)),
            length: number(4, 0, &p.length),
            target: number(5, 0, &p.target),
            base: number(6, 0, &p.base),
        }
    }
}

#[derive(Clone, Copy)]
enum Take { Repeat(usize), Target(usize), Base(usize) }

#[derive(Clone, Copy)]
struct Arrival {
    cost: u64,
    /// Length of the copy that arrives here, 0 for a literal.
    len: u32,
    from_base: bool,
    source: u32,
    /// Source minus target offset of the last copy on the way, and which image it read.
    repeats: [(bool, u32); 3],
}

/// The cheapest literals and copies for the extras `gaps` of `target`.
///
/// `gaps` are (start, end, expected base offset); `literal` is the cost of each target byte as a
/// literal in 1/16 bit; `tries` bounds the candidates looked at per position and image.
#[must_use]
pub fn copies(
    seen: &Seen,
    gaps: &[(usize, usize, usize)],
    literal: &[Bits],
    prices: &Prices,
    tries: usize,
) -> Vec<Copy> {
    parse(seen, gaps, literal, prices, tries, usize::MAX, |_, _| {})
}

/// Cost of each target byte in 1/16 bit if everything were an extra; a copy's cost is spread over its bytes.
///
/// Longer copies from the base than `SHORT` are left to diffs. Further arguments as for [`copies`].
#[must_use]
pub fn new_byte_costs(base: &[u8], target: &[u8], literal: &[Bits], prices: &Prices, tries: usize) -> Vec<Bits> {
    let gaps: Vec<_> = (0..target.len())
        .step_by(CHUNK)
        .map(|at| (at, target.len().min(at + CHUNK), usize::MAX))
        .collect();
    let mut costs = vec![0; target.len()];
    let seen = Seen::plain(base, target);
    parse(&seen, &gaps, literal, prices, tries, SHORT, |bytes, cost| {
        let count = u64::try_from(bytes.len()).unwrap_or(1);
        costs[bytes].fill(Bits::try_from(cost / count).unwrap_or(Bits::MAX));
    });
    costs
}

/// Target bytes that are parsed at once where no gap sets a limit.
const CHUNK: usize = 1 << 14;
/// Copies from the base that a diff would replace are longer.
const SHORT: usize = 16;

/// The parse of both: copies from the base take at most `longest` bytes, `see` learns what the bytes of each token
/// cost. In a gap whose expected base offset is `usize::MAX` the last copy from the base tells it.
fn parse(
    seen: &Seen,
    gaps: &[(usize, usize, usize)],
    literal: &[Bits],
    prices: &Prices,
    tries: usize,
    longest: usize,
    mut see: impl FnMut(Range<usize>, u64),
) -> Vec<Copy> {
    let Seen { base, target: before, extras: target, .. } = seen;
    let in_base = Places::new(base, KEY);
    let mut in_target = Chains::new(before, tries);
    let mut inserted = 0usize;
    let mut out = Vec::new();
    let mut repeats = [(false, 0u32); 3];
    for &(start, end, expected) in gaps {
        let none = Arrival { cost: u64::MAX, len: 0, from_base: false, source: 0, repeats };
        let mut arrivals = vec![none; end - start + 1];
        arrivals[0].cost = 0;
        let mut skip_until = start;
        for at in start..end {
            while inserted < at {
                in_target.insert(inserted);
                inserted += 1;
            }
            let here = arrivals[at - start];
            let [is_literal, is_copy] = prices.token[usize::from(here.len > 0)];
            let step = here.cost + u64::from(literal[at] + is_literal);
            if step < arrivals[at + 1 - start].cost {
                arrivals[at + 1 - start] = Arrival { cost: step, len: 0, ..here };
            }
            if at < skip_until {
                continue;
            }
            let pattern = &target[at..end];
            let mut take = |from_base: bool, source: usize, lengths: RangeInclusive<usize>, kind: Take| {
                let source32 = u32::try_from(source).unwrap_or(NONE);
                let delta = source32.wrapping_sub(u32::try_from(at).unwrap_or(0));
                let length = *lengths.end();
                let shortest = if length > LONG { length } else { *lengths.start() };
                for len in shortest..=length {
                    let len32 = u32::try_from(len).unwrap_or(NONE);
                    let size = bit_length(len32 - 2);
                    let bits = match kind {
                        Take::Repeat(index) => prices.repeat[index] + prices.length[size],
                        Take::Target(distance) => prices.fresh + prices.from[0] + prices.length[size] + prices.target[distance],
                        Take::Base(distance) => prices.fresh + prices.from[1] + prices.length[size] + prices.base[distance],
                    };
                    let cost = here.cost + u64::from(is_copy + bits);
                    let slot = &mut arrivals[at + len - start];
                    if cost < slot.cost {
                        let mut repeats = here.repeats;
                        let last = match kind { Take::Repeat(index) => index, _ => 2 };
                        repeats[..=last].rotate_right(1);
                        repeats[0] = (from_base, delta);
                        *slot = Arrival {
                            cost,
                            len: len32,
                            from_base,
                            source: source32,
                            repeats,
                        };
                    }
                }
                if length > LONG {
                    skip_until = skip_until.max(at + length - 1);
                }
            };
            for (index, (repeat_base, delta)) in here.repeats.into_iter().enumerate() {
            let source = u32::try_from(at).unwrap_or(0).wrapping_add(delta) as usize;
            let image = if repeat_base { base } else { before };
            let usable = if repeat_base { source < base.len() } else { source < at };
            if usable {
                let length = common(&image[source..], pattern);
                let length = if repeat_base { length.min(longest) } else { seen.readable(&(start..end), source, length) };
                if length >= 2 {
                    take(repeat_base, source, 2..=length, Take::Repeat(index));
                }
            }
            }
            let mut done = 1;
            in_target.candidates(pattern, |source, length| {
                let distance = u32::try_from(at - source - 1).unwrap_or(NONE);
                let length = seen.readable(&(start..end), source, length);
                if length <= done {
                    return;
                }
                take(false, source, done + 1..=length, Take::Target(bit_length(distance)));
                done = length;
            });
            let (repeat_base, delta) = here.repeats[0];
            let source = u32::try_from(at).unwrap_or(0).wrapping_add(delta) as usize;
            let expected = match expected {
                usize::MAX if repeat_base => source,
                usize::MAX => at,
                _ => expected + (at - start),
            };
            let mut covered = false;
            // What is longer than can be used need not be looked at in full.
            let enough = longest.saturating_add(LONG).min(pattern.len());
            in_base.near(&pattern[..enough], expected, tries, |source, found| {
                let length = found.min(longest);
                covered |= found > length && found > LONG;
                let jump = u32::try_from(source.abs_diff(expected) * 2).unwrap_or(NONE);
                take(true, source, 2..=length, Take::Base(bit_length(jump)));
            });
            if covered {
                // A diff will take it: any low cost will do.
                skip_until = skip_until.max(at + longest - 1);
            }
        }
        let before = out.len();
        let mut at = end;
        while at > start {
            let arrival = arrivals[at - start];
            let len = arrival.len.max(1) as usize;
            see(at - len..at, arrival.cost - arrivals[at - len - start].cost);
            at -= len;
            if arrival.len == 0 {
                continue;
            }
            out.push(Copy {
                target: u32::try_from(at).unwrap_or(NONE),
                len: arrival.len,
                from_base: arrival.from_base,
                source: arrival.source,
            });
        }
        out[before..].reverse();
        repeats = arrivals[end - start].repeats;
    }
    out
}
impl Drop for Tally { fn drop(&mut self) {
    if std::env::var("DUMP").is_ok() {
        let mut v: Vec<_> = self.sums.iter().collect(); v.sort();
        let mut kind = 99;
        for (k, (s, n)) in v { if k.0 != kind { kind = k.0; eprintln!(); }
          eprint!("{}/{}/{}: n {} {:.0}B {:.2}b; ", k.0,k.1,k.2, n, *s as f64/65536.0/8.0, *s as f64/65536.0/ *n as f64); }
        eprintln!();
    } } }
