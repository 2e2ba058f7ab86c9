//! The cheapest way through the target: which diagonal of the base each stretch follows, if any.
//!
//! A **diagonal** is a fixed distance between base and target offset. At each byte of the target a path either
//! follows a diagonal and pays for what differs, or pays for new bytes; to enter a diagonal costs an op. One sweep
//! over the target finds the cheapest path among the diagonals that have a match near by.
//!
//! **Reference**: A. J. Viterbi, "Error bounds for convolutional codes", 1967, with a beam.
//!
//! **Cost**: at most `MOST` diagonals per target byte.

use super::mask::{Mark, Masked};
use super::prices::{BIT, Bits};
use crate::in_place::Reach;
use crate::matcher::align::Aligned;
use crate::matcher::places::Places;
use std::collections::HashMap;

/// Diagonals that are followed at the same time.
const MOST: usize = 64;
/// A diagonal is followed from so many bytes before its match on, and as many after it.
const MARGIN: usize = 48;
/// Bytes of the shortest match that brings in a diagonal.
const KEY: usize = 8;
/// Candidates looked at per position.
const TRIES: usize = 32;
/// Within a match of this length no other one is looked for.
const LONG: usize = 96;
/// Diagonals that have fallen behind the best path by so much are dropped: to come back costs less.
const BEHIND: u64 = 60 * BIT as u64;
/// New bytes cost more than the parse of copies thinks: 18/16 of it.
const NEW_BYTE: u64 = 18;

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

