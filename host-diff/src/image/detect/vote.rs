//! Which address explains most pointers.
//!
//! A pointer word minus the right load address lands on a function entry or on the begin of a string; minus a wrong one
//! it lands there by chance only. Candidates come from counting all differences pointer − entry; each is then judged on
//! all evidence, in bits.

use core::cmp::Reverse;

use super::clues::Clues;
use super::log2::{SCORE_FRACTION, surprise};

/// A load address and what speaks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ballot {
    pub(super) address: u32,
    /// All evidence together, in 1/256 bits.
    pub(super) score: i64,
    /// Pointers that would point into the image, and how many of them at a function entry.
    pub(super) code: Tally,
    /// The same for begins of strings.
    pub(super) text: Tally,
    /// Whether at least a quarter of the vector table's handlers lands; many chips share one for all interrupts. True
    /// without a table.
    pub(super) fits_vector_table: bool,
}

/// How many pointers land where they should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) tries: u32,
    pub(super) hits: u32,
}

/// Addresses are multiples of this: images are cut and linked at words at least.
const STEP: u32 = 4;
/// Blocks of candidate addresses that are searched; the true one is among those with most pointers.
const BLOCKS: usize = 8;
/// Blocks are as long as the image, in powers of two, but not shorter than this.
const SMALLEST_BLOCK: u32 = 0x1000;
/// Candidates taken from each block.
const PER_BLOCK: usize = 16;
/// Differences counted per block: bounds the time on large images, at no loss because so many pointers are redundant.
const PAIRS_PER_BLOCK: usize = 1 << 20;
/// Alignments beyond this are no more likely than it.
const MAX_ALIGNMENT_BITS: u32 = 16;

