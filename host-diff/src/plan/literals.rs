//! What literals and other tokens cost, learned from an encoding of a plan.

use super::diffs::Pair;
use super::prices::{BIT, Bits, Prices, Tally};
use patcher_core::BodyError;
use patcher_core::container::header::Header;
use patcher_core::encode::{Answer, Plan, Seen, price};
use patcher_core::reference;

/// Cost of a literal before anything is known: seven bits.
pub const GUESS: Bits = 7 * BIT;

/// What an encoding of `plan` pays: the cost of each target byte as a literal, and of tokens, in 1/16 bit.
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
) -> Result<(Vec<Bits>, Prices), BodyError> {
    let mut tally = Tally::default();
    let mut paid = Vec::new();
    price(header, &reference::ALL, pair.base, pair.target, plan, |answer, cost| {
        if answer == Answer::Literal {
            paid.push(cost >> 12);
        }
        tally.hear(answer, cost);
    })?;
    let is_literal = literals(plan, pair.target.len());
    if seen.halfwords {
        in_order(&is_literal, &mut paid);
    }
    let mut sums = [[(0u64, 0u64); 2]; 256];
    let places = (0..pair.target.len()).filter(|&at| is_literal[at]);
    for (at, &cost) in places.zip(&paid) {
        let (sum, count) = &mut sums[usize::from(seen.extras[at])][at & 1];
        *sum += cost;
        *count += 1;
    }
    let (sum, count) = sums.as_flattened().iter().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let mean = sum.checked_div(count).unwrap_or(u64::from(GUESS));
    let mut paid = paid.into_iter();
    let cost = |at: usize| {
        let (sum, count) = sums[usize::from(seen.extras[at])][at & 1];
        // As if four more had cost what literals cost on average.
        let usual = (sum + 4 * mean) / (count + 4);
        let own = if is_literal[at] { paid.next() } else { None };
        let cost = own.map_or(usual, |own| (3 * own + usual) / 4);
        Bits::try_from(cost).unwrap_or(GUESS)
    };
    Ok(((0..pair.target.len()).map(cost).collect(), tally.prices()))
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
