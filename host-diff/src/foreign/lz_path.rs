//! The cheapest way through the target for heatshrink: each path carries the stream that it makes.
//!
//! Like `path`, but no price is guessed except of numbers that are not known yet: a copy of the codec costs what the window
//! of that very path allows. So zeros are cheap where they go on, differences where they repeat, and new bytes where
//! they were written before.

use formats::Stretch;
use formats::codec::heatshrink::Parameters;

use super::coded::{Coded, LITERAL};
use super::room::Room;
use crate::plan::sweep::{Part, Trail};
use crate::plan::visits::{Diagonal, Visit, base_offset};

/// Diagonals that are followed at the same time.
const MOST: usize = 128;
/// Paths that have fallen behind the best one by so many bits are dropped.
const BEHIND: u32 = 300;

/// Bits of an op's numbers, at the very least.
const OP: u32 = 2 * LITERAL;
/// Windows longer than this are taken for shorter ones: time grows with them.
const WINDOW: usize = 1 << 10;

/// A path that writes new bytes is kept beside younger ones every so many bytes,
const PATIENCE: usize = 32;
/// and as many of them at the same time.
const OLDER: usize = 12;

/// A path on a diagonal.
#[derive(Clone, Debug)]
struct On {
    coded: Coded,
    start: usize,
    before: Option<usize>,
}

#[derive(Clone, Debug)]
struct Followed {
    diagonal: Diagonal,
    until: usize,
    on: Option<On>,
}

/// A path that writes new bytes.
#[derive(Clone, Debug)]
struct Away {
    coded: Coded,
    part: Part,
    kept: Option<usize>,
}

struct Sweep<'a> {
    base: &'a [u8],
    target: &'a [u8],
    room: &'a Room,
    trail: Trail,
    followed: Vec<Followed>,
    /// Paths that write new bytes: the one that began last, and some that have had time to fill their window.
    away: Vec<Away>,
    /// Paths that are no more, whose memory is used again.
    spare: Vec<Coded>,
}

