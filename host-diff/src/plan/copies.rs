//! Parses extras into literals and copies by cost.

use super::prices::{Bits, Prices, class};
use crate::in_place::Reach;
use crate::matcher::keys::Keys;
use crate::matcher::places::{Cursor, Places};
use crate::matcher::suffix::common;
use core::ops::{Range, RangeInclusive};
use patcher_core::Kind;
use patcher_core::encode::{Copy, Seen};
use patcher_core::stream::{MIN_COPY, REPEATS, Source};

/// The shortest copy.
const SHORTEST: usize = MIN_COPY as usize;
/// Copies from this length on are taken whole.
const LONG: usize = 64;

/// Bytes that all candidates but one share with the pattern.
const KEY: usize = 3;
const NONE: u32 = u32::MAX;

/// The most recent position of each two bytes: the one candidate for a copy that is shorter than a key.
struct Pairs<'a> {
    image: &'a [u8],
    /// Positions that are known.
    until: usize,
    latest: Vec<u32>,
}

impl<'a> Pairs<'a> {
    fn new(image: &'a [u8]) -> Self {
        Self { image, until: 0, latest: vec![NONE; 1 << 16] }
    }

    /// The most recent position before `at`, which does not fall, of the two bytes that `pattern` begins with.
    fn last(&mut self, pattern: &[u8], at: usize) -> Option<usize> {
        let index = |pair: &[u8]| Some(usize::from(u16::from_le_bytes(*pair.first_chunk()?)));
        for position in self.until..at {
            if let Some(index) = index(&self.image[position..]) {
                self.latest[index] = word32(position);
            }
        }
        self.until = self.until.max(at);
        let latest = self.latest[index(pattern)?];
        (latest != NONE).then_some(latest as usize)
    }
}

/// How the tokens up to a byte of an extra can be cheapest.
#[derive(Clone, Copy)]
struct Arrival {
    cost: u64,
    /// Length of the copy that arrives here, 0 for a literal.
    len: u32,
    from_base: bool,
    source: u32,
    /// The last sources on the way, most recent first.
    repeats: [Source; REPEATS],
}

/// Where a copy may read, and how that is coded.
#[derive(Clone, Copy)]
enum Found {
    /// As the repeat of this index.
    Repeat(usize),
    /// At a distance in the target whose number is of this class.
    Target(usize),
    /// At a distance from the expected base offset whose number is of this class.
    Base(usize),
}

impl Found {
    /// Cost of its source for one of the shortest copies, or for longer ones.
    fn price(self, prices: &Prices, longer: bool) -> Bits {
        let [target, base] = prices.image;
        match self {
            Self::Repeat(index) => prices.repeat[index],
            Self::Target(class) => {
                prices.fresh + target + prices.target[usize::from(longer)][class]
            }
            Self::Base(class) => prices.fresh + base + prices.base[class],
        }
    }
}

/// Where copies are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Candidates looked at per position and image.
    pub tries: usize,
    /// What of the base is there.
    pub reach: &'a Reach,
}

/// A stretch of extras: start, end, expected base offset.
pub type Gap = (usize, usize, usize);

/// Strings that copies for `gaps` are looked for by.
#[must_use]
pub fn keys(seen: &Seen, gaps: &[Gap]) -> Keys {
    Keys::wanted(KEY, gaps.iter().map(|&(start, end, _)| &seen.extras[start..end]))
}

/// Parses the extras of one alignment, as often as prices change.
#[derive(Debug)]
pub struct Parser<'a> {
    seen: &'a Seen,
    gaps: &'a [Gap],
    search: Search<'a>,
    keys: &'a Keys,
    base: Places<'a>,
    target: Places<'a>,
}

impl<'a> Parser<'a> {
    /// Finds the places of `keys`, which are [those](keys) of `seen` and `gaps`.
    ///
    /// **Cost**: a few passes over both images; 8 bytes for each of their bytes at most.
    #[must_use]
    pub fn new(seen: &'a Seen, gaps: &'a [Gap], keys: &'a Keys, search: Search<'a>) -> Self {
        let places = |image| Places::new(image, keys);
        Self { seen, gaps, search, keys, base: places(&seen.base), target: places(&seen.target) }
    }

