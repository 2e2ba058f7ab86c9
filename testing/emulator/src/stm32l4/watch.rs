//! What a stretch of a run takes from memory, and what it leaves there.
//!
//! A cell is a word of RAM or a double word of flash. What the stretch does follows from the values of the cells that it reads before it
//! writes them whole, in the order in which it meets them: the next one follows from those before.

use core::ops::Range;

use flash_model::{FlashModel, Stm32L4, UnitState};

use super::chip::SRAM_BYTES;
use crate::bus::Width;

const WORD: u32 = 4;
const UNIT: u32 = 8;
/// Cells of RAM; those of flash come behind them.
const WORDS: u32 = SRAM_BYTES / WORD;

/// How a cell was used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Not,
    /// Read first.
    Taken,
    /// Written; read before that or not.
    Left,
    /// Of flash that nothing changes: not of interest.
    Constant,
}

/// A cell, and what it held: how a double word of flash was used, then the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Cell {
    pub(super) number: u32,
    pub(super) value: (u32, u64),
}

/// An operation of the flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Program { address: u32, unit: [u8; 8] },
    Erase { address: u32 },
}

/// What a stretch has taken and left.
#[derive(Debug)]
pub(super) struct Effects {
    /// Cells that it took, in this order.
    pub(super) taken: Vec<Cell>,
    /// Words of RAM that it wrote, by their number.
    pub(super) ram: Vec<(u32, u32)>,
    pub(super) operations: Vec<Done>,
}

/// A stretch so far.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    uses: Box<[Use]>,
    taken: Vec<Cell>,
    /// Words of RAM that were written.
    left: Vec<u32>,
    operations: Vec<Done>,
    /// The flash refused something, or flash that was to be constant changed.
    fails: bool,
}

impl Watch {
    /// From now on, but for the `constant` range of flash.
    pub(super) fn new(constant: &Range<u32>, flash_bytes: u32) -> Self {
        let mut uses = vec![Use::Not; (WORDS + flash_bytes / UNIT) as usize];
        uses[unit(constant.start) as usize..unit(constant.end) as usize].fill(Use::Constant);
        let (taken, left, operations) = (Vec::new(), Vec::new(), Vec::new());
        Self { uses: uses.into_boxed_slice(), taken, left, operations, fails: false }
    }

    #[inline]
    fn take(&mut self, number: u32, value: impl FnOnce() -> (u32, u64)) {
        let used = &mut self.uses[number as usize];
        if *used == Use::Not {
            *used = Use::Taken;
            self.taken.push(Cell { number, value: value() });
        }
    }

    /// The word at `offset` in `ram` is read.
    #[inline]
    pub(super) fn read_word(&mut self, offset: u32, ram: &[u8]) {
        self.take(offset / WORD, || (0, word(ram, offset / WORD).into()));
    }

    /// The word at `offset` in `ram`, or a part of it, is about to be written.
    #[inline]
    pub(super) fn write(&mut self, offset: u32, width: Width, ram: &[u8]) {
        if width != Width::Word {
            self.read_word(offset, ram);
        }
        let used = &mut self.uses[(offset / WORD) as usize];
        if *used != Use::Left {
            *used = Use::Left;
            self.left.push(offset / WORD);
        }
    }

    /// The double word at `address` is read.
    #[inline]
    pub(super) fn read_unit(&mut self, address: u32, cells: &FlashModel<Stm32L4>) {
        self.take(unit(address), || content(address, cells));
    }

    /// It is about to be programmed: whether that works follows from how it was used.
    pub(super) fn program(&mut self, address: u32, bytes: [u8; 8], cells: &FlashModel<Stm32L4>) {
        self.read_unit(address, cells);
        self.change(unit(address)..unit(address) + 1);
        self.operations.push(Done::Program { address, unit: bytes });
    }

    /// A page is about to be erased.
    pub(super) fn erase(&mut self, address: u32, page_bytes: u32) {
        self.change(unit(address)..unit(address + page_bytes));
        self.operations.push(Done::Erase { address });
    }

    fn change(&mut self, units: Range<u32>) {
        let uses = &mut self.uses[units.start as usize..units.end as usize];
        self.fails |= uses.contains(&Use::Constant);
        uses.fill(Use::Left);
    }

    /// The flash has refused it.
    pub(super) fn fails(&mut self) {
        self.fails = true;
    }

    /// How it ended; nothing if it cannot be repeated.
    pub(super) fn end(self, ram: &[u8]) -> Option<Effects> {
        let left = self.left.into_iter().map(|number| (number, word(ram, number))).collect();
        let Self { taken, operations, fails, .. } = self;
        (!fails).then_some(Effects { taken, ram: left, operations })
    }
}

/// What a cell holds.
pub(super) fn value(number: u32, ram: &[u8], cells: &FlashModel<Stm32L4>) -> (u32, u64) {
    match number.checked_sub(WORDS) {
        None => (0, word(ram, number).into()),
        Some(unit) => content(unit * UNIT, cells),
    }
}

fn unit(address: u32) -> u32 {
    WORDS + address / UNIT
}

fn word(ram: &[u8], number: u32) -> u32 {
    let bytes = ram.get((number * WORD) as usize..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |&bytes| u32::from_le_bytes(bytes))
}

fn content(address: u32, cells: &FlashModel<Stm32L4>) -> (u32, u64) {
    let mut bytes = [0; UNIT as usize];
    cells.raw_unit(address, &mut bytes);
    let state = match cells.unit_state(address) {
        UnitState::Erased => 0,
        UnitState::Poisoned => 1,
        UnitState::Programmed { programs } => 3 + u32::from(programs),
        // Those that are not known yet are like none of the others.
        _ => 2,
    };
    (state, u64::from_le_bytes(bytes))
}
