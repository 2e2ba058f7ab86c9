//! The path through the target that our own format pays least for.
//!
//! What follows a diagonal is priced as hits, misses and references of masked images.

use super::mask::{Mark, Masked};
use super::prices::{BIT, Bits};
use super::sweep::{Beam, Sweep};
use super::visits::{base_offset, visits};
use crate::in_place::Reach;
use crate::matcher::align::Aligned;

const BEAM: Beam = Beam { most: 64, behind: 60 * BIT as u64 };
/// Bytes of the shortest match that brings in a diagonal.
const KEY: usize = 8;
/// Candidates looked at per position.
const TRIES: usize = 32;
/// New bytes cost more than the parse of copies thinks: 18/16 of it.
const NEW_BYTE: u64 = 18;

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
    fn plain(&mut self, same: bool, unit: u8, last: bool) -> u64 {
        self.in_reference = false;
        self.changed = self.changed << 1 | u8::from(!same);
        if !last {
            return 0;
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
    let mut sweep = Sweep::new(&visits, BEAM);
    for (at, (&byte, &mark)) in target.bytes.iter().zip(&target.marks).enumerate() {
        sweep.welcome(at);
        let within = at & usize::from(unit - 1);
        let last = within + 1 == usize::from(unit);
        if within == 0 {
            sweep.enter(at, State::FRESH, op);
        }
        let least = reach.least(at);
        sweep.pay(u64::from(new_bytes[at]) * NEW_BYTE / 16, |diagonal, state| {
            let from = base_offset(diagonal, at, base.bytes.len()).filter(|&from| from >= least)?;
            if base.marks[from] != mark {
                return Some(state.plain(false, unit, last));
            }
            Some(match mark {
                Mark::Inside if state.in_reference => 0,
                Mark::Start => state.reference(base.reference(from) == target.reference(at)),
                _ => state.plain(base.bytes[from] == byte, unit, last),
            })
        });
        if last {
            sweep.leave(at + 1);
            sweep.prune(at);
        }
    }
    sweep.finish(|target, base, len| Aligned { target, base, len })
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
