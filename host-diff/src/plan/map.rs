//! Chooses the breakpoints of the address map.

use super::diffs::Pair;
use super::mask::{Padded, place};
use crate::matcher::align::Aligned;
use patcher_core::reference::map::{Entry, implied};
use patcher_core::reference::{Branch, By, Found, Isa, Site, ahead};
use std::collections::BTreeMap;

/// How often the base refers to an address from code or data that is kept, with its true target.
type References = BTreeMap<u32, Leads>;

/// Where an address leads, how often, and what it costs in bits if that is not known.
#[derive(Debug, Default)]
struct Leads {
    targets: BTreeMap<u32, u32>,
    bits: i64,
}

impl Leads {
    fn note(&mut self, target: u32, bits: i64) {
        *self.targets.entry(target).or_default() += 1;
        self.bits = self.bits.max(bits);
    }

    /// The target that it leads to most often.
    fn winner(&self) -> u32 {
        let most = |&(&target, &count): &(&u32, &u32)| (count, core::cmp::Reverse(target));
        self.targets.iter().max_by_key(most).map_or(0, |(&target, _)| target)
    }
}

/// Breakpoints for the alignment, by rising base address, at most `limit`.
#[must_use]
pub fn map(pair: &Pair<'_>, aligned: &[Aligned], limit: usize) -> Vec<Entry> {
    let Some(isa) = pair.isa else { return Vec::new() };
    let mut entries = flash(pair, aligned);
    entries.extend(ram(pair, aligned, isa));
    entries.sort_by_key(|entry| entry.base);
    entries.dedup_by_key(|entry| entry.base);
    let references = references(pair, aligned, isa);
    prune(pair, entries, &references, limit)
}

/// One breakpoint per alignment, the longest winning where they overlap in the base.
fn flash(pair: &Pair<'_>, aligned: &[Aligned]) -> Vec<Entry> {
    let mut by_length: Vec<&Aligned> = aligned.iter().collect();
    by_length.sort_by_key(|a| (core::cmp::Reverse(a.len), a.target));
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let mut entries = Vec::new();
    for a in by_length {
        let before = taken.range(..=a.base).next_back().is_some_and(|(_, &end)| end > a.base);
        if before {
            continue;
        }
        taken.insert(a.base, a.base + a.len);
        let from = place(&pair.base_regions, a.base);
        let to = place(&pair.target_regions, a.target);
        if let (Some(from), Some(to)) = (from, to) {
            entries.push(Entry { base: from.address, target: to.address });
        }
    }
    entries
}

/// Breakpoints of RAM: where the shift of the RAM pointers in aligned places changes.
fn ram(pair: &Pair<'_>, aligned: &[Aligned], isa: &dyn Isa) -> Vec<Entry> {
    let mut votes: References = BTreeMap::new();
    visit(pair, aligned, isa, |base, target, bits| {
        if isa.reaches(base)
            && isa.reaches(target)
            && !pair.base_regions.contains(base)
            && !pair.target_regions.contains(target)
        {
            votes.entry(base).or_default().note(target, bits);
        }
    });
    let mut shift = 0u32;
    let mut entries = Vec::new();
    let moves: Vec<(u32, u32)> =
        votes.iter().map(|(&base, leads)| (base, leads.winner())).collect();
    for (index, &(base, target)) in moves.iter().enumerate() {
        let own = target.wrapping_sub(base);
        // One stray pointer is cheaper as an exception than as a breakpoint.
        let holds = moves.get(index + 1).is_some_and(|&(b, t)| t.wrapping_sub(b) == own);
        if own != shift && holds {
            entries.push(Entry { base, target });
            shift = own;
        }
    }
    entries
}

fn references(pair: &Pair<'_>, aligned: &[Aligned], isa: &dyn Isa) -> References {
    let mut references: References = BTreeMap::new();
    visit(pair, aligned, isa, |base, target, bits| {
        references.entry(base).or_default().note(target, bits);
    });
    references
}

