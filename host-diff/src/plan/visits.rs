//! Diagonals of a pair of images, and where each may be worth following.
//!
//! A **diagonal** is a fixed distance between base and target offset.

use crate::in_place::Reach;
use crate::matcher::keys::Keys;
use crate::matcher::places::Places;

/// A diagonal is followed from so many bytes before its match on, and as many after it.
const MARGIN: usize = 48;
/// Within a match of this length no other one is looked for.
const LONG: usize = 96;

/// Diagonals whose last visit is known: two to the power of this.
const LATEST_BITS: u32 = 14;

/// Base offset minus target offset.
pub(crate) type Diagonal = i64;

/// Where `diagonal` is for the target offset `at`, within a base of `len` bytes.
pub(crate) fn base_offset(diagonal: Diagonal, at: usize, len: usize) -> Option<usize> {
    let at = Diagonal::try_from(at).ok()?;
    usize::try_from(at + diagonal).ok().filter(|&base| base < len)
}

pub(crate) fn diagonal(base: usize, target: usize) -> Diagonal {
    let offset = |at| Diagonal::try_from(at).unwrap_or(Diagonal::MAX);
    offset(base) - offset(target)
}

/// A diagonal of interest for the target bytes `from..until`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    pub(crate) from: usize,
    pub(crate) until: usize,
    pub(crate) diagonal: Diagonal,
}

/// The diagonals that matches of at least `key` bytes bring in, by `from`; `tries` candidates are looked at per position,
/// of what of the base is in `reach`.
pub(crate) fn visits(
    base: &[u8],
    target: &[u8],
    key: usize,
    tries: usize,
    reach: &Reach,
) -> Vec<Visit> {
    let keys = Keys::hashed(key, base.len());
    let places = Places::new(base, &keys);
    let mut visits: Vec<Visit> = Vec::new();
    // Diagonals whose hashes are alike drive each other out: one visit more of the same diagonal does no harm.
    let mut latest = vec![0usize; 1 << LATEST_BITS];
    let mut last: Diagonal = 0;
    let mut skip_until = 0;
    for at in 0..target.len() {
        if at < skip_until {
            continue;
        }
        let expected = base_offset(last, at, base.len()).unwrap_or(0);
        let mut longest = 0;
        places.near(&target[at..], (reach.least(at), expected), tries, |found, length| {
            let diagonal = diagonal(found, at);
            if length >= 2 * key {
                last = diagonal;
            }
            longest = longest.max(length);
            let (from, until) = (at.saturating_sub(MARGIN), at + length + MARGIN);
            let hash = diagonal.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let latest = &mut latest[(hash >> (u64::BITS - LATEST_BITS)) as usize];
            let known = visits.get_mut(*latest);
            match known.filter(|visit| visit.diagonal == diagonal && visit.until >= from) {
                Some(visit) => visit.until = visit.until.max(until),
                None => {
                    *latest = visits.len();
                    visits.push(Visit { from, until, diagonal });
                }
            }
        });
        if longest >= LONG {
            skip_until = at + longest - LONG / 2;
        }
    }
    visits.sort_by_key(|visit| (visit.from, visit.diagonal));
    visits
}
