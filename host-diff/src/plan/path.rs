//! The path through the target that our own format pays least for.
//!
//! What follows a diagonal is priced as hits, misses and references of masked images.

use super::mask::{Mark, Masked};
use super::prices::{BIT, Bits};
use super::sweep::{Beam, Sweep};
use super::visits::{Diagonal, Visit, base_offset, visits};
use crate::in_place::Reach;
use crate::matcher::align::Aligned;

const BEAM: Beam = Beam { most: 64, behind: 60 * BIT as u64 };
/// Bytes of the shortest match that brings in a diagonal.
const KEY: usize = 8;
/// Candidates looked at per position.
const TRIES: usize = 32;
/// New bytes cost more than the parse of copies thinks: 18/16 of it.
const NEW_BYTE: u64 = 18;
/// A new byte is never free: in a long run, which one copy makes, to go on hitting is cheaper still.
const LEAST_NEW_BYTE: u64 = 1;

/// What a path's next unit costs by.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Bytes since the last difference.
    run: u32,
    /// Bytes of the unit that differ, one bit each, most recent lowest.
    changed: u8,
    /// The bytes belong to a reference that has been paid for.
    in_reference: bool,
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

impl State {
    /// Where a diagonal is entered.
    const FRESH: Self = Self { run: 4, changed: 0, in_reference: false };

    /// A hit of `len` bytes: the longer nothing differed, the less it costs.
    fn hit(&mut self, len: u32) -> u64 {
        let unit = match self.run {
            0..4 => BIT * 9 / 8,
            4..16 => BIT / 2,
            16..64 => BIT / 8,
            run => u32::from(run & 15 < len),
        };
        self.run = self.run.saturating_add(len);
        u64::from(if len == 1 { unit / 2 } else { unit })
    }

    /// A miss whose new value takes `value` bits.
    fn miss(&mut self, value: Bits) -> u64 {
        let flag = match self.run {
            0..4 => BIT * 3 / 2,
            4..16 => BIT * 5 / 2,
            16..64 => BIT * 7 / 2,
            _ => BIT * 6,
        };
        self.run = 0;
        u64::from(BIT * value + flag)
    }

    /// A reference; `same` says whether it leads to the same place.
    fn reference(&mut self, same: bool) -> u64 {
        self.run = self.run.saturating_add(4);
        self.in_reference = true;
        // What is not predicted right costs a miss the first time, and little once the cache knows it.
        u64::from(if same { BIT / 4 } else { BIT * 14 })
    }

    /// A byte outside of references; with the `last` byte of a unit of `unit` bytes all of it is paid for.
    fn plain(&mut self, same: bool, unit: usize, last: bool) -> u64 {
        self.in_reference = false;
        self.changed = self.changed << 1 | u8::from(!same);
        if last {
            let changed = core::mem::take(&mut self.changed);
            self.unit(unit, changed)
        } else {
            0
        }
    }

    /// A unit of `unit` bytes, of which `changed` tells those that differ.
    fn unit(&mut self, unit: usize, changed: u8) -> u64 {
        match (unit, changed) {
            (_, 0) => self.hit(u32::try_from(unit).unwrap_or(0)),
            (1, _) | (2, 0b10) => self.miss(7),
            (2, 0b01) => self.miss(9),
            (2, _) => self.miss(16),
            (_, changed) => self.miss(3 + 5 * changed.count_ones()),
        }
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
    let images = Images { base, target, reach };
    match unit {
        1 => images.path::<1>(&visits, new_bytes),
        2 => images.path::<2>(&visits, new_bytes),
        _ => images.path::<4>(&visits, new_bytes),
    }
}

/// Two masked images, and what of the base is there.
#[derive(Debug, Clone, Copy)]
struct Images<'a> {
    base: &'a Masked,
    target: &'a Masked,
    reach: &'a Reach,
}

impl Images<'_> {
    /// The path by units of `UNIT` bytes.
    fn path<const UNIT: usize>(&self, visits: &[Visit], new_bytes: &[Bits]) -> Vec<Aligned> {
        let mut sweep = Sweep::new(visits, BEAM);
        for at in (0..self.target.bytes.len()).step_by(UNIT) {
            sweep.welcome(at, State::FRESH);
            let end = self.target.bytes.len().min(at + UNIT);
            let least = self.reach.least(at);
            let unit = Unit::<UNIT> { images: *self, at, end, least };
            sweep.enter(at, State::FRESH, op, |diagonal| unit.resembles(diagonal));
            let new_byte = |&new: &Bits| (u64::from(new) * NEW_BYTE / 16).max(LEAST_NEW_BYTE);
            let new = new_bytes[at..end].iter().map(new_byte).sum();
            sweep.pay(new, |diagonal, state| unit.follow(diagonal, state));
            if end - at == UNIT {
                sweep.welcome(end - 1, State::FRESH);
                sweep.leave(end);
                sweep.prune(end - 1);
            }
        }
        sweep.finish(|target, base, len| Aligned { target, base, len })
    }
}

