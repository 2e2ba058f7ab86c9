//! What literals and other tokens cost, learned from an encoding of a plan.

use super::diffs::Pair;
use super::prices::{BIT, Bits, Prices, Tally};
use patcher_core::BodyError;
use patcher_core::container::header::Header;
use patcher_core::encode::{Answer, Plan, Seen, price};
use patcher_core::reference;

/// Cost of a literal before anything is known: seven bits.
pub const GUESS: Bits = 7 * BIT;

/// What an encoding has taught of prices: of each target byte as a literal, and of the other tokens.
pub type Learned = (Vec<Bits>, Prices);

/// What an encoding of `plan` pays: all of it in 1/65536 bit, the cost of each target byte as a literal, and of tokens, in
/// 1/16 bit.
///
/// What the plan codes as a literal counts by its own price and by the mean of its byte value and parity; what it codes
/// otherwise by that mean. The parse of copies changes what is left for literals: prices of a plan without copies are
/// too low for those that remain.
///
/// # Errors
/// As [`price`]: a bug of the planner.
pub fn costs(
    pair: &Pair<'_>,
    seen: &Seen,
    header: &Header,
    plan: &Plan,
) -> Result<(u64, Learned), BodyError> {
    let mut tally = Tally::new(header.kind);
    let mut paid = Vec::new();
    let total = price(header, &reference::ALL, pair.base, pair.target, plan, |answer, cost| {
        if answer == Answer::Literal {
            paid.push(cost >> 12);
        }
        tally.hear(answer, cost);
    })?;
    let is_literal = literals(plan, pair.target.len());
    if seen.halfwords {
        in_order(&is_literal, &mut paid);
    }
    let usual = Usual::new(seen, &is_literal, &paid);
    let mut paid = paid.into_iter();
    let cost = |at: usize| {
        let usual = usual.of(seen, at);
        let own = if is_literal[at] { paid.next() } else { None };
        let cost = own.map_or(usual, |own| (3 * own + usual) / 4);
        Bits::try_from(cost).unwrap_or(GUESS)
    };
    Ok((total, ((0..pair.target.len()).map(cost).collect(), tally.prices())))
}

/// What literals cost by their value.
struct Usual {
    /// Of all of them.
    mean: Mean,
    /// By value and parity.
    values: Vec<Mean>,
    /// By value, parity, and the byte that a byte of a halfword is coded after.
    pairs: Vec<Mean>,
}

/// Sum and number of costs.
#[derive(Clone, Copy, Default)]
struct Mean(u64, u64);

impl Mean {
    fn hear(&mut self, cost: u64) {
        self.0 += cost;
        self.1 += 1;
    }

    /// The mean, as if `weight` more had cost `usual`.
    fn or(self, usual: u64, weight: u64) -> u64 {
        (self.0 + weight * usual) / (self.1 + weight)
    }
}

impl Usual {
    fn new(seen: &Seen, is_literal: &[bool], paid: &[u64]) -> Self {
        let means = |count| vec![Mean::default(); count];
        let mut usual =
            Self { mean: Mean::default(), values: means(1 << 9), pairs: means(1 << 17) };
        let places = (0..is_literal.len()).filter(|&at| is_literal[at]);
        for (at, &cost) in places.zip(paid) {
            let (value, pair) = keys(seen, at);
            usual.mean.hear(cost);
            usual.values[value].hear(cost);
            usual.pairs[pair].hear(cost);
        }
        usual
    }

    /// Cost of the byte at `at`, as if four more had cost what its value costs, and those what literals cost on average.
    fn of(&self, seen: &Seen, at: usize) -> u64 {
        let (value, pair) = keys(seen, at);
        let usual = self.values[value].or(self.mean.or(GUESS.into(), 1), 4);
        if seen.halfwords { self.pairs[pair].or(usual, 4) } else { usual }
    }
}

/// Indices of the byte at `at` by value and parity, and also by the byte that is coded before it: of a low byte the high
/// one, of a high byte that of the halfword before.
fn keys(seen: &Seen, at: usize) -> (usize, usize) {
    let value = usize::from(seen.extras[at]) << 1 | at & 1;
    let other = if at & 1 == 0 { at.checked_add(1) } else { at.checked_sub(2) };
    let before = other.and_then(|other| seen.extras.get(other)).copied().unwrap_or(0);
    (value, usize::from(before) << 9 | value)
}

/// Puts the costs of literals in the order of their bytes: a halfword is coded from its end on.
fn in_order(is_literal: &[bool], paid: &mut [u64]) {
    let mut paid = paid;
    for halfword in is_literal.chunks(2) {
        let count = halfword.iter().filter(|&&is| is).count();
        let (own, rest) = paid.split_at_mut(count.min(paid.len()));
        own.reverse();
        paid = rest;
    }
}

/// Which bytes of a target of `len` bytes are in no diff and no copy.
fn literals(plan: &Plan, len: usize) -> Vec<bool> {
    let mut is_literal = vec![true; len];
    let diffs = plan.diffs.iter().map(|diff| (diff.target, diff.len));
    let copies = plan.copies.iter().map(|copy| (copy.target, copy.len));
    for (start, len) in diffs.chain(copies) {
        is_literal[start as usize..][..len as usize].fill(false);
    }
    is_literal
}
