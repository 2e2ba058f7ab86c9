//! Alignment: which stretches of the target continue which stretches of the base.
//!
//! **Reference**: C. Percival, "Naive differences of executable code", 2003. Matches are anchors only:
//! a new one is taken when it explains clearly more bytes than the alignment before does, and both are
//! extended towards each other over scattered differences.

use super::suffix::{Match, Suffixes, common};

/// A stretch of the target that is compared with a stretch of the base byte by byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aligned {
    /// Offset in the target.
    pub target: usize,
    /// Offset in the base.
    pub base: usize,
    /// Bytes.
    pub len: usize,
}

/// Bytes of a match that are looked at: enough to tell candidates apart.
const LOOKAHEAD: usize = 1 << 14;
/// A match of this many bytes is followed instead of searched for again at the next byte: a longer one elsewhere is found
/// as soon as the rest is shorter, and extended backward.
const FOLLOW: usize = 1 << 6;

/// Aligns `target` with the text of `suffixes`. A match must explain `gain` bytes more than going on as before does.
///
/// The result is sorted by target offset and does not overlap.
///
/// **Cost**: per target byte at most `FOLLOW` comparisons for each halving of the suffixes; a few in practice.
#[must_use]
pub fn align(target: &[u8], suffixes: &Suffixes, gain: usize) -> Vec<Aligned> {
    align_counted(target, suffixes, gain).0
}

/// [`align`], and the bytes that were compared.
fn align_counted(target: &[u8], suffixes: &Suffixes, gain: usize) -> (Vec<Aligned>, usize) {
    let base = suffixes.text();
    let mut aligned = Vec::new();
    let mut work = 0usize;
    // The alignment so far: it began at `last` (target, base).
    let mut last = (0usize, 0usize);
    let mut scan = 0usize;
    let mut found = Match::default();
    let continues = |at: usize, last: (usize, usize)| {
        (at + last.1).checked_sub(last.0).is_some_and(|b| b < base.len() && base[b] == target[at])
    };
    while scan < target.len() {
        // Bytes of the coming match that the alignment so far explains as well.
        let mut explained = 0usize;
        scan += found.len;
        let mut counted = scan;
        found.len = 0;
        while scan < target.len() {
            let pattern = &target[scan..target.len().min(scan + LOOKAHEAD)];
            found = if found.len > FOLLOW {
                follow(base, pattern, found)
            } else {
                suffixes.longest(pattern)
            };
            work += found.work;
            while counted < scan + found.len {
                explained += usize::from(continues(counted, last));
                counted += 1;
                work += 1;
            }
            if (found.len == explained && found.len != 0) || found.len > explained + gain {
                break;
            }
            explained -= usize::from(counted > scan && continues(scan, last));
            scan += 1;
            counted = counted.max(scan);
        }
        if found.len != explained || scan == target.len() {
            if scan < target.len() {
                let wanted = (scan + last.1).saturating_sub(last.0);
                let nearest = suffixes.nearest(&target[scan..], found, wanted);
                work += nearest.work - found.work;
                found = nearest;
            }
            let here = (scan, found.at);
            let (forward, backward) = meet(base, target, last, here);
            work += scan - last.0;
            if forward > 0 {
                aligned.push(Aligned { target: last.0, base: last.1, len: forward });
            }
            last = (scan - backward, found.at.saturating_sub(backward));
        }
    }
    (aligned, work)
}

/// The match one byte after `before`, and what follows it.
fn follow(base: &[u8], pattern: &[u8], before: Match) -> Match {
    let (at, known) = (before.at + 1, before.len - 1);
    let more = common(&base[at + known..], &pattern[known..]);
    Match { at, len: known + more, work: more + 1, ..Match::default() }
}

/// How far the alignment at `last` reaches forward and the one at `here` backward.
fn meet(base: &[u8], target: &[u8], last: (usize, usize), here: (usize, usize)) -> (usize, usize) {
    let gap = here.0 - last.0;
    let mut forward =
        reach((0..gap.min(base.len() - last.1)).map(|i| base[last.1 + i] == target[last.0 + i]));
    let mut backward = if here.0 < target.len() {
        reach((1..=gap.min(here.1)).map(|i| base[here.1 - i] == target[here.0 - i]))
    } else {
        0
    };
    if forward + backward > gap {
        let overlap = forward + backward - gap;
        // Give the overlap to whom it fits better, byte by byte.
        let (mut score, mut best, mut keep) = (0i64, 0i64, 0usize);
        for i in 0..overlap {
            let ours = forward - overlap + i;
            let theirs = backward - i;
            score += i64::from(base[last.1 + ours] == target[last.0 + ours]);
            score -= i64::from(base[here.1 - theirs] == target[here.0 - theirs]);
            if score > best {
                best = score;
                keep = i + 1;
            }
        }
        forward = forward - overlap + keep;
        backward -= keep;
    }
    (forward, backward)
}

/// The length whose equal bytes outnumber the others by most.
fn reach(equal: impl Iterator<Item = bool>) -> usize {
    let (mut score, mut best, mut len) = (0i64, 0i64, 0usize);
    for (index, equal) in equal.enumerate() {
        score += if equal { 1 } else { -1 };
        if score > best {
            best = score;
            len = index + 1;
        }
    }
    len
}

#[cfg(test)]
mod tests;
