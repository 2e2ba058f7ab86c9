//! The cheapest path through the target, whatever its bytes cost: which diagonal each stretch follows, if any.
//!
//! At each byte of the target a path either follows a diagonal and pays for what differs, or pays for new bytes; to enter a
//! diagonal costs an op. One sweep over the target finds the cheapest path among the diagonals that have a match near by.
//!
//! **Reference**: A. J. Viterbi, "Error bounds for convolutional codes", 1967, with a beam.
//!
//! **Cost**: at most [`Beam::most`] diagonals per target byte.

use core::cmp::Reverse;
use core::iter::Peekable;
use core::slice::Iter;

use super::visits::{Diagonal, Visit, base_offset};

/// A part of a path, on one diagonal, and the part before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) diagonal: Diagonal,
    /// Where it is kept.
    pub(crate) before: Option<usize>,
}

impl Part {
    /// The begin of all paths.
    pub(crate) const NOTHING: Self = Self { start: 0, end: 0, diagonal: 0, before: None };
}

/// Parts that paths go back to.
#[derive(Debug, Default)]
pub(crate) struct Trail(Vec<Part>);

impl Trail {
    /// Keeps a part, and tells where.
    pub(crate) fn keep(&mut self, part: Part) -> usize {
        self.0.push(part);
        self.0.len() - 1
    }

    /// The path that ends with `last`, from its begin on: `make` is given target offset, base offset and length of each part.
    pub(crate) fn path<T>(&self, last: Part, make: impl Fn(usize, usize, usize) -> T) -> Vec<T> {
        let mut path = Vec::new();
        let mut next = Some(last);
        while let Some(part) = next {
            if part.end > part.start {
                let base = base_offset(part.diagonal, part.start, usize::MAX).unwrap_or(0);
                path.push(make(part.start, base, part.end - part.start));
            }
            next = part.before.map(|before| self.0[before]);
        }
        path.reverse();
        path
    }
}

/// What is given up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beam {
    /// Diagonals that are followed at the same time.
    pub(crate) most: usize,
    /// Diagonals that have fallen behind the best path by so much are dropped: to come back costs less.
    pub(crate) behind: u64,
}

/// A path that has left its last part.
#[derive(Clone, Copy, Debug)]
struct Away {
    cost: u64,
    part: Part,
}

/// A path on a diagonal.
#[derive(Clone, Copy, Debug)]
struct On<S> {
    cost: u64,
    start: usize,
    before: Option<usize>,
    state: S,
}

/// The cheapest paths that are on a diagonal, and that were on it last.
#[derive(Clone, Copy, Debug)]
struct Followed<S> {
    diagonal: Diagonal,
    until: usize,
    on: Option<On<S>>,
    away: Option<Away>,
}

impl<S> Followed<S> {
    fn cost(&self) -> u64 {
        let on = self.on.as_ref().map_or(u64::MAX, |on| on.cost);
        on.min(self.away.map_or(u64::MAX, |away| away.cost))
    }
}

/// The paths at one target offset; `S` is what the price of a path's next byte depends on.
#[derive(Debug)]
pub(crate) struct Sweep<'a, S> {
    beam: Beam,
    coming: Peekable<Iter<'a, Visit>>,
    trail: Trail,
    followed: Vec<Followed<S>>,
    /// The cheapest path that is away, and where its last part is kept, if it is.
    best: Away,
    kept: Option<usize>,
}

impl<'a, S: Copy> Sweep<'a, S> {
    /// Stands before the first byte; `visits` are sorted by where they begin.
    pub(crate) fn new(visits: &'a [Visit], beam: Beam) -> Self {
        Self {
            beam,
            coming: visits.iter().peekable(),
            trail: Trail::default(),
            followed: Vec::new(),
            best: Away { cost: 0, part: Part::NOTHING },
            kept: None,
        }
    }

    /// Lets the diagonals take part whose visits have begun by `at`.
    pub(crate) fn welcome(&mut self, at: usize) {
        while let Some(&Visit { until, diagonal, .. }) =
            self.coming.next_if(|visit| visit.from <= at)
        {
            match self.followed.iter_mut().find(|followed| followed.diagonal == diagonal) {
                Some(followed) => followed.until = followed.until.max(until),
                None => self.followed.push(Followed { diagonal, until, on: None, away: None }),
            }
        }
    }

    /// Lets every diagonal be entered at `at` in `state`: from the cheapest path, or back after new bytes. `op` is the price of
    /// an op by how far its diagonal is from the one before.
    pub(crate) fn enter(&mut self, at: usize, state: S, op: impl Fn(u64) -> u64) {
        for followed in &mut self.followed {
            let from_best =
                self.best.cost + op(followed.diagonal.abs_diff(self.best.part.diagonal));
            let back = followed.away.map_or(u64::MAX, |away| away.cost + op(0));
            let cost = from_best.min(back);
            if followed.on.is_some_and(|on| on.cost <= cost) {
                continue;
            }
            let before = match followed.away {
                Some(away) if back < from_best => self.trail.keep(away.part),
                _ => *self.kept.get_or_insert_with(|| self.trail.keep(self.best.part)),
            };
            followed.on = Some(On { cost, start: at, before: Some(before), state });
        }
    }

    /// Takes a byte on all paths. It costs `new` as a new one; `follow` says what it costs on a diagonal, or `None` where the
    /// diagonal ends.
    pub(crate) fn pay(
        &mut self,
        new: u64,
        mut follow: impl FnMut(Diagonal, &mut S) -> Option<u64>,
    ) {
        self.best.cost += new;
        for followed in &mut self.followed {
            if let Some(away) = &mut followed.away {
                away.cost += new;
            }
            let Some(on) = &mut followed.on else { continue };
            match follow(followed.diagonal, &mut on.state) {
                Some(price) => on.cost += price,
                None => followed.on = None,
            }
        }
    }

    /// Lets every diagonal be left before `end`.
    pub(crate) fn leave(&mut self, end: usize) {
        for followed in &mut self.followed {
            let Some(on) = followed.on else { continue };
            if followed.away.is_some_and(|away| away.cost < on.cost) {
                continue;
            }
            let diagonal = followed.diagonal;
            let part = Part { start: on.start, end, diagonal, before: on.before };
            let away = Away { cost: on.cost, part };
            followed.away = Some(away);
            if away.cost <= self.best.cost {
                self.best = away;
                self.kept = None;
            }
        }
    }

    /// Drops what cannot become the best path any more.
    pub(crate) fn prune(&mut self, at: usize) {
        let limit = self.best.cost + self.beam.behind;
        self.followed.retain(|followed| followed.until > at || followed.cost() < limit);
        if self.followed.len() > self.beam.most {
            // What a match has just brought in had no time yet to show what it is worth.
            self.followed.sort_by_key(|f| (f.until <= at, f.cost(), Reverse(f.until)));
            self.followed.truncate(self.beam.most);
        }
    }

    /// The parts of the best path, as [`Trail::path`] gives them.
    pub(crate) fn finish<T>(self, make: impl Fn(usize, usize, usize) -> T) -> Vec<T> {
        self.trail.path(self.best.part, make)
    }
}
