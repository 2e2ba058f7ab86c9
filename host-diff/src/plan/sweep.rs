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

/// Cost of a path that is not there.
const NONE: i64 = i64::MAX;

/// What every byte is asked of each diagonal. Costs are what a path pays beyond new bytes only: one that writes new bytes keeps
/// its cost.
#[derive(Clone, Copy, Debug)]
struct Followed<S> {
    diagonal: Diagonal,
    /// Of the cheapest path that is on the diagonal.
    on: i64,
    /// Of the cheapest path that was on it last, and writes new bytes since.
    away: i64,
    /// What entering costs from the cheapest path of all.
    op: i64,
    /// Of the cheapest path that may still enter, of those that were the cheapest of all on other diagonals.
    waiting: i64,
    state: S,
}

impl<S> Followed<S> {
    /// Of the cheapest path that is on the diagonal, was, or can enter it from `best`, the cost of the cheapest of all.
    fn cost(&self, best: i64) -> i64 {
        self.on.min(self.away).min(self.waiting).min(best.saturating_add(self.op))
    }
}

/// What is seldom asked of a diagonal.
#[derive(Clone, Copy, Debug)]
struct Rest {
    until: usize,
    /// Where the path on the diagonal has entered it, and its part before.
    start: usize,
    before: Before,
    /// The last part of the path that has left it.
    away: Part,
    /// The last part of the path that waits to enter.
    waiting: Part,
}

/// The part before another one, until it is worth keeping.
#[derive(Clone, Copy, Debug)]
enum Before {
    Loose(Part),
    Kept(usize),
}

/// The paths at one target offset; `S` is what the price of a path's next byte depends on.
#[derive(Debug)]
pub(crate) struct Sweep<'a, S> {
    beam: Beam,
    coming: Peekable<Iter<'a, Visit>>,
    trail: Trail,
    followed: Vec<Followed<S>>,
    /// As many.
    rests: Vec<Rest>,
    /// The cheapest path that is away: its cost and its last part.
    best: i64,
    best_part: Part,
    /// The diagonal that ops are priced from; `None` if some are not priced yet.
    priced: Option<Diagonal>,
    /// What an op costs that goes on with the diagonal before.
    same: i64,
}

fn signed(cost: u64) -> i64 {
    i64::try_from(cost).unwrap_or(NONE)
}

impl<'a, S: Copy> Sweep<'a, S> {
    /// Stands before the first byte; `visits` are sorted by where they begin.
    pub(crate) fn new(visits: &'a [Visit], beam: Beam) -> Self {
        Self {
            beam,
            coming: visits.iter().peekable(),
            trail: Trail::default(),
            followed: Vec::new(),
            rests: Vec::new(),
            best: 0,
            best_part: Part::NOTHING,
            priced: None,
            same: 0,
        }
    }

    /// Lets the diagonals take part whose visits have begun by `at`; `state` is any.
    pub(crate) fn welcome(&mut self, at: usize, state: S) {
        while let Some(&Visit { until, diagonal, .. }) =
            self.coming.next_if(|visit| visit.from <= at)
        {
            match self.followed.iter().position(|followed| followed.diagonal == diagonal) {
                Some(index) => self.rests[index].until = self.rests[index].until.max(until),
                None => {
                    let (on, away, op, waiting) = (NONE, NONE, NONE, NONE);
                    self.followed.push(Followed { diagonal, on, away, op, waiting, state });
                    let before = Before::Loose(Part::NOTHING);
                    let (away, waiting) = (Part::NOTHING, Part::NOTHING);
                    self.rests.push(Rest { until, start: 0, before, away, waiting });
                    self.priced = None;
                }
            }
        }
    }

    /// Lets every diagonal be entered at `at` in `state`: from the cheapest path, or back after new bytes. `op` is the price of
    /// an op by how far its diagonal is from the one before. A diagonal that is not `worth` it can as well be entered later.
    pub(crate) fn enter(
        &mut self,
        at: usize,
        state: S,
        op: impl Fn(u64) -> u64,
        worth: impl Fn(Diagonal) -> bool,
    ) {
        let from = self.best_part.diagonal;
        if self.priced != Some(from) {
            for followed in &mut self.followed {
                followed.op = signed(op(followed.diagonal.abs_diff(from)));
            }
            self.priced = Some(from);
        }
        self.same = signed(op(0));
        for (followed, rest) in self.followed.iter_mut().zip(&mut self.rests) {
            let from_best = self.best + followed.op;
            let back = followed.away.saturating_add(self.same);
            let cost = from_best.min(back).min(followed.waiting);
            if followed.on <= cost {
                continue;
            }
            if !worth(followed.diagonal) {
                followed.on = NONE;
                continue;
            }
            followed.on = cost;
            followed.state = state;
            let before = match cost {
                cost if cost == from_best => self.best_part,
                cost if cost == back => rest.away,
                _ => rest.waiting,
            };
            (rest.start, rest.before) = (at, Before::Loose(before));
        }
    }

