//! Longest matches through a suffix array.

/// Matches longer than this are not compared further when two candidates are ranked.
const COMPARE_LIMIT: usize = 1 << 16;

/// A suffix array over one text.
#[derive(Debug)]
pub struct Suffixes {
    text: Vec<u8>,
    order: Vec<i32>,
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
    /// Sorts all suffixes of `text`. **Cost**: n log n time, 4 n bytes.
    #[must_use]
    pub fn new(text: Vec<u8>) -> Self {
        let order =
            if text.is_empty() { Vec::new() } else { divsufsort::sort(&text).into_parts().1 };
        Self { text, order }
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

    /// The longest match of a prefix of `pattern`: (offset in the text, length).
    ///
    /// **Cost**: log₂ n comparisons.
    #[must_use]
    pub fn longest(&self, pattern: &[u8]) -> (usize, usize) {
        if self.order.is_empty() {
            return (0, 0);
        }
        let (mut low, mut high) = (0, self.order.len());
        let (mut low_common, mut high_common) = (0, 0);
        let mut best = (0usize, 0usize);
        while low < high {
            let middle = usize::midpoint(low, high);
            let suffix = self.suffix(middle);
            // Everything between two suffixes shares what both share with the pattern.
            let skip = low_common.min(high_common);
            let length = skip + common(&suffix[skip..], &pattern[skip..]);
            if length > best.1 {
                best = (self.text.len() - suffix.len(), length);
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
            let (at, length) = suffixes.longest(&pattern);
            let by_hand = (0..text.len()).map(|i| common(&text[i..], &pattern)).max();
            assert_eq!(Some(length), by_hand);
            assert_eq!(common(&text[at..], &pattern), length);
        }
    }
}