/// The addresses worth judging, sorted.
pub(super) fn candidates(clues: &Clues) -> Vec<u32> {
    let mut pointers: Vec<u32> =
        clues.literal_code.iter().chain(&clues.handlers).copied().collect();
    pointers.extend(&clues.other_code);
    pointers.sort_unstable();
    pointers.dedup();
    let block = clues.len.next_power_of_two().max(SMALLEST_BLOCK);
    let mut found: Vec<u32> = densest_blocks(&clues.literal_code, clues.len, block)
        .into_iter()
        .chain(densest_blocks(&pointers, clues.len, block))
        .chain(densest_blocks(&clues.handlers, clues.len, block))
        .collect();
    found.sort_unstable();
    found.dedup();
    let mut addresses: Vec<u32> =
        found.into_iter().flat_map(|start| best_of_block(&pointers, clues, start, block)).collect();
    // The end of an image is an address, too.
    addresses.retain(|address| address.checked_add(clues.len).is_some());
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// The starts of the blocks of addresses from which most pointers can be reached.
fn densest_blocks(pointers: &[u32], len: u32, block: u32) -> Vec<u32> {
    let mut starts: Vec<u32> = pointers
        .iter()
        .flat_map(|&pointer| {
            let last = pointer / block * block;
            let first = pointer.saturating_sub(len) / block * block;
            [first, last]
        })
        .collect();
    starts.sort_unstable();
    starts.dedup();
    // Many pointers first; among equals the lower address.
    let mut ranked: Vec<(Reverse<usize>, u32)> = starts
        .into_iter()
        .map(|start| (Reverse(reachable(pointers, start, block, len).len()), start))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(BLOCKS).map(|(_, start)| start).collect()
}

/// The pointers that point into an image loaded somewhere in the block.
fn reachable(pointers: &[u32], start: u32, block: u32, len: u32) -> &[u32] {
    let end = u64::from(start) + u64::from(block) + u64::from(len);
    let from = pointers.partition_point(|&pointer| pointer < start);
    let to = pointers.partition_point(|&pointer| u64::from(pointer) < end);
    &pointers[from..to.max(from)]
}

/// Counts pointer − entry over a block and takes the addresses that come up most.
fn best_of_block(pointers: &[u32], clues: &Clues, start: u32, block: u32) -> Vec<u32> {
    let pointers = reachable(pointers, start, block, clues.len);
    let Ok(slots) = usize::try_from(block / STEP) else { return Vec::new() };
    let pairs = pointers.len() * clues.entries.len();
    let stride = pairs.div_ceil(PAIRS_PER_BLOCK).max(1);
    let mut counts = vec![0_u16; slots];
    // Only a pointer and an entry that agree mod 4 differ by a possible address.
    for residue in [0, 2] {
        let entries: Vec<u32> =
            clues.entries.iter().copied().filter(|entry| entry % STEP == residue).collect();
        for &pointer in pointers.iter().step_by(stride).filter(|&p| p % STEP == residue) {
            for &entry in &entries {
                let slot = usize::try_from(pointer.wrapping_sub(entry).wrapping_sub(start) / STEP);
                if let Some(count) = slot.ok().and_then(|slot| counts.get_mut(slot)) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let mut ranked: Vec<(Reverse<u32>, u32)> = (0_u32..)
        .zip(counts)
        .filter(|&(_, count)| count > most / 4)
        .map(|(slot, count)| (u32::from(count), start.wrapping_add(slot * STEP)))
        .map(|(count, address)| (Reverse(count * 4 + alignment_bits(address)), address))
        .collect();
    if ranked.len() > PER_BLOCK {
        ranked.select_nth_unstable(PER_BLOCK);
        ranked.truncate(PER_BLOCK);
    }
    ranked.into_iter().map(|(_, address)| address).collect()
}

/// Judges one address on all evidence.
pub(super) fn judge(clues: &Clues, address: u32) -> Ballot {
    let mut score = prior(clues, address);
    let mut code = Tally::default();
    let mut text = Tally::default();
    let land_on_entries = |pointers: &[u32]| {
        land(pointers, clues, address, 2, &clues.entry_counts, |offset| clues.is_entry(offset))
    };
    for pointers in [&clues.literal_code, &clues.other_code, &clues.handlers] {
        let (tally, bits) = land_on_entries(pointers);
        code.tries += tally.tries;
        code.hits += tally.hits;
        score += bits;
    }
    for pointers in [&clues.literal_data, &clues.other_data] {
        let (tally, bits) = land(pointers, clues, address, 1, &clues.string_counts, |offset| {
            clues.is_string(offset)
        });
        text.tries += tally.tries;
        text.hits += tally.hits;
        score += bits;
    }
    let handlers = land_on_entries(&clues.handlers).0.hits;
    let fits_vector_table = usize::try_from(handlers).unwrap_or(0) * 4 >= clues.handlers.len();
    Ballot { address, score, code, text, fits_vector_table }
}

/// How many of `pointers` land, and what that is worth. `counts` are the landing places by offset mod 4, `grain` the
/// distance of possible places.
fn land(
    pointers: &[u32],
    clues: &Clues,
    address: u32,
    grain: u32,
    counts: &[u64; 4],
    lands: impl Fn(u32) -> bool,
) -> (Tally, i64) {
    let inside = reachable(pointers, address, 0, clues.len);
    let mut tally = Tally::default();
    let mut chance = 0;
    for &pointer in inside {
        let offset = pointer - address;
        if !offset.is_multiple_of(grain) {
            continue;
        }
        tally.tries += 1;
        chance += counts[usize::try_from(offset % 4).unwrap_or(0)];
        if lands(offset) {
            tally.hits += 1;
        }
    }
    let places = u64::from(tally.tries) * u64::from(clues.len.div_ceil(4));
    (tally, surprise(tally.hits.into(), tally.tries.into(), chance, places))
}

/// Round addresses are more likely: each alignment from 4 bytes to 64 KiB is as likely as the next, for the image or
/// for the vector table in it.
fn prior(clues: &Clues, address: u32) -> i64 {
    let table =
        clues.vector_offset.map_or(0, |offset| alignment_bits(address.wrapping_add(offset)));
    i64::from(alignment_bits(address).max(table)) << SCORE_FRACTION
}

fn alignment_bits(address: u32) -> u32 {
    address.trailing_zeros().min(MAX_ALIGNMENT_BITS)
}
