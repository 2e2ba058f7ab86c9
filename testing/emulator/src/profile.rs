//! Where the cycles went: by address, by block, by symbol.

use core::ops::Range;

use crate::elf::Symbol;
use crate::machine::{Counters, Observer};
use crate::timing::Cost;

/// Counts every instruction of a range of code.
#[derive(Debug, Clone)]
pub struct Profile {
    start: u32,
    /// One for every halfword, and one for all that is elsewhere.
    places: Vec<Counters>,
    elsewhere: Counters,
}

/// Instructions in a row that were executed equally often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Addresses of its first instruction and after its last halfword that starts one.
    pub addresses: Range<u32>,
    /// How often it was executed.
    pub times: u64,
    /// What all of that took.
    pub counters: Counters,
}

fn add(to: &mut Counters, from: Counters) {
    to.instructions += from.instructions;
    to.base_cycles += from.base_cycles;
    to.refills += from.refills;
}

impl Profile {
    /// A profile of the code at `addresses`.
    #[must_use]
    pub fn new(addresses: Range<u32>) -> Self {
        let halves = addresses.end.saturating_sub(addresses.start).div_ceil(2);
        Self {
            start: addresses.start,
            places: vec![Counters::default(); halves as usize],
            elsewhere: Counters::default(),
        }
    }

    /// What code took that is not in the range.
    #[must_use]
    pub fn elsewhere(&self) -> Counters {
        self.elsewhere
    }

    /// What the code at `addresses` took.
    #[must_use]
    pub fn of(&self, addresses: Range<u32>) -> Counters {
        let index = |address: u32| (address.saturating_sub(self.start) / 2) as usize;
        let mut sum = Counters::default();
        let places = self.places.get(index(addresses.start)..).unwrap_or(&[]);
        let count = index(addresses.end).saturating_sub(index(addresses.start));
        places.iter().take(count).for_each(|&place| add(&mut sum, place));
        sum
    }

    /// What each symbol took, in the order of `symbols`. A symbol without a length ends where the next one starts.
    #[must_use]
    pub fn by_symbol<'s>(&self, symbols: &'s [Symbol]) -> Vec<(&'s Symbol, Counters)> {
        symbols.iter().map(|symbol| (symbol, self.of(symbol.addresses.clone()))).collect()
    }

    /// What blocks took, in the order of their addresses.
    #[must_use]
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let places = (self.start..).step_by(2).zip(&self.places);
        for (address, &counters) in places.filter(|(_, place)| place.instructions > 0) {
            let times = counters.instructions;
            match blocks.last_mut() {
                Some(last) if last.times == times && address - last.addresses.end <= 2 => {
                    last.addresses.end = address + 2;
                    add(&mut last.counters, counters);
                }
                _ => blocks.push(Block { addresses: address..address + 2, times, counters }),
            }
        }
        blocks
    }
}

impl Observer for Profile {
    #[inline]
    fn executed(&mut self, pc: u32, cost: Cost) {
        let index = (pc.wrapping_sub(self.start) / 2) as usize;
        let place = self.places.get_mut(index).unwrap_or(&mut self.elsewhere);
        place.instructions += 1;
        place.base_cycles += u64::from(cost.cycles);
        place.refills += u64::from(cost.refills);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COST: Cost = Cost { cycles: 2, refills: 1 };

    #[test]
    fn instructions_in_a_row_that_run_equally_often_are_a_block() {
        let mut profile = Profile::new(0x100..0x120);
        // A wide instruction at 0x102, a loop of two from 0x106 on.
        for pc in [0x100, 0x102, 0x106, 0x108, 0x106, 0x108, 0x10A, 0x200] {
            profile.executed(pc, COST);
        }
        let blocks = profile.blocks();
        let shown: Vec<_> = blocks.iter().map(|b| (b.addresses.clone(), b.times)).collect();
        assert_eq!(shown, [(0x100..0x104, 1), (0x106..0x10A, 2), (0x10A..0x10C, 1)]);
        assert_eq!(blocks[1].counters.cycles(3), 4 * 5);
        assert_eq!(profile.elsewhere().instructions, 1);
    }

    #[test]
    fn a_symbol_gets_what_is_within_its_addresses() {
        let mut profile = Profile::new(0x100..0x120);
        for pc in [0x100, 0x104, 0x108] {
            profile.executed(pc, COST);
        }
        let symbol = Symbol { name: "f".to_owned(), addresses: 0x104..0x108 };
        assert_eq!(profile.by_symbol(&[symbol])[0].1.instructions, 1);
        assert_eq!(profile.of(0..0x200).instructions, 3);
    }
}
