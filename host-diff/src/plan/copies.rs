//! Parses extras into literals and copies by cost.

use crate::matcher::places::Places;
use crate::matcher::suffix::common;
use core::ops::{Range, RangeInclusive};
use patcher_core::encode::Copy;

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

/// What a number costs, roughly: its bits below the leading one, and the unary length.
fn number_bits(value: u32) -> Bits {
    let length = 32 - value.leading_zeros();
    BIT * (length.saturating_sub(1) + 1) + BIT * length.min(6) / 3
}

#[derive(Clone, Copy)]
struct Arrival {
    cost: u64,
    /// Length of the copy that arrives here, 0 for a literal.
    len: u32,
    from_base: bool,
    source: u32,
    /// Source minus target offset of the last copy on the way, and which image it read.
    repeat: (bool, u32),
}

/// The cheapest literals and copies for the extras `gaps` of `target`.
///
/// `gaps` are (start, end, expected base offset); `literal` is the cost of each target byte as a
/// literal in 1/16 bit; `tries` bounds the candidates looked at per position and image.
#[must_use]
pub fn copies(
    base: &[u8],
    target: &[u8],
    gaps: &[(usize, usize, usize)],
    literal: &[Bits],
    tries: usize,
) -> Vec<Copy> {
    parse(base, target, gaps, literal, tries, usize::MAX, |_, _| {})
}

/// Cost of each target byte in 1/16 bit if everything were an extra; a copy's cost is spread over its bytes.
///
/// Longer copies from the base than `SHORT` are left to diffs. Further arguments as for [`copies`].
#[must_use]
pub fn new_byte_costs(base: &[u8], target: &[u8], literal: &[Bits], tries: usize) -> Vec<Bits> {
    let gaps: Vec<_> = (0..target.len())
        .step_by(CHUNK)
        .map(|at| (at, target.len().min(at + CHUNK), usize::MAX))
        .collect();
    let mut costs = vec![0; target.len()];
    parse(base, target, &gaps, literal, tries, SHORT, |bytes, cost| {
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
    base: &[u8],
    target: &[u8],
    gaps: &[(usize, usize, usize)],
    literal: &[Bits],
    tries: usize,
    longest: usize,
    mut see: impl FnMut(Range<usize>, u64),
) -> Vec<Copy> {
    let in_base = Places::new(base, KEY);
    let mut in_target = Chains::new(target, tries);
    let mut inserted = 0usize;
    let mut out = Vec::new();
    let mut repeat = (false, 0u32);
    for &(start, end, expected) in gaps {
        let none = Arrival { cost: u64::MAX, len: 0, from_base: false, source: 0, repeat };
        let mut arrivals = vec![none; end - start + 1];
        arrivals[0].cost = 0;
        let mut skip_until = start;
        for at in start..end {
            while inserted < at {
                in_target.insert(inserted);
                inserted += 1;
            }
            let here = arrivals[at - start];
            let step = here.cost + u64::from(literal[at] + BIT / 4);
            if step < arrivals[at + 1 - start].cost {
                arrivals[at + 1 - start] = Arrival { cost: step, len: 0, ..here };
            }
            if at < skip_until {
                continue;
            }
            let pattern = &target[at..end];
            let mut take = |from_base: bool, source: usize, length: usize, bits: Bits| {
                let source32 = u32::try_from(source).unwrap_or(NONE);
                let delta = source32.wrapping_sub(u32::try_from(at).unwrap_or(0));
                let shortest = if length > LONG { length } else { 2 };
                for len in shortest..=length {
                    let len32 = u32::try_from(len).unwrap_or(NONE);
                    let cost = here.cost + u64::from(bits + number_bits(len32 - 2));
                    let slot = &mut arrivals[at + len - start];
                    if cost < slot.cost {
                        *slot = Arrival {
                            cost,
                            len: len32,
                            from_base,
                            source: source32,
                            repeat: (from_base, delta),
                        };
                    }
                }
                if length > LONG {
                    skip_until = skip_until.max(at + length - 1);
                }
            };
            let (repeat_base, delta) = here.repeat;
            let source = u32::try_from(at).unwrap_or(0).wrapping_add(delta) as usize;
            let image = if repeat_base { base } else { target };
            let usable = if repeat_base { source < base.len() } else { source < at };
            if usable {
                let length = common(&image[source..], pattern);
                let length = if repeat_base { length.min(longest) } else { length };
                if length >= 2 {
                    take(repeat_base, source, length, BIT * 3);
                }
            }
            in_target.candidates(pattern, |source, length| {
                let distance = u32::try_from(at - source - 1).unwrap_or(NONE);
                take(false, source, length, BIT * 3 + number_bits(distance));
            });
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
                take(true, source, length, BIT * 3 + number_bits(jump));
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
        repeat = arrivals[end - start].repeat;
    }
    out
}