/// The diagonals that matches of at least `key` bytes bring in, by `from`; `tries` candidates are looked at per position.
pub(crate) fn visits(
    base: &[u8],
    target: &[u8],
    key: usize,
    tries: usize,
    reach: &Reach,
) -> Vec<Visit> {
    let places = Places::new(base, key);
    let mut visits: Vec<Visit> = Vec::new();
    let mut latest: HashMap<Diagonal, usize> = HashMap::new();
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
            let known = latest.get(&diagonal).map(|&index| &mut visits[index]);
            match known.filter(|visit| visit.until >= from) {
                Some(visit) => visit.until = visit.until.max(until),
                None => {
                    latest.insert(diagonal, visits.len());
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

/// A stretch of a path, and the one before it.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: usize,
    end: usize,
    diagonal: Diagonal,
    before: Option<usize>,
}

/// A path that has left its last stretch.
#[derive(Debug, Clone, Copy)]
struct Away {
    cost: u64,
    stretch: Stretch,
}

/// A path on a diagonal.
#[derive(Debug, Clone, Copy)]
struct On {
    cost: u64,
    start: usize,
    before: Option<usize>,
    /// Bytes since the last difference.
    run: u32,
    /// Bytes of the unit that differ, one bit each, most recent lowest.
    changed: u8,
    /// The bytes belong to a reference that has been paid for.
    in_reference: bool,
}

/// The cheapest paths that are on a diagonal, and that were on it last.
#[derive(Debug, Clone, Copy)]
struct Followed {
    diagonal: Diagonal,
    until: usize,
    on: Option<On>,
    away: Option<Away>,
}

impl Followed {
    fn cost(&self) -> u64 {
        let on = self.on.map_or(u64::MAX, |on| on.cost);
        on.min(self.away.map_or(u64::MAX, |away| away.cost))
    }
}

/// What an op costs whose diagonal is `jump` bytes off the one before: both lengths, and the jump.
fn op(jump: u64) -> u64 {
    const LENGTHS: u64 = 14 * BIT as u64;
    /// Also when it costs few bits, an op cuts runs of hits.
    const SAME: u64 = 12 * BIT as u64;
    const FAR: u64 = 18 * BIT as u64;
    let bits = u64::from(64 - jump.leading_zeros());
    let number = u64::from(BIT) * bits + u64::from(BIT) * bits.min(8) / 3 + u64::from(BIT) / 2;
    LENGTHS + if jump == 0 { SAME } else { number.min(FAR) }
}

impl On {
    /// Pays for a hit of `len` bytes: the longer nothing differed, the less.
    fn hit(&mut self, len: u32) {
        let unit = match self.run {
            0..4 => BIT * 9 / 8,
            4..16 => BIT / 2,
            16..64 => BIT / 8,
            run => u32::from(run & 15 < len),
        };
        self.cost += u64::from(if len == 1 { unit / 2 } else { unit });
        self.run = self.run.saturating_add(len);
    }

    /// Pays for a miss whose new value takes `value` bits.
    fn miss(&mut self, value: Bits) {
        let flag = match self.run {
            0..4 => BIT * 3 / 2,
            4..16 => BIT * 5 / 2,
            16..64 => BIT * 7 / 2,
            _ => BIT * 6,
        };
        self.cost += u64::from(BIT * value + flag);
        self.run = 0;
    }

    /// Pays for a reference; `same` says whether it leads to the same place.
    fn reference(&mut self, same: bool) {
        // What is not predicted right costs a miss the first time, and little once the cache knows it.
        self.cost += u64::from(if same { BIT / 4 } else { BIT * 14 });
        self.run = self.run.saturating_add(4);
        self.in_reference = true;
    }

    /// Pays for a byte outside of references; with the `last` byte of a unit of `unit` bytes for all of it.
    fn plain(&mut self, same: bool, unit: u8, last: bool) {
        self.in_reference = false;
        self.changed = self.changed << 1 | u8::from(!same);
        if !last {
            return;
        }
        match (unit, core::mem::take(&mut self.changed)) {
            (_, 0) => self.hit(u32::from(unit)),
            (1, _) | (2, 0b10) => self.miss(7),
            (2, 0b01) => self.miss(9),
            (2, _) => self.miss(16),
            (_, changed) => self.miss(3 + 5 * changed.count_ones()),
        }
    }
}

/// The paths at one target offset.
struct Sweep {
    stretches: Vec<Stretch>,
    followed: Vec<Followed>,
    /// The cheapest path that is away, and where its last stretch is kept, if it is.
    best: Away,
    kept: Option<usize>,
}

impl Sweep {
    fn keep(&mut self, stretch: Stretch) -> usize {
        self.stretches.push(stretch);
        self.stretches.len() - 1
    }

    /// Lets every diagonal be entered at `at`: from the cheapest path, or back after a gap.
    fn enter(&mut self, at: usize) {
        for index in 0..self.followed.len() {
            let Followed { diagonal, on, away, .. } = self.followed[index];
            let from_best = self.best.cost + op(diagonal.abs_diff(self.best.stretch.diagonal));
            let back = away.map_or(u64::MAX, |away| away.cost + op(0));
            let cost = from_best.min(back);
            if on.is_some_and(|on| on.cost <= cost) {
                continue;
            }
            let before = match away {
                Some(away) if back < from_best => self.keep(away.stretch),
                _ => match self.kept {
                    Some(kept) => kept,
                    None => {
                        let kept = self.keep(self.best.stretch);
                        self.kept = Some(kept);
                        kept
                    }
                },
            };
            self.followed[index].on = Some(On {
                cost,
                start: at,
                before: Some(before),
                run: 4,
                changed: 0,
                in_reference: false,
            });
        }
    }

    /// Lets every diagonal be left before `end`.
    fn leave(&mut self, end: usize) {
        for followed in &mut self.followed {
            let Some(on) = followed.on else { continue };
            if followed.away.is_some_and(|away| away.cost < on.cost) {
                continue;
            }
            let stretch =
                Stretch { start: on.start, end, diagonal: followed.diagonal, before: on.before };
            let away = Away { cost: on.cost, stretch };
            followed.away = Some(away);
            if away.cost <= self.best.cost {
                self.best = away;
                self.kept = None;
            }
        }
    }

    /// Drops what cannot become the best path any more.
    fn prune(&mut self, at: usize) {
        let limit = self.best.cost + BEHIND;
        self.followed.retain(|followed| followed.until > at || followed.cost() < limit);
        if self.followed.len() > MOST {
            // What a match has just brought in had no time yet to show what it is worth.
            let rank = |f: &Followed| (f.until <= at, f.cost(), core::cmp::Reverse(f.until));
            self.followed.sort_by_key(rank);
            self.followed.truncate(MOST);
        }
    }

    /// The stretches of the best path.
    fn finish(self) -> Vec<Aligned> {
        let mut path = Vec::new();
        let mut next = Some(self.best.stretch);
        while let Some(stretch) = next {
            let base = base_offset(stretch.diagonal, stretch.start, usize::MAX).unwrap_or(0);
            if stretch.end > stretch.start {
                let len = stretch.end - stretch.start;
                path.push(Aligned { target: stretch.start, base, len });
            }
            next = stretch.before.map(|before| self.stretches[before]);
        }
        path.reverse();
        path
    }
}

/// The stretches of the cheapest path by target offset. `new_bytes` is the cost of each target byte as a new one in
/// 1/16 bit, `unit` the bytes that are predicted together where there is no reference: 1, 2 or 4, `reach` what of the base
/// is there.
#[must_use]
pub fn path(
    base: &Masked,
    target: &Masked,
    unit: u8,
    new_bytes: &[Bits],
    reach: &Reach,
) -> Vec<Aligned> {
    let visits = visits(&base.bytes, &target.bytes, KEY, TRIES, reach);
    let mut coming = visits.iter().peekable();
    let nothing = Stretch { start: 0, end: 0, diagonal: 0, before: None };
    let mut sweep = Sweep {
        stretches: Vec::new(),
        followed: Vec::new(),
        best: Away { cost: 0, stretch: nothing },
        kept: None,
    };
    for (at, (&byte, &mark)) in target.bytes.iter().zip(&target.marks).enumerate() {
        while let Some(&Visit { until, diagonal, .. }) = coming.next_if(|visit| visit.from <= at) {
            match sweep.followed.iter_mut().find(|followed| followed.diagonal == diagonal) {
                Some(followed) => followed.until = followed.until.max(until),
                None => sweep.followed.push(Followed { diagonal, until, on: None, away: None }),
            }
        }
        let within = at & usize::from(unit - 1);
        let last = within + 1 == usize::from(unit);
        if within == 0 {
            sweep.enter(at);
        }
        let least = reach.least(at);
        let new = u64::from(new_bytes[at]) * NEW_BYTE / 16;
        sweep.best.cost += new;
        for followed in &mut sweep.followed {
            if let Some(away) = &mut followed.away {
                away.cost += new;
            }
            let Some(on) = &mut followed.on else { continue };
            match base_offset(followed.diagonal, at, base.bytes.len()) {
                None => followed.on = None,
                Some(from) if from < least => followed.on = None,
                Some(from) if base.marks[from] == mark => match mark {
                    Mark::Inside if on.in_reference => {}
                    Mark::Start => on.reference(base.reference(from) == target.reference(at)),
                    _ => on.plain(base.bytes[from] == byte, unit, last),
                },
                Some(_) => on.plain(false, unit, last),
            }
        }
        if last {
            sweep.leave(at + 1);
            sweep.prune(at);
        }
    }
    sweep.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(bytes: &[u8]) -> Masked {
        Masked { bytes: bytes.to_vec(), marks: vec![Mark::None; bytes.len()] }
    }

    fn noise(seed: u32, len: usize) -> Vec<u8> {
        let mut x = seed;
        let mut next = || {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            x.to_le_bytes()[1]
        };
        (0..len).map(|_| next()).collect()
    }

    fn aligned(base: &[u8], target: &[u8]) -> Vec<Aligned> {
        let new_bytes = vec![7 * BIT; target.len()];
        path(&masked(base), &masked(target), 2, &new_bytes, &Reach::default())
    }

    #[test]
    fn a_few_changed_bytes_stay_on_their_diagonal() {
        let base = noise(1, 4096);
        let mut target = base.clone();
        for at in [100, 101, 900, 2001] {
            target[at] ^= 0x55;
        }
        assert_eq!(aligned(&base, &target), [Aligned { target: 0, base: 0, len: 4096 }]);
    }

    #[test]
    fn an_insertion_and_a_swap_are_followed() {
        let base = noise(2, 6000);
        let target = [&base[..2000], &noise(3, 40), &base[4000..6000], &base[2000..4000]].concat();
        let expected = [
            Aligned { target: 0, base: 0, len: 2000 },
            Aligned { target: 2040, base: 4000, len: 2000 },
            Aligned { target: 4040, base: 2000, len: 2000 },
        ];
        assert_eq!(aligned(&base, &target), expected);
    }

    #[test]
    fn nothing_in_common_gives_no_stretch() {
        assert_eq!(aligned(&noise(4, 3000), &noise(5, 3001)), []);
        assert_eq!(aligned(&[], &noise(5, 100)), []);
        assert_eq!(aligned(&noise(4, 3000), &[]), []);
    }

    #[test]
    fn runs_and_periods_are_one_stretch() {
        let zeros = vec![0; 50_000];
        assert_eq!(aligned(&zeros, &zeros).len(), 1);
        let period: Vec<u8> = noise(6, 37).into_iter().cycle().take(50_000).collect();
        assert_eq!(aligned(&period, &period).len(), 1);
    }
}