    /// The cheapest literals and copies for the extras, in what extras see. `literal` is the cost of each target byte as a
    /// literal in 1/16 bit.
    #[must_use]
    pub fn copies(&self, literal: &[Bits], prices: &Prices) -> Vec<Copy> {
        let mut out = Vec::new();
        self.parse(literal, prices, usize::MAX, |bytes, _, copy| {
            out.extend(copy.map(|(from_base, source)| Copy {
                target: word32(bytes.start),
                len: word32(bytes.len()),
                from_base,
                source,
            }));
        });
        out
    }

    /// Copies from the base take at most `longest` bytes, `see` learns of each token its bytes, their cost, and for a copy
    /// whether it reads the base and where. In a gap whose expected base offset is `usize::MAX` the last copy from the base
    /// tells it.
    fn parse(
        &self,
        literal: &[Bits],
        prices: &Prices,
        longest: usize,
        mut see: impl FnMut(Range<usize>, u64, Option<(bool, u32)>),
    ) {
        let Self { seen, gaps, search: Search { tries, reach }, keys, .. } = *self;
        let Seen { base, target: before, extras: target, halfwords, .. } = seen;
        // Bytes of a literal, and what lengths of copies are multiples of.
        let unit = if *halfwords { 2 } else { 1 };
        let (mut from_base, mut from_target) = (Cursor::new(&self.base), Cursor::new(&self.target));
        let mut pairs = Pairs::new(before);
        let mut repeats = [Source::default(); REPEATS];
        let mut tokens = Vec::new();
        for &(start, end, expected) in gaps {
            let none = Arrival { cost: u64::MAX, len: 0, from_base: false, source: 0, repeats };
            let mut arrivals = vec![none; end - start + 1];
            arrivals[0].cost = 0;
            let mut skip_until = start;
            let (mut numbers, mut sought) = ([None; AHEAD], start..start);
            for at in start..end {
                let here = arrivals[at - start];
                let stands = usize::from(seen.places[at]);
                let whole = at % unit == 0;
                if !whole && at > start {
                    continue;
                }
                let [is_literal, is_copy] = prices.token[stands][usize::from(here.len > 0)];
                let len = if whole { unit.min(end - at) } else { 1 };
                let bytes: Bits = literal[at..at + len].iter().sum();
                let step = here.cost + u64::from(bytes + is_literal);
                let slot = &mut arrivals[at + len - start];
                if step < slot.cost {
                    *slot = Arrival { cost: step, len: 0, ..here };
                }
                if at < skip_until || !whole {
                    continue;
                }
                let pattern = &target[at..end];
                let least = reach.least(at);
                let readable = |source, length| seen.readable(at, source, length);
                let mut take = |found: Found, source: usize, lengths: RangeInclusive<usize>| {
                    let (from_base, last) = match found {
                        Found::Repeat(index) => (here.repeats[index].from_base, index),
                        Found::Target(_) => (false, REPEATS - 1),
                        Found::Base(_) => (true, REPEATS - 1),
                    };
                    let source = word32(source);
                    let mut repeats = here.repeats;
                    repeats[..=last].rotate_right(1);
                    repeats[0] = Source { from_base, delta: source.wrapping_sub(word32(at)) };
                    let costs = [false, true]
                        .map(|longer| here.cost + u64::from(is_copy + found.price(prices, longer)));
                    let (shortest, length) = lengths.into_inner();
                    let length = length / unit * unit;
                    let shortest =
                        if length > LONG { length } else { shortest.next_multiple_of(unit) };
                    for len in (shortest..=length).step_by(unit) {
                        let number = word32((len - SHORTEST) / unit);
                        let cost = costs[usize::from(number > 0)]
                            + u64::from(prices.length[stands][class(number)]);
                        let slot = &mut arrivals[at + len - start];
                        if cost < slot.cost {
                            *slot = Arrival { cost, len: word32(len), from_base, source, repeats };
                        }
                    }
                    if length > LONG {
                        skip_until = skip_until.max(at + length - 1);
                    }
                };
                let place = |repeat: Source| word32(at).wrapping_add(repeat.delta) as usize;
                let [last, ..] = here.repeats;
                let expected = match expected {
                    usize::MAX if last.from_base => place(last),
                    usize::MAX => at,
                    _ => expected + (at - start),
                };
                if !sought.contains(&at) {
                    sought = at..end.min(at + AHEAD);
                    for (index, number) in (0..sought.len()).zip(&mut numbers) {
                        *number = keys.number(&target[at + index..end]);
                        if let Some(key) = *number {
                            from_target.seek(key, at + index);
                            from_base.seek(key, expected + index);
                        }
                    }
                }
                let number = numbers[at - sought.start];
                for (index, repeat) in here.repeats.into_iter().enumerate() {
                    let source = place(repeat);
                    let (image, end) =
                        if repeat.from_base { (base, base.len()) } else { (before, at) };
                    if source >= end || repeat.from_base && source < least {
                        continue;
                    }
                    let length = common(&image[source..], pattern);
                    let length = if repeat.from_base {
                        length.min(longest)
                    } else {
                        readable(source, length)
                    };
                    take(Found::Repeat(index), source, SHORTEST..=length);
                }
                // A farther place is worth its price only beyond the length of a nearer one.
                let mut reached = SHORTEST - 1;
                let mut in_target = |source: usize, length| {
                    let length = readable(source, length);
                    let class = class(word32(at - source - 1));
                    take(Found::Target(class), source, reached + 1..=length);
                    reached = reached.max(length);
                };
                let mut paired = SHORTEST - 1;
                if let Some(source) = pairs.last(pattern, at) {
                    paired = common(&before[source..], pattern);
                    in_target(source, paired);
                }
                if let Some(key) = number {
                    from_target.last((key, pattern), at, paired, tries, in_target);
                }
                let mut covered = false;
                // What is longer than can be used need not be looked at in full.
                let enough = longest.saturating_add(LONG).min(pattern.len());
                let mut reached = SHORTEST - 1;
                let in_base = |source: usize, found: usize| {
                    let length = found.min(longest);
                    covered |= found > length && found > LONG;
                    let class = class(word32(source.abs_diff(expected) * 2));
                    take(Found::Base(class), source, reached + 1..=length);
                    reached = reached.max(length);
                };
                if let Some(key) = number {
                    let pattern = &pattern[..enough];
                    from_base.near((key, pattern), (least, expected), tries, in_base);
                }
                if covered {
                    // A diff will take it: any low cost will do.
                    skip_until = skip_until.max(at + longest - 1);
                }
            }
            let mut at = end;
            while at > start {
                let arrival = arrivals[at - start];
                let literal = if at % unit == 0 { unit.min(at - start) } else { 1 };
                let len = if arrival.len > 0 { arrival.len as usize } else { literal };
                let copy = (arrival.len > 0).then_some((arrival.from_base, arrival.source));
                tokens.push((at - len..at, arrival.cost - arrivals[at - len - start].cost, copy));
                at -= len;
            }
            for (bytes, cost, copy) in tokens.drain(..).rev() {
                see(bytes, cost, copy);
            }
            repeats = arrivals[end - start].repeats;
        }
    }
}

