//! A byte that is not known: eight decisions, highest bit first.
//!
//! Every byte has one to compare with: what the base or the last copy would have gone on with, or the prediction that failed.
//! One input of each decision follows that byte instead of the bits so far: it learns where the comparison fails.

use super::{Part, hit};
use crate::entropy::mixer;

/// Inputs beside the one that follows a byte.
pub const OTHERS: usize = mixer::INPUTS - 1;
/// Weight sets: state towards the expected byte × (unit kinds of misses, bit pairs of literals).
pub(crate) const WEIGHTS: Part = hit::WEIGHTS.then(3 * 8, mixer::WEIGHTS, 2);
/// Counters of how far remembered bytes can be trusted: input, each by count.
pub(crate) const TRUST: Part = WEIGHTS.then(OTHERS, 8, 0);
/// Counters of bits whose first input has seen nothing, when no other has a say: state towards the prediction × kinds of
/// misses. A compact model has none: it mixes such bits too.
pub(crate) const FIRST: Part = TRUST.then(3 * 4, 1, Part::NONE);
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
pub(crate) const MIX: mixer::Way = mixer::Way { least: 32, slowness: 18 };

/// A byte that may come, its next bit highest and a one behind its last; 0 once another bit has come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Trail(u32);

impl Trail {
    pub(crate) fn of(byte: u8) -> Self {
        Self(u32::from(byte) << 24 | 1 << 23)
    }

    pub(crate) fn is_lost(self) -> bool {
        self.0 == 0
    }

    /// 0: lost, else 1 + its next bit.
    pub(crate) fn state(self) -> usize {
        let next = usize::from(self.0 >> 31 == 1);
        if self.is_lost() { 0 } else { 1 + next }
    }

    /// What it says of the next bit, as [`mixer::Input::says`].
    pub(crate) fn says(self) -> i32 {
        if self.is_lost() { 0 } else { 2 * (self.0 >> 31).cast_signed() - 1 }
    }

    pub(crate) fn follow(&mut self, bit: bool) {
        self.0 = if (self.0 >> 31 == 1) == bit { self.0 << 1 } else { 0 };
    }
}
