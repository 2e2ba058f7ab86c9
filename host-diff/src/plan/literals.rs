//! What literals cost, learned from an encoding of a plan.

use super::copies::{Bits, Prices, Tally};
use super::diffs::Pair;
use patcher_core::DecodeError;
use patcher_core::container::header::Header;
use patcher_core::encode::{Answered, Plan, Seen, price};
use patcher_core::reference;

/// Cost of a literal before anything is known: seven bits.
pub const GUESS: Bits = 7 * 16;

/// Cost of each target byte as a literal in 1/16 bit, if the others are coded as `plan` says.
///
/// What the plan codes as a literal counts by its own price and by the mean of its byte value and parity; what it codes
/// otherwise by that mean. The parse of copies changes what is left for literals: prices of a plan without copies are
/// too low for those that remain.
///
/// # Errors
/// As [`price`]: a bug of the planner.
pub fn literal_costs(
    pair: &Pair<'_>,
    seen: &Seen,
    header: &Header,
    plan: &Plan,
) -> Result<(Vec<Bits>, Prices), DecodeError> {
    let mut costs = vec![0; pair.target.len()];
    let mut last = (0u32, 0u64);
    let flags = core::cell::Cell::new(0u64);
    let mut tally = Tally::new();
    price(header, &reference::ALL, pair.base, pair.target, plan, |position, cost| {
        if let Some(new @ [_, ..]) = costs.get_mut(last.0 as usize..position as usize) {
            // The observer sees 1/65536 bit.
            let net = cost - flags.get();
            let each = ((net - last.1) / u64::from(position - last.0)) >> 12;
            new.fill(each);
            last = (position, net);
        }
    }, |answered, cost| { if matches!(answered, Answered::IsCopy(_)) { flags.set(flags.get() + cost); } tally.see(answered, cost) })?;
    let is_literal = literals(plan, pair.target.len());
    let mut sums = [[(0u64, 0u64); 2]; 256];
    for (at, (&byte, &cost)) in seen.extras.iter().zip(&costs).enumerate() {
        if is_literal[at] {
            let (sum, count) = &mut sums[usize::from(byte)][at & 1];
            *sum += cost;
            *count += 1;
        }
    }
    let (sum, count) = sums.as_flattened().iter().fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let mean = sum.checked_div(count).unwrap_or(u64::from(GUESS));
    let cost = |at: usize| {
        let (sum, count) = sums[usize::from(seen.extras[at])][at & 1];
        // As if four more had cost what literals cost on average.
        let usual = (sum + 4 * mean) / (count + 4);
        let cost = if is_literal[at] { (3 * costs[at] + usual) / 4 } else { usual };
        Bits::try_from(cost).unwrap_or(GUESS)
    };
    Ok(((0..costs.len()).map(cost).collect(), tally.prices()))
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
