//! Plan to patch: parameters that fit the budget, the body, the header, the self-check.

use crate::plan::copies::copies;
use crate::plan::diffs::{Pair, diffs};
use crate::plan::map::map;
use patcher_core::container::header::{Header, Kind};
use patcher_core::encode::{Diff, Plan, encode, price};
use patcher_core::reference::{self};

/// Experimental entry: header and plan for a pair.
pub fn experiment(
    pair: &Pair<'_>,
    header: &mut Header,
    gain: usize,
    passes: usize,
) -> (Plan, Vec<u8>) {
    let u = |x: usize| u32::try_from(x).unwrap();
    let aligned = diffs(pair, gain, passes);
    let entries = map(pair, &aligned, header.map_entries as usize);
    header.map_entries = u(entries.len());
    let mut plan = Plan {
        map: entries,
        diffs: aligned
            .iter()
            .map(|a| Diff { target: u(a.target), base: u(a.base), len: u(a.len) })
            .collect(),
        copies: Vec::new(),
        reset: false,
    };
    let mut costs = vec![0u32; pair.target.len()];
    let mut last = (0u32, 0u64);
    price(header, &reference::ALL, pair.base, pair.target, &plan, |position, cost| {
        if position > last.0 {
            let each = (cost - last.1) / u64::from(position - last.0);
            for c in &mut costs[last.0 as usize..position as usize] {
                *c = u32::try_from(each >> 12).unwrap();
            }
            last = (position, cost);
        }
    })
    .unwrap();
    let mut gaps = Vec::new();
    let mut at = 0;
    let mut base = 0;
    for a in &aligned {
        if a.target > at {
            gaps.push((at, a.target, base));
        }
        at = a.target + a.len;
        base = a.base + a.len;
    }
    if at < pair.target.len() {
        gaps.push((at, pair.target.len(), base));
    }
    plan.copies = copies(pair.base, pair.target, &gaps, &costs);
    let body = encode(header, &reference::ALL, pair.base, pair.target, &plan).unwrap();
    (plan, body)
}