impl Sweep<'_> {
    /// Index of the cheapest path on a diagonal.
    fn cheapest_on(&self) -> Option<(usize, u32)> {
        let on = |(index, followed): (usize, &Followed)| {
            followed.on.as_ref().map(|on| (index, on.coded.bits()))
        };
        self.followed.iter().enumerate().filter_map(on).min_by_key(|&(_, bits)| bits)
    }

    /// Whether `diagonal` is worth entering at `at`: its next bytes are equal.
    fn begins_equal(&self, diagonal: Diagonal, at: usize) -> bool {
        /// Bytes that must be equal.
        const EQUAL: usize = 2;
        let from = base_offset(diagonal, at, self.base.len());
        let Some(from) = from.filter(|from| self.room.at(at).contains(from)) else { return false };
        let target = &self.target[at..self.target.len().min(at + EQUAL)];
        self.base[from..].starts_with(target)
    }

    /// Lets diagonals be entered at `at`, from new bytes or from another diagonal.
    fn enter(&mut self, at: usize) {
        let on = self.cheapest_on();
        let (cheapest, away) = self.cheapest_away();
        let least = on.map_or(away, |(_, bits)| bits.min(away)) + OP;
        let mut kept = None;
        for index in 0..self.followed.len() {
            let Followed { diagonal, on: ref here, .. } = self.followed[index];
            if here.as_ref().is_some_and(|on| on.coded.bits() <= least)
                || !self.begins_equal(diagonal, at)
            {
                continue;
            }
            let limit = here.as_ref().map_or(u32::MAX, |on| on.coded.bits());
            let from_away =
                (away + OP < limit).then(|| self.entered_from_away(cheapest, diagonal, at));
            let from_on = on
                .filter(|&(other, bits)| other != index && bits + OP < limit)
                .and_then(|(other, _)| self.entered_from_on(other, diagonal));
            let bits = |coded: &Option<Coded>| coded.as_ref().map_or(u32::MAX, Coded::bits);
            let (away_bits, on_bits) = (bits(&from_away), bits(&from_on));
            let (chosen, other) =
                if away_bits < on_bits { (from_away, from_on) } else { (from_on, from_away) };
            self.spare.extend(other);
            let Some(coded) = chosen else { continue };
            if coded.bits() >= limit {
                self.spare.push(coded);
                continue;
            }
            let before = if away_bits < on_bits {
                Some(self.keep_away(cheapest))
            } else {
                on.and_then(|(other, _)| {
                    if kept.is_none() {
                        let part = self.part_of(other, at);
                        kept = part.map(|part| self.trail.keep(part));
                    }
                    kept
                })
            };
            let entered = On { coded, start: at, before };
            if let Some(left) = self.followed[index].on.replace(entered) {
                self.spare.push(left.coded);
            }
        }
    }

    /// Index of the cheapest path that writes new bytes, and its bits.
    fn cheapest_away(&self) -> (usize, u32) {
        let bits = self.away.iter().map(|away| away.coded.bits()).enumerate();
        bits.min_by_key(|&(_, bits)| bits).unwrap_or((0, u32::MAX))
    }

    fn keep_away(&mut self, index: usize) -> usize {
        if let Some(kept) = self.away[index].kept {
            return kept;
        }
        let kept = self.trail.keep(self.away[index].part);
        self.away[index].kept = Some(kept);
        kept
    }

    fn part_of(&self, index: usize, end: usize) -> Option<Part> {
        let Followed { diagonal, on, .. } = &self.followed[index];
        let on = on.as_ref()?;
        Some(Part { start: on.start, end, diagonal: *diagonal, before: on.before })
    }

    /// The stream when new bytes end and `diagonal` begins.
    fn entered_from_away(&mut self, index: usize, diagonal: Diagonal, at: usize) -> Coded {
        let part = self.away[index].part;
        let extra = at - part.end;
        let mut coded = fresh(&mut self.spare, &self.away[index].coded);
        // The length of the new bytes has taken one byte so far.
        coded.charge(LITERAL * (number_len(extra as u64) - 1));
        jump(&mut coded, diagonal - part.diagonal + Diagonal::try_from(extra).unwrap_or(0));
        coded
    }

    /// The stream when the diagonal `other` ends and `diagonal` begins.
    fn entered_from_on(&mut self, other: usize, diagonal: Diagonal) -> Option<Coded> {
        let before = self.followed[other].diagonal;
        let on = self.followed[other].on.as_ref()?;
        let mut coded = fresh(&mut self.spare, &on.coded);
        coded.push(0);
        jump(&mut coded, diagonal - before);
        Some(coded)
    }

    /// Takes the byte at `at` on all paths.
    fn step(&mut self, at: usize) {
        let byte = self.target[at];
        let bounds = self.room.at(at);
        for away in &mut self.away {
            away.coded.push(byte);
        }
        for followed in &mut self.followed {
            let Some(on) = &mut followed.on else { continue };
            let from = base_offset(followed.diagonal, at, self.base.len());
            let Some(from) = from.filter(|from| bounds.contains(from)) else {
                self.spare.extend(followed.on.take().map(|on| on.coded));
                continue;
            };
            on.coded.push(byte.wrapping_sub(self.base[from]));
            let len = at + 1 - on.start;
            if len == 1 << 6 || len == 1 << 13 {
                on.coded.charge(LITERAL);
            }
        }
    }

    /// Lets the cheapest path leave its diagonal before `end`.
    fn leave(&mut self, end: usize) {
        let Some((index, bits)) = self.cheapest_on() else { return };
        if end.is_multiple_of(PATIENCE) && self.away.len() < OLDER {
            let copy = self.away[0].clone();
            self.away.push(copy);
        }
        if bits + LITERAL >= self.away[0].coded.bits() {
            return;
        }
        let Some(part) = self.part_of(index, end) else { return };
        let Some(on) = &self.followed[index].on else { return };
        let away = &mut self.away[0];
        away.coded.assign(&on.coded);
        away.coded.push_unknown();
        (away.part, away.kept) = (part, None);
    }

    /// Drops what cannot become the best path any more.
    fn prune(&mut self, at: usize) {
        let on = self.cheapest_on().map_or(u32::MAX, |(_, bits)| bits);
        let limit = on.min(self.cheapest_away().1) + BEHIND;
        let mut index = 0;
        self.away.retain(|away| {
            index += 1;
            index == 1 || away.coded.bits() < limit
        });
        let bits =
            |followed: &Followed| followed.on.as_ref().map_or(u32::MAX, |on| on.coded.bits());
        let spare = &mut self.spare;
        self.followed.retain_mut(|followed| {
            let stays = followed.until > at || bits(followed) < limit;
            if !stays {
                spare.extend(followed.on.take().map(|on| on.coded));
            }
            stays
        });
        if self.followed.len() > MOST {
            self.followed.sort_by_key(|f| (f.until <= at, bits(f), core::cmp::Reverse(f.until)));
            let dropped = self.followed.drain(MOST..);
            self.spare.extend(dropped.filter_map(|followed| followed.on).map(|on| on.coded));
        }
    }

    fn finish(self) -> Vec<Stretch> {
        let (away, bits) = self.cheapest_away();
        let on = self.cheapest_on().filter(|&(_, on)| on <= bits);
        let last = on.and_then(|(index, _)| self.part_of(index, self.target.len()));
        let last = last.unwrap_or(self.away[away].part);
        self.trail.path(last, |target, base, len| Stretch { target, base, len })
    }
}