/// The target bytes `at..end` of two images: `UNIT` of them but at the end.
#[derive(Debug, Clone, Copy)]
struct Unit<'a, const UNIT: usize> {
    images: Images<'a>,
    at: usize,
    end: usize,
    /// Where the base begins.
    least: usize,
}

impl<const UNIT: usize> Unit<'_, UNIT> {
    fn base_offset(&self, diagonal: Diagonal, at: usize) -> Option<usize> {
        let len = self.images.base.bytes.len();
        base_offset(diagonal, at, len).filter(|&from| from >= self.least)
    }

    /// Whether a byte is as on `diagonal`, or a reference: to pay for more than that on a diagonal that has just been entered
    /// costs no less than new bytes do.
    fn resembles(&self, diagonal: Diagonal) -> bool {
        let Images { base, target, .. } = self.images;
        let Some(from) = self.base_offset(diagonal, self.at) else { return false };
        let (old, new) = (&base.bytes[from..], &target.bytes[self.at..self.end]);
        target.marks[self.at] == Mark::Start && base.marks[from] == Mark::Start
            || old.iter().zip(new).any(|(old, new)| old == new)
    }

    /// What the bytes cost on `diagonal`, if it is in the base.
    fn follow(&self, diagonal: Diagonal, state: &mut State) -> Option<u64> {
        let Images { base, target, .. } = self.images;
        let from = self.base_offset(diagonal, self.at)?;
        let plain = [Mark::None; UNIT];
        if state.changed == 0
            && target.marks[self.at..].first_chunk() == Some(&plain)
            && base.marks[from..].first_chunk() == Some(&plain)
        {
            let (old, new) = (&base.bytes[from..from + UNIT], &target.bytes[self.at..self.end]);
            let different = |changed, (old, new)| changed << 1 | u8::from(old != new);
            state.in_reference = false;
            return Some(state.unit(UNIT, old.iter().zip(new).fold(0, different)));
        }
        let mut price = 0;
        for at in self.at..self.end {
            let from = self.base_offset(diagonal, at)?;
            let mark = target.marks[at];
            let last = at + 1 == self.at + UNIT;
            price += if base.marks[from] == mark {
                match mark {
                    Mark::Inside if state.in_reference => 0,
                    Mark::Start => state.reference(base.reference(from) == target.reference(at)),
                    _ => state.plain(base.bytes[from] == target.bytes[at], UNIT, last),
                }
            } else {
                state.plain(false, UNIT, last)
            };
        }
        Some(price)
    }
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
    fn a_run_that_new_bytes_would_make_for_nothing_is_no_reason_to_leave() {
        let base = [&noise(7, 3000)[..], &[0xFF; 60_000], &noise(8, 3000)].concat();
        let mut new_bytes = vec![7 * BIT; base.len()];
        new_bytes[3000..63_000].fill(0);
        let found = path(&masked(&base), &masked(&base), 2, &new_bytes, &Reach::default());
        assert_eq!(found, [Aligned { target: 0, base: 0, len: base.len() }]);
    }

    #[test]
    fn units_of_any_length_are_followed_to_an_end_within_one() {
        let base = noise(9, 2003);
        let mut target = base.clone();
        target[1001] ^= 0x55;
        let new_bytes = vec![7 * BIT; target.len()];
        for unit in [1, 2, 4] {
            let reach = Reach::default();
            let found = path(&masked(&base), &masked(&target), unit, &new_bytes, &reach);
            let len = base.len() / usize::from(unit) * usize::from(unit);
            assert_eq!(found, [Aligned { target: 0, base: 0, len }], "units of {unit}");
        }
    }

    #[test]
    fn runs_and_periods_are_one_stretch() {
        let zeros = vec![0; 50_000];
        assert_eq!(aligned(&zeros, &zeros).len(), 1);
        let period: Vec<u8> = noise(6, 37).into_iter().cycle().take(50_000).collect();
        assert_eq!(aligned(&period, &period).len(), 1);
    }
}
