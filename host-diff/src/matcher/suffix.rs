//! Longest matches through a suffix array.

/// Matches longer than this are not compared further when two candidates are ranked.
const COMPARE_LIMIT: usize = 1 << 16;

/// A suffix array over one text.
#[derive(Debug)]
pub struct Suffixes {
    text: Vec<u8>,
    order: Vec<i32>,
    /// Rank of the first suffix that starts with each pair of bytes, and the number of suffixes.
    starts: Vec<u32>,
}

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
    /// Sorts all suffixes of `text`. **Cost**: n log n time, 4 n bytes and 256 KiB.
    #[must_use]
    pub fn new(text: Vec<u8>) -> Self {
        let order =
            if text.is_empty() { Vec::new() } else { divsufsort::sort(&text).into_parts().1 };
        let starts = starts(&text);
        Self { text, order, starts }
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

    /// The longest match of a prefix of `pattern`.
    ///
    /// **Cost**: a comparison per halving of the suffixes that share two bytes with the pattern.
    #[must_use]
    pub fn longest(&self, pattern: &[u8]) -> Match {
        let [first, second, ..] = *pattern else { return self.shortest(pattern) };
        let key = usize::from(u16::from_be_bytes([first, second]));
        let (mut low, mut high) = (self.starts[key] as usize, self.starts[key + 1] as usize);
        // The single-byte suffix, if any, stands before all others with its byte.
        if second == 0xFF
            && self.text.last().is_some_and(|&last| Some(last) == first.checked_add(1))
        {
            high -= 1;
        }
        if low >= high {
            return self.shortest(pattern);
        }
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
        let low = self.starts[usize::from(first) << 8] as usize;
        // The shortest suffix may be the only one with its byte.
        let rank = if self.text.last() == Some(&first) { low.saturating_sub(1) } else { low };
        match self.order.get(rank).and_then(|&at| usize::try_from(at).ok()) {
            Some(at) if self.text[at] == first => Match { at, len: 1, ..none },
            _ => none,
        }
    }
}

/// Where the suffixes with each pair of first bytes start in the order of all.
fn starts(text: &[u8]) -> Vec<u32> {
    let mut starts = vec![0u32; (1 << 16) + 1];
    for pair in text.windows(2) {
        starts[usize::from(u16::from_be_bytes([pair[0], pair[1]])) + 1] += 1;
    }
    if let Some(&last) = text.last() {
        starts[usize::from(last) << 8] += 1;
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
        let suffixes = Suffixes::new(text.clone());
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

    #[test]
    fn the_shortest_texts_and_patterns_are_searched_like_all_others() {
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
        ] {
            let suffixes = Suffixes::new(text.to_vec());
            for pattern in [
                &b""[..],
                b"a",
                b"b",
                b"ab",
                b"ba",
                b"aa",
                b"\xFF",
                b"\xFFb",
                b"`\xFFc",
                b"c",
                b"a\0",
            ] {
                let found = suffixes.longest(pattern);
                let by_hand = (0..text.len()).map(|i| common(&text[i..], pattern)).max();
                assert_eq!(found.len, by_hand.unwrap_or(0), "{pattern:?} in {text:?}");
                assert_eq!(common(&text[found.at..], pattern), found.len);
            }
        }
    }
}
