//! The cheapest way through the target for a given codec: which diagonal of the base each stretch follows, if any.
//!
//! Like `plan::path`, but what follows a diagonal is priced as diff bytes of a bsdiff-like delta.
//!
//! **Reference**: A. J. Viterbi, "Error bounds for convolutional codes", 1967, with a beam.

use formats::Stretch;

use super::prices::Prices;
use super::room::Room;
use crate::plan::path::{Diagonal, Visit, base_offset};
use crate::plan::prices::BIT;

/// Diagonals that are followed at the same time.
const MOST: usize = 48;
/// Diagonals that have fallen behind the best path by so much are dropped.
const BEHIND: u64 = 160 * BIT as u64;

/// A part of a path, and the one before it.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: usize,
    end: usize,
    diagonal: Diagonal,
    before: Option<usize>,
}

/// A path that has left its last part.
#[derive(Clone, Copy, Debug)]
struct Away {
    cost: u64,
    part: Part,
}

/// A path on a diagonal.
#[derive(Clone, Copy, Debug)]
struct On {
    cost: u64,
    start: usize,
    before: Option<usize>,
    /// Zeros since the last difference.
    run: usize,
}

#[derive(Clone, Copy, Debug)]
struct Followed {
    diagonal: Diagonal,
    until: usize,
    on: Option<On>,
    away: Option<Away>,
}

struct Sweep<'a> {
    prices: &'a Prices,
    parts: Vec<Part>,
    followed: Vec<Followed>,
    /// The cheapest path that is away, and where its last part is kept, if it is.
    best: Away,
    kept: Option<usize>,
}

impl Sweep<'_> {
    fn keep(&mut self, part: Part) -> usize {
        self.parts.push(part);
        self.parts.len() - 1
    }

    /// Lets every diagonal be entered at `at`: from the cheapest path, or back after new bytes.
    fn enter(&mut self, at: usize) {
        for index in 0..self.followed.len() {
            let Followed { diagonal, on, away, .. } = self.followed[index];
            let jump = diagonal.abs_diff(self.best.part.diagonal);
            let from_best = self.best.cost + self.prices.op(jump);
            let back = away.map_or(u64::MAX, |away| away.cost + self.prices.op(0));
            let cost = from_best.min(back);
            if on.is_some_and(|on| on.cost <= cost) {
                continue;
            }
            let before = match away {
                Some(away) if back < from_best => self.keep(away.part),
                _ => match self.kept {
                    Some(kept) => kept,
                    None => {
                        let kept = self.keep(self.best.part);
                        self.kept = Some(kept);
                        kept
                    }
                },
            };
            self.followed[index].on = Some(On { cost, start: at, before: Some(before), run: 0 });
        }
    }

    /// Lets every diagonal be left before `end`.
    fn leave(&mut self, end: usize) {
        for followed in &mut self.followed {
            let Some(on) = followed.on else { continue };
            if followed.away.is_some_and(|away| away.cost <= on.cost) {
                continue;
            }
            let part =
                Part { start: on.start, end, diagonal: followed.diagonal, before: on.before };
            let away = Away { cost: on.cost, part };
            followed.away = Some(away);
            if away.cost < self.best.cost {
                self.best = away;
                self.kept = None;
            }
        }
    }

    /// Drops what cannot become the best path any more.
    fn prune(&mut self, at: usize) {
        let limit = self.best.cost + BEHIND;
        let cost = |followed: &Followed| {
            let on = followed.on.map_or(u64::MAX, |on| on.cost);
            on.min(followed.away.map_or(u64::MAX, |away| away.cost))
        };
        self.followed.retain(|followed| followed.until > at || cost(followed) < limit);
        if self.followed.len() > MOST {
            self.followed.sort_by_key(|f| (f.until <= at, cost(f), core::cmp::Reverse(f.until)));
            self.followed.truncate(MOST);
        }
    }

    fn finish(self) -> Vec<Stretch> {
        let mut path = Vec::new();
        let mut next = Some(self.best.part);
        while let Some(part) = next {
            if part.end > part.start {
                let base = base_offset(part.diagonal, part.start, usize::MAX).unwrap_or(0);
                path.push(Stretch { target: part.start, base, len: part.end - part.start });
            }
            next = part.before.map(|before| self.parts[before]);
        }
        path.reverse();
        path
    }
}

/// The stretches of the cheapest path, among the diagonals that `visits` bring in, sorted by where they begin.
#[must_use]
pub(crate) fn path(
    base: &[u8],
    target: &[u8],
    visits: &[Visit],
    prices: &Prices,
    room: &Room,
) -> Vec<Stretch> {
    let mut coming = visits.iter().peekable();
    let nothing = Part { start: 0, end: 0, diagonal: 0, before: None };
    let best = Away { cost: 0, part: nothing };
    let mut sweep = Sweep { prices, parts: Vec::new(), followed: Vec::new(), best, kept: None };
    for (at, &byte) in target.iter().enumerate() {
        while let Some(&Visit { until, diagonal, .. }) = coming.next_if(|visit| visit.from <= at) {
            match sweep.followed.iter_mut().find(|followed| followed.diagonal == diagonal) {
                Some(followed) => followed.until = followed.until.max(until),
                None => sweep.followed.push(Followed { diagonal, until, on: None, away: None }),
            }
        }
        let bounds = room.at(at);
        sweep.enter(at);
        let new = prices.extra(byte);
        sweep.best.cost += new;
        for followed in &mut sweep.followed {
            if let Some(away) = &mut followed.away {
                away.cost += new;
            }
            let Some(on) = &mut followed.on else { continue };
            let from = base_offset(followed.diagonal, at, base.len());
            let Some(from) = from.filter(|from| bounds.contains(from)) else {
                followed.on = None;
                continue;
            };
            let diff = byte.wrapping_sub(base[from]);
            on.cost += prices.diff(on.run, diff);
            on.run = if diff == 0 { on.run + 1 } else { 0 };
        }
        sweep.leave(at + 1);
        sweep.prune(at);
    }
    sweep.finish()
}