/// Cost of each target byte in 1/16 bit if everything were an extra; a copy's cost is spread over its bytes.
///
/// Longer copies from the base than `SHORT` are left to diffs. `literal` is as for [`Parser::copies`].
#[must_use]
pub fn new_byte_costs(
    base: &[u8],
    target: &[u8],
    literal: &[Bits],
    search: Search<'_>,
) -> Vec<Bits> {
    let gaps: Vec<Gap> = (0..target.len())
        .step_by(CHUNK)
        .map(|at| (at, target.len().min(at + CHUNK), usize::MAX))
        .collect();
    let seen = Seen::plain(base, target);
    let keys = keys(&seen, &gaps);
    let mut costs = vec![0; target.len()];
    let parser = Parser::new(&seen, &gaps, &keys, search);
    parser.parse(literal, &Prices::guess(Kind::Delta), SHORT, |bytes, cost, _| {
        let count = u64::try_from(bytes.len()).unwrap_or(1);
        costs[bytes].fill(Bits::try_from(cost / count).unwrap_or(Bits::MAX));
    });
    costs
}

/// Bytes whose places are sought at once. A search is several waits for memory, and so they wait together.
const AHEAD: usize = 32;
/// Target bytes that are parsed at once where no gap sets a limit.
const CHUNK: usize = 1 << 14;
/// Copies from the base that a diff would replace are longer.
const SHORT: usize = 16;

fn word32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(NONE)
}
