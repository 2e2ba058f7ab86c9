//! Alignments worth trying for a codec.

use formats::Stretch;
use formats::codec::heatshrink::Parameters;

use super::path::path;
use super::prices::Prices;
use super::room::Room;
use super::{lz_path, scan};
use crate::in_place::Reach;
use crate::plan::visits::{Visit, diagonal, visits};

/// What decides how good an alignment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Bytes that are not in a run of zeros.
    Runs,
    /// A window and copies of fixed prices.
    Window(Parameters),
    /// Adaptive probabilities and a window that holds everything.
    Adaptive,
}

/// How much is tried: shares of the prices of ops (of 8) and of new bytes (of 16), and rounds of learning.
#[derive(Clone, Copy, Debug)]
struct Tries {
    ops: &'static [u32],
    extras: &'static [u32],
    rounds: usize,
    keys: &'static [usize],
}

fn tries(level: u8) -> Tries {
    match level {
        0..=2 => Tries { ops: &[11], extras: &[16], rounds: 1, keys: &[8] },
        3..=5 => Tries { ops: &[11], extras: &[16, 20], rounds: 1, keys: &[8, 6] },
        6..=7 => Tries { ops: &[7, 11, 16], extras: &[15, 18], rounds: 2, keys: &[8, 6, 4] },
        _ => Tries {
            ops: &[5, 7, 9, 11, 16, 22],
            extras: &[13, 16, 18, 20],
            rounds: 3,
            keys: &[8, 6, 5, 4],
        },
    }
}

/// Candidates looked at per position and length of match.
const PLACES: usize = 64;
/// A stretch of bsdiff's alignment may begin so many bytes earlier and end later.
const MARGIN: usize = 48;

/// Alignments of one pair.
#[derive(Debug)]
pub(crate) struct Candidates<'a> {
    base: &'a [u8],
    target: &'a [u8],
    room: Room,
    level: u8,
    visits: Vec<Visit>,
}

impl<'a> Candidates<'a> {
    /// Finds the diagonals of a pair; `scanned` is another alignment, whose diagonals take part.
    pub(crate) fn new(
        base: &'a [u8],
        target: &'a [u8],
        room: Room,
        level: u8,
        scanned: &[Stretch],
    ) -> Self {
        let keys = tries(level).keys.iter();
        let mut all: Vec<Visit> =
            keys.flat_map(|&key| visits(base, target, key, PLACES, &Reach::default())).collect();
        all.extend(scanned.iter().map(|stretch| Visit {
            from: stretch.target.saturating_sub(MARGIN),
            until: stretch.target + stretch.len + MARGIN,
            diagonal: diagonal(stretch.base, stretch.target),
        }));
        all.sort_by_key(|visit| (visit.from, visit.diagonal));
        Self { base, target, room, level, visits: all }
    }

    /// Different alignments, each good by `measure`.
    pub(crate) fn by(&self, measure: Measure, threads: usize) -> Vec<Vec<Stretch>> {
        let mut found = match measure {
            Measure::Window(parameters) => {
                vec![lz_path::path(self.base, self.target, &self.visits, parameters, &self.room)]
            }
            Measure::Runs => self.priced(&Prices::crle(), 16, 0, threads),
            Measure::Adaptive => {
                self.priced(&Prices::adaptive(), 0, tries(self.level).rounds, threads)
            }
        };
        found.dedup();
        found
    }

    /// The cheapest paths by scaled prices. New bytes cost `least`/16 of their price at least: if they were cheaper than the
    /// first zeros of a run, no run would ever begin.
    fn priced(
        &self,
        prices: &Prices,
        least: u32,
        rounds: usize,
        threads: usize,
    ) -> Vec<Vec<Stretch>> {
        let Tries { ops, extras, .. } = tries(self.level);
        let scales =
            ops.iter().flat_map(|&op| extras.iter().map(move |&extra| (op, extra.max(least))));
        let scales: Vec<(u32, u32)> = scales.collect();
        let rounds = |&(op, extra): &(u32, u32)| {
            let mut found = Vec::new();
            let mut now = prices.scaled(op, extra);
            for round in 0..=rounds {
                let path = path(self.base, self.target, &self.visits, &now, &self.room);
                if round < rounds {
                    now = prices.learn(self.base, self.target, &path).scaled(op, extra);
                }
                found.push(path);
            }
            found
        };
        crate::parallel::map(threads, &scales, rounds).into_iter().flatten().collect()
    }
}

/// The alignment that other tools would take.
pub(crate) fn usual(base: &[u8], target: &[u8]) -> Vec<Stretch> {
    scan::scan(base, target)
}
