//! Longest matches through a suffix array.

use core::ops::{Range, RangeInclusive};

/// Matches longer than this are not compared further when two candidates are ranked.
const COMPARE_LIMIT: usize = 1 << 16;

/// A suffix array over one text.
#[derive(Debug)]
pub struct Suffixes {
    text: Vec<u8>,
    order: Vec<i32>,
    /// Rank of the first suffix that begins with each prefix, and the number of suffixes.
    starts: Vec<u32>,
    /// Bits of a prefix.
    bits: u32,
}

/// Bits of the first three bytes by which suffixes are found: more where there are more suffixes, since each halving less is a
/// wait for memory less. At least the first two bytes.
const PREFIX_BITS: RangeInclusive<u32> = 16..=20;

/// Where a pattern is found best.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Match {
    /// Offset in the text.
    pub at: usize,
    /// Bytes in common.
    pub len: usize,
    /// Bytes that were compared to find it.
    pub work: usize,
    /// Rank of the suffix it begins, if it was searched for.
    pub rank: Option<usize>,
}

/// Length of the common prefix.
#[must_use]
pub fn common(a: &[u8], b: &[u8]) -> usize {
    let limit = a.len().min(b.len()).min(COMPARE_LIMIT);
    let (a, b) = (&a[..limit], &b[..limit]);
    let mut done = 0;
    for (x, y) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        if x != y {
            break;
        }
        done += 8;
    }
    done + a[done..].iter().zip(&b[done..]).take_while(|(x, y)| x == y).count()
}

impl Suffixes {
    /// Sorts all suffixes of `text`. **Cost**: n log n time, 4 n bytes and 256 KiB to 4 MiB.
    #[must_use]
    pub fn new(text: Vec<u8>) -> Self {
        let size_bits = text.len().checked_ilog2().unwrap_or(0);
        let bits = size_bits.saturating_sub(4).clamp(*PREFIX_BITS.start(), *PREFIX_BITS.end());
        Self::by_prefix(text, bits)
    }

    fn by_prefix(text: Vec<u8>, bits: u32) -> Self {
        let order =
            if text.is_empty() { Vec::new() } else { divsufsort::sort(&text).into_parts().1 };
        let starts = starts(&text, bits);
        Self { text, order, starts, bits }
    }

    fn suffix(&self, rank: usize) -> &[u8] {
        let start = usize::try_from(self.order[rank]).unwrap_or(0);
        &self.text[start..]
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Ranks of the suffixes of two bytes and more that begin with one of `prefixes`.
    fn ranks(&self, prefixes: Range<usize>) -> Range<usize> {
        let (low, high) = (self.starts[prefixes.start], self.starts[prefixes.end]);
        let ranks = low as usize..high as usize;
        // The shortest suffix stands before all that go on, and has the prefix of those that go on with zeros.
        let skip = usize::from(!ranks.is_empty() && self.suffix(ranks.start).len() == 1);
        ranks.start + skip..ranks.end
    }

    /// The longest match of a prefix of `pattern`.
    ///
    /// **Cost**: a comparison per halving of the suffixes that share their first bytes with the pattern.
    #[must_use]
    pub fn longest(&self, pattern: &[u8]) -> Match {
        if pattern.len() < 2 {
            return self.shortest(pattern);
        }
        let rest = self.bits - 16;
        let key = prefix(pattern, self.bits);
        let pair = key >> rest;
        let mut ranks = if pattern.len() > 2 { self.ranks(key..key + 1) } else { 0..0 };
        if ranks.is_empty() {
            // Nothing has three bytes in common.
            ranks = self.ranks(pair << rest..(pair + 1) << rest);
        }
        if ranks.is_empty() {
            return self.shortest(pattern);
        }
        let (mut low, mut high) = (ranks.start, ranks.end);
        let (mut low_common, mut high_common) = (2, 2);
        let mut best = Match::default();
        while low < high {
            let middle = usize::midpoint(low, high);
            let suffix = self.suffix(middle);
            // Everything between two suffixes shares what both share with the pattern.
            let skip = low_common.min(high_common);
            let length = skip + common(&suffix[skip..], &pattern[skip..]);
            best.work += length - skip + 1;
            if length > best.len {
                best.at = self.text.len() - suffix.len();
                best.len = length;
                best.rank = Some(middle);
            }
            if length == pattern.len() {
                break;
            }
            if length == suffix.len() || suffix[length] < pattern[length] {
                low = middle + 1;
                low_common = length;
            } else {
                high = middle;
                high_common = length;
            }
        }
        best
    }

    /// The match as long as `found` that is nearest to `wanted`, of those next to it in order.
    #[must_use]
    pub fn nearest(&self, pattern: &[u8], found: Match, wanted: usize) -> Match {
        /// Neighbours that are looked at, to both sides.
        const NEIGHBOURS: usize = 32;
        let Some(rank) = found.rank else { return found };
        let pattern = &pattern[..found.len];
        let equal = |&rank: &usize| {
            let start = usize::try_from(self.order[rank]).unwrap_or(0);
            self.text[start..].starts_with(pattern)
        };
        let before = (rank.saturating_sub(NEIGHBOURS)..rank).rev().take_while(equal);
        let after = (rank + 1..self.order.len().min(rank + 1 + NEIGHBOURS)).take_while(equal);
        let mut nearest = found;
        for rank in before.chain(after) {
            let at = usize::try_from(self.order[rank]).unwrap_or(0);
            nearest.work += found.len + 1;
            if at.abs_diff(wanted) < nearest.at.abs_diff(wanted) {
                nearest.at = at;
            }
        }
        nearest
    }

    /// A match of no more than one byte.
    fn shortest(&self, pattern: &[u8]) -> Match {
        let none = Match { work: 1, ..Match::default() };
        let Some(&first) = pattern.first() else { return none };
        let rank = self.starts[usize::from(first) << (self.bits - 8)] as usize;
        match self.order.get(rank).and_then(|&at| usize::try_from(at).ok()) {
            Some(at) if self.text[at] == first => Match { at, len: 1, ..none },
            _ => none,
        }
    }
}

/// The first `bits`, 16 to 24, of `bytes`, zeros past the end: prefixes are in order where suffixes are.
fn prefix(bytes: &[u8], bits: u32) -> usize {
    let word = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut word = [0; 4];
        let len = bytes.len().min(4);
        word[..len].copy_from_slice(&bytes[..len]);
        word
    });
    (u32::from_be_bytes(word) >> (u32::BITS - bits)) as usize
}