/// Calls `see(base target, target target, bits of a miss)` for every reference at aligned places of both images that leads out of
/// its place.
fn visit(pair: &Pair<'_>, aligned: &[Aligned], isa: &dyn Isa, mut see: impl FnMut(u32, u32, i64)) {
    let (base, target) = (Padded::of(pair.base), Padded::of(pair.target));
    for a in aligned {
        let mut i = 0usize;
        while i < a.len {
            let from = place(&pair.base_regions, a.base + i);
            let to = place(&pair.target_regions, a.target + i);
            let (Some(from), Some(to)) = (from, to) else { break };
            let around = target.around(a.target + i);
            let new = ahead(around);
            let [before, left] = [i, a.len - i].map(|len| u32::try_from(len).unwrap_or(u32::MAX));
            let site = Site::of(from, to, before, left);
            let found = isa.find(base.around(a.base + i), &site, &pair.base_regions);
            match found {
                Found::Plain(_) => {}
                // It moves with what it leads to.
                _ if found.target().is_some_and(|target| site.holds(target)) => {}
                Found::Branch(branch) => {
                    let new = isa.branch(new, to.address).or_else(|| isa.user(around, to.address));
                    if let Some(Branch { target, .. }) = new {
                        let near = branch.by == By::Near;
                        see(branch.target, target, if near { NEAR_BITS } else { MISS_BITS });
                    }
                }
                Found::Pointer(old) => {
                    let new = isa.word(new);
                    if pair.target_regions.contains(new) {
                        see(old, new, MISS_BITS);
                    }
                }
                Found::RamPointer(old) => {
                    let new = isa.word(new);
                    if isa.is_ram(new) {
                        see(old, new, MISS_BITS);
                    }
                }
            }
            i += usize::from(found.len());
        }
    }
}

/// Bits that an entry costs beyond what its op would cost without it, and that a miss costs.
const ENTRY_BITS: i64 = 26;
const OP_BITS: i64 = 16;
const MISS_BITS: i64 = 26;
/// The same of a reference by a short distance: a byte of it differs, seldom more.
const NEAR_BITS: i64 = 12;

/// Drops entries that do not pay: those that no reference needs, then the least useful ones.
fn prune(
    pair: &Pair<'_>,
    mut entries: Vec<Entry>,
    references: &References,
    limit: usize,
) -> Vec<Entry> {
    loop {
        let worth = worth(pair, &entries, references);
        let mut ranked: Vec<(i64, usize)> = worth.into_iter().zip(0..).collect();
        ranked.sort_unstable();
        let excess = entries.len().saturating_sub(limit);
        let useless = ranked.iter().take_while(|(gain, _)| *gain <= 0).count();
        // Neighbours change each other's worth: drop a part, then look again.
        let drop = if excess > 0 { excess.max(useless / 2).max(1) } else { useless.div_ceil(2) };
        if drop == 0 {
            return entries;
        }
        let mut dropped = vec![false; entries.len()];
        for &(_, index) in ranked.iter().take(drop) {
            dropped[index] = true;
        }
        let mut index = 0;
        entries.retain(|_| {
            index += 1;
            !dropped[index - 1]
        });
    }
}

/// Breakpoints that need not be sent, by rising base address.
fn implied_entries(pair: &Pair<'_>) -> Vec<Entry> {
    let regions = pair.base_regions.iter();
    let mut entries: Vec<Entry> = regions
        .flat_map(|region| [region.address, region.address.wrapping_add(region.len)])
        .map(|address| implied(address, &pair.base_regions, &pair.target_regions))
        .collect();
    entries.push(Entry { base: 0, target: 0 });
    entries.sort_by_key(|entry| entry.base);
    entries.dedup_by_key(|entry| entry.base);
    entries
}

/// Bits that each entry saves: references right with it and wrong without.
fn worth(pair: &Pair<'_>, entries: &[Entry], references: &References) -> Vec<i64> {
    let implied = implied_entries(pair);
    let shift = |entry: &Entry| entry.target.wrapping_sub(entry.base);
    let mut gains = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let next = implied.partition_point(|implied| implied.base <= entry.base);
        // Without the entry the one before it holds on, unless the regions imply something nearer.
        let sent = index.checked_sub(1).and_then(|before| entries.get(before));
        let nearest = next.checked_sub(1).and_then(|before| implied.get(before));
        let before = match (sent, nearest) {
            (Some(sent), Some(nearest)) if sent.base >= nearest.base => shift(sent),
            (_, Some(nearest)) => shift(nearest),
            (sent, None) => sent.map_or(0, shift),
        };
        let ends = [entries.get(index + 1), implied.get(next)];
        let end = ends.into_iter().flatten().map(|entry| entry.base).min().unwrap_or(u32::MAX);
        let in_flash = pair.base_regions.offset_of(entry.base).is_some();
        let mut gain = if in_flash { OP_BITS - ENTRY_BITS } else { -ENTRY_BITS };
        for (&base, leads) in references.range(entry.base..end) {
            // Only the first miss costs: the cache repairs the others.
            let target = leads.winner();
            let with = base.wrapping_add(shift(entry)) == target;
            let without = base.wrapping_add(before) == target;
            gain += leads.bits * (i64::from(with) - i64::from(without));
        }
        gains.push(gain);
    }
    gains
}