    /// Takes bytes on all paths. They cost `new` as new ones; `follow` says what they cost on a diagonal, or `None` where the
    /// diagonal ends.
    pub(crate) fn pay(
        &mut self,
        new: u64,
        mut follow: impl FnMut(Diagonal, &mut S) -> Option<u64>,
    ) {
        let new = signed(new);
        for followed in self.followed.iter_mut().filter(|followed| followed.on != NONE) {
            followed.on = match follow(followed.diagonal, &mut followed.state) {
                Some(price) => followed.on + signed(price) - new,
                None => NONE,
            };
        }
    }

    /// Lets every diagonal be left before `end`.
    pub(crate) fn leave(&mut self, end: usize) {
        let (best, best_part) = (self.best, self.best_part);
        for (followed, rest) in self.followed.iter_mut().zip(&mut self.rests) {
            if followed.on == NONE || followed.away < followed.on {
                continue;
            }
            // To come back would cost no less than to enter from the best path does.
            let from_best = best.saturating_add(followed.op);
            if followed.on > self.best && followed.on.saturating_add(self.same) >= from_best {
                continue;
            }
            let before = match rest.before {
                Before::Kept(before) => before,
                Before::Loose(part) => self.trail.keep(part),
            };
            rest.before = Before::Kept(before);
            let diagonal = followed.diagonal;
            rest.away = Part { start: rest.start, end, diagonal, before: Some(before) };
            followed.away = followed.on;
            if followed.away <= self.best {
                (self.best, self.best_part) = (followed.away, rest.away);
            }
        }
        if self.best_part.diagonal != best_part.diagonal {
            self.wait(best, best_part);
        }
    }

    /// Lets the path that was the cheapest of all, and is no longer, wait for diagonals that it is nearer to.
    fn wait(&mut self, best: i64, part: Part) {
        for (followed, rest) in self.followed.iter_mut().zip(&mut self.rests) {
            let cost = best.saturating_add(followed.op);
            if cost < followed.waiting {
                (followed.waiting, rest.waiting) = (cost, part);
            }
        }
    }

    /// Drops what cannot become the best path any more.
    pub(crate) fn prune(&mut self, at: usize) {
        let limit = self.best.saturating_add(signed(self.beam.behind));
        let mut index = 0;
        while let (Some(followed), Some(rest)) = (self.followed.get(index), self.rests.get(index)) {
            if rest.until > at || followed.cost(self.best) < limit {
                index += 1;
            } else {
                self.drop(index);
            }
        }
        while self.followed.len() > self.beam.most {
            // What a match has just brought in had no time yet to show what it is worth.
            let worth = |(followed, rest): (&Followed<S>, &Rest)| {
                (rest.until <= at, followed.cost(self.best), Reverse(rest.until))
            };
            let all = self.followed.iter().zip(&self.rests).map(worth).enumerate();
            let Some((worst, _)) = all.max_by_key(|&(_, worth)| worth) else { return };
            self.drop(worst);
        }
    }

    fn drop(&mut self, index: usize) {
        self.followed.swap_remove(index);
        self.rests.swap_remove(index);
    }

    /// The parts of the best path, as [`Trail::path`] gives them.
    pub(crate) fn finish<T>(self, make: impl Fn(usize, usize, usize) -> T) -> Vec<T> {
        self.trail.path(self.best_part, make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_the_cheapest_path_still_enters_a_diagonal_near_its_own() {
        // The second part pays for its op, but leads away from the third one.
        let parts = [(0, 0..10), (1_000_000, 10..12), (8, 12..20)];
        let visits = parts.clone().map(|(diagonal, _)| Visit { from: 0, until: 5, diagonal });
        let same = |at: usize, diagonal: Diagonal| {
            parts.iter().any(|(own, bytes)| *own == diagonal && bytes.contains(&at))
        };
        let op = |jump| [2, 5, 15][usize::from(jump > 0) + usize::from(jump > 100)];
        let mut sweep = Sweep::new(&visits, Beam { most: 8, behind: 50 });
        for at in 0..20 {
            sweep.welcome(at, ());
            sweep.enter(at, (), op, |diagonal| same(at, diagonal));
            sweep.pay(10, |diagonal, ()| Some(if same(at, diagonal) { 0 } else { 20 }));
            sweep.leave(at + 1);
            sweep.prune(at);
        }
        let path = sweep.finish(|target, base, len| (target, base, len));
        assert_eq!(path, [(0, 0, 10), (12, 20, 8)]);
    }

    #[test]
    fn a_diagonal_stays_after_its_visit_while_it_can_be_entered() {
        let visits = [0, 8].map(|diagonal| Visit { from: 0, until: 1, diagonal });
        for (behind, left) in [(50, 2), (4, 1)] {
            let mut sweep = Sweep::new(&visits, Beam { most: 8, behind });
            for at in 0..10 {
                sweep.welcome(at, ());
                sweep.enter(at, (), |jump| if jump > 0 { 5 } else { 2 }, |diagonal| diagonal == 0);
                sweep.pay(10, |_, ()| Some(0));
                sweep.leave(at + 1);
                sweep.prune(at);
            }
            assert_eq!(sweep.followed.len(), left, "{behind}");
        }
    }
}