/// Where the suffixes with each prefix of `bits` start in the order of all.
fn starts(text: &[u8], bits: u32) -> Vec<u32> {
    let mut starts = vec![0u32; (1 << bits) + 1];
    for at in 0..text.len() {
        starts[prefix(&text[at..], bits) + 1] += 1;
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_match_is_as_long_as_a_search_by_hand() {
        let text: Vec<u8> =
            (0..3_000u32).map(|i| u8::try_from(i * i % 7 + i / 100 % 3).unwrap()).collect();
        for bits in PREFIX_BITS {
            let suffixes = Suffixes::by_prefix(text.clone(), bits);
            for start in (0..3_000).step_by(37) {
                let mut pattern = text[start..].to_vec();
                pattern.truncate(60);
                pattern.extend([9, 9]);
                let Match { at, len: length, .. } = suffixes.longest(&pattern);
                let by_hand = (0..text.len()).map(|i| common(&text[i..], &pattern)).max();
                assert_eq!(Some(length), by_hand);
                assert_eq!(common(&text[at..], &pattern), length);
            }
        }
    }

    #[test]
    fn the_shortest_texts_and_patterns_are_searched_like_all_others() {
        const PATTERNS: &[&[u8]] = &[
            b"", b"a", b"b", b"ab", b"ba", b"aa", b"\xFF", b"\xFFb", b"`\xFFc", b"c", b"a\0",
            b"a\0\0", b"\0", b"\0\0", b"aa\0",
        ];
        for text in [
            &b""[..],
            b"a",
            b"ab",
            b"ba",
            b"aab",
            b"abb",
            b"\xFF\xFF",
            b"a\xFF",
            b"\xFFb",
            b"`\xFFa",
            b"\0",
            b"a\0",
            b"\0\0a",
            b"aa\0a",
        ] {
            for bits in PREFIX_BITS {
                let suffixes = Suffixes::by_prefix(text.to_vec(), bits);
                for pattern in PATTERNS {
                    let found = suffixes.longest(pattern);
                    let by_hand = (0..text.len()).map(|i| common(&text[i..], pattern)).max();
                    assert_eq!(found.len, by_hand.unwrap_or(0), "{pattern:?} in {text:?}");
                    assert_eq!(common(&text[found.at..], pattern), found.len);
                }
            }
        }
    }
}
