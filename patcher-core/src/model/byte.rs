//! A byte that is not known: eight decisions, highest bit first.
//!
//! Every byte has one to compare with: what the base or the last copy would have gone on with, or the prediction that failed.
//! One counter of each decision follows that byte instead of the bits so far: it learns where the comparison fails. In a delta
//! a decision is the mean of two counters, without weights: there are too few of each kind to learn what they are worth, and
//! a mix costs a device three times as much (docs/research.md, "Means").

use super::{Part, hit};
use crate::entropy::{Coder, counter};

/// Counters of how far a remembered byte can be trusted: how it stands towards the prediction × half its count. The first cells.
pub(crate) const TRUST: Part = hit::WEIGHTS.then(3, 4, 0);
/// Counters that others start from: state towards the expected byte × kinds of misses.
pub(crate) const FIRST: Part = TRUST.then(3 * 4, 1, 0);

/// Set in every probability of a mean, which is at most 65520/65536: a byte costs 12 bytes of patch at most.
const LEAST: u32 = 32;

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

    /// Its next bit.
    pub(crate) fn next(self) -> bool {
        self.0 >> 31 == 1
    }

    /// 0: lost, else 1 + its next bit.
    pub(crate) fn state(self) -> usize {
        if self.is_lost() { 0 } else { 1 + usize::from(self.next()) }
    }

    pub(crate) fn follow(&mut self, bit: bool) {
        // Without branches: all ones as long as it goes on.
        let goes_on = ((self.0 >> 31) ^ u32::from(bit)).wrapping_sub(1);
        self.0 = self.0 << 1 & goes_on;
    }
}

/// Two cells that a decision is the mean of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) a: usize,
    pub(crate) b: usize,
    /// Quarters of the mean that `a` is.
    pub(crate) share: u32,
    /// All but the count if `a` tells the probability of a zero, else 0.
    pub(crate) inverse: u16,
    /// The cell that those start from which have seen nothing.
    pub(crate) first: usize,
}

/// [`Pair::inverse`] of a cell that tells the probability of a zero.
pub(crate) const INVERSE: u16 = !15;

/// The cell of [`FIRST`] of a state towards the expected byte and a class.
pub(crate) fn first(state: usize, class: usize) -> usize {
    TRUST.count() + state * 4 + class
}

/// What `cell` holds, or what those of `first` start from if it has seen nothing.
#[inline(always)]
fn seen(cells: &[u16], cell: usize, first: usize) -> u16 {
    match cells.get(cell) {
        Some(&counter) if counter & 15 > 0 => counter,
        _ => start(cells, first),
    }
}

#[cold]
#[inline(never)]
fn start(cells: &[u16], first: usize) -> u16 {
    cells.get(first).copied().unwrap_or(counter::FRESH) & !15 | 1
}

/// Codes one decision by the mean of a pair of `cells`, and teaches both.
///
/// **Cost**: the innermost loop of a decoder; one copy of it serves all bytes of deltas.
#[inline(never)]
pub(crate) fn decide(cells: &mut [u16], coder: &mut impl Coder, pair: &Pair, bit: bool) -> bool {
    let mut a = seen(cells, pair.a, pair.first) ^ pair.inverse;
    let mut b = seen(cells, pair.b, pair.first);
    let (of_a, of_b) = (u32::from(a >> 4), u32::from(b >> 4));
    let p1 = (of_a * pair.share + of_b * (4 - pair.share)) << 2 | LEAST;
    let bit = coder.code(bit, p1);
    counter::update(&mut a, bit);
    if let Some(cell) = cells.get_mut(pair.a) {
        *cell = a ^ pair.inverse;
    }
    counter::update(&mut b, bit);
    if let Some(cell) = cells.get_mut(pair.b) {
        *cell = b;
    }
    bit
}
