//! The alignment of bsdiff 4, which detools uses too: the one that ours has to beat.
//!
//! Same matches, same ties, so that what is chosen is never worse than what those tools write.
//!
//! **Reference**: C. Percival, "Naive differences of executable code", 2003, and the behaviour of bsdiff 4.3.

use formats::Stretch;

/// A match has to explain so many bytes more than going on as before.
const GAIN: usize = 8;

/// All suffixes of a base, the empty one first.
struct Sorted<'a> {
    base: &'a [u8],
    order: Vec<i32>,
}

impl Sorted<'_> {
    fn suffix(&self, rank: usize) -> (usize, &[u8]) {
        let at = rank.checked_sub(1).map_or(self.base.len(), |rank| {
            usize::try_from(self.order[rank]).unwrap_or(self.base.len())
        });
        (at, &self.base[at..])
    }

    /// Offset and length of the longest match, of two candidates as long the later in order.
    fn longest(&self, pattern: &[u8]) -> (usize, usize) {
        let (mut low, mut high) = (0, self.base.len());
        while high - low >= 2 {
            let middle = low + (high - low) / 2;
            let suffix = self.suffix(middle).1;
            let compared = suffix.len().min(pattern.len());
            if suffix[..compared] < pattern[..compared] {
                low = middle;
            } else {
                high = middle;
            }
        }
        let length = |rank| {
            let (at, suffix) = self.suffix(rank);
            (at, suffix.iter().zip(pattern).take_while(|(a, b)| a == b).count())
        };
        let (low, high) = (length(low), length(high));
        if low.1 > high.1 { low } else { high }
    }
}

/// Aligns `target` with `base` as bsdiff does.
#[must_use]
pub(crate) fn scan(base: &[u8], target: &[u8]) -> Vec<Stretch> {
    let order = if base.is_empty() { Vec::new() } else { divsufsort::sort(base).into_parts().1 };
    let sorted = Sorted { base, order };
    let mut stretches = Vec::new();
    // Where the alignment so far began, and where the match began that it came from.
    let (mut last_target, mut last_base) = (0, 0);
    let mut offset = 0i64;
    let continues = |at: usize, offset: i64| {
        let from = i64::try_from(at).ok().and_then(|at| usize::try_from(at + offset).ok());
        from.and_then(|from| base.get(from)) == target.get(at)
    };
    let (mut at, mut len, mut from) = (0, 0, 0);
    while at < target.len() {
        let mut explained = 0usize;
        at += len;
        let mut counted = at;
        while at < target.len() {
            (from, len) = sorted.longest(&target[at..]);
            while counted < at + len {
                explained += usize::from(continues(counted, offset));
                counted += 1;
            }
            if len == explained && len != 0 || len > explained + GAIN {
                break;
            }
            explained = explained.saturating_sub(usize::from(continues(at, offset)));
            at += 1;
            counted = counted.max(at);
        }
        if len == explained && at < target.len() {
            continue;
        }
        let (forward, backward) = extend(base, target, (last_target, last_base), (at, from));
        if forward > 0 {
            stretches.push(Stretch { target: last_target, base: last_base, len: forward });
        }
        (last_target, last_base) = (at - backward, from.saturating_sub(backward));
        offset = i64::try_from(from).unwrap_or(0) - i64::try_from(at).unwrap_or(0);
    }
    stretches
}

/// Bytes that the alignment before keeps, and bytes that the coming one reaches back.
fn extend(
    base: &[u8],
    target: &[u8],
    last: (usize, usize),
    here: (usize, usize),
) -> (usize, usize) {
    let gap = here.0 - last.0;
    let forward = (0..gap.min(base.len() - last.1)).map(|i| base[last.1 + i] == target[last.0 + i]);
    let mut forward = half(forward);
    let mut backward = 0;
    if here.0 < target.len() {
        let equal = (1..=gap.min(here.1)).map(|i| base[here.1 - i] == target[here.0 - i]);
        backward = half(equal);
    }
    if forward + backward > gap {
        let overlap = forward + backward - gap;
        let (mut score, mut best, mut keep) = (0i64, 0i64, 0);
        for i in 0..overlap {
            let (ours, theirs) = (forward - overlap + i, backward - i);
            score += i64::from(base[last.1 + ours] == target[last.0 + ours]);
            score -= i64::from(base[here.1 - theirs] == target[here.0 - theirs]);
            if score > best {
                (best, keep) = (score, i + 1);
            }
        }
        forward = forward - overlap + keep;
        backward -= keep;
    }
    (forward, backward)
}

/// The length of which most bytes more than half are equal.
fn half(equal: impl Iterator<Item = bool>) -> usize {
    let (mut score, mut best, mut len) = (0i64, 0i64, 0);
    for (index, equal) in equal.enumerate() {
        score += if equal { 1 } else { -1 };
        if score > best {
            (best, len) = (score, index + 1);
        }
    }
    len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insertion_gives_two_stretches() {
        let base: Vec<u8> =
            (0..2_000u32).map(|i| (i.wrapping_mul(i) >> 5).to_le_bytes()[0]).collect();
        let target = [&base[..700], &[9; 30], &base[700..]].concat();
        let found = scan(&base, &target);
        let covered: usize = found.iter().map(|stretch| stretch.len).sum();
        assert!(found.len() >= 2 && covered >= 1_990, "{found:?}");
        assert!(found.iter().any(|stretch| stretch.target == stretch.base + 30));
    }

    #[test]
    fn empty_images_have_no_stretches() {
        assert_eq!(scan(&[], &[]), []);
        assert_eq!(scan(&[], &[1, 2, 3]), []);
        assert_eq!(scan(&[1, 2, 3], &[]), []);
    }
}