/// A copy of a stream, in memory that is used again.
fn fresh(spare: &mut Vec<Coded>, of: &Coded) -> Coded {
    match spare.pop() {
        Some(mut spare) => {
            spare.assign(of);
            spare
        }
        None => of.clone(),
    }
}

/// Bytes of a number.
fn number_len(value: u64) -> u32 {
    let bits = 64 - value.leading_zeros();
    1 + bits.saturating_sub(6).div_ceil(7)
}

/// Appends a jump, and the unknown length of the diff that follows.
fn jump(coded: &mut Coded, by: Diagonal) {
    let mut rest = by.unsigned_abs();
    let sign = if by < 0 { 0x40 } else { 0 };
    let mut byte = rest.to_le_bytes()[0] & 0x3F | sign;
    rest >>= 6;
    while rest > 0 {
        coded.push(byte | 0x80);
        byte = rest.to_le_bytes()[0] & 0x7F;
        rest >>= 7;
    }
    coded.push(byte);
    coded.push_unknown();
}

/// The stretches of the cheapest path, among the diagonals that `visits` bring in, sorted by where they begin.
#[must_use]
pub(crate) fn path(
    base: &[u8],
    target: &[u8],
    visits: &[Visit],
    parameters: Parameters,
    room: &Room,
) -> Vec<Stretch> {
    let mut coming = visits.iter().peekable();
    let mut start = Coded::new(parameters, WINDOW);
    start.push(0);
    let mut begun = start.clone();
    begun.push_unknown();
    start.push(0);
    start.push_unknown();
    let away = Away { coded: start, part: Part::NOTHING, kept: None };
    let first =
        Followed { diagonal: 0, until: 1, on: Some(On { coded: begun, start: 0, before: None }) };
    let mut sweep = Sweep {
        base,
        target,
        room,
        trail: Trail::default(),
        followed: vec![first],
        away: vec![away],
        spare: Vec::new(),
    };
    for at in 0..target.len() {
        while let Some(&Visit { until, diagonal, .. }) = coming.next_if(|visit| visit.from <= at) {
            match sweep.followed.iter_mut().find(|followed| followed.diagonal == diagonal) {
                Some(followed) => followed.until = followed.until.max(until),
                None => sweep.followed.push(Followed { diagonal, until, on: None }),
            }
        }
        sweep.enter(at);
        sweep.step(at);
        sweep.leave(at + 1);
        sweep.prune(at);
    }
    sweep.finish()
}
