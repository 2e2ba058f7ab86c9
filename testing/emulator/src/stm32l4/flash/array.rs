//! The cells of both banks: the rules are those of `flash-model`, here they are only read fast.
//!
//! Addresses are physical, from the start of bank 1.

use std::collections::BTreeSet;

use flash_model::Stm32L4;
use flash_model::{FlashError, FlashModel, UnitState};

use super::PAGE_BYTES;
use crate::bus::Width;
use crate::stm32l4::watch::Watch;

/// Bytes of a double word, the unit of programming and of ECC.
pub(super) const UNIT: u32 = 8;

#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) cells: FlashModel<Stm32L4>,
    /// What the cells read as.
    bytes: Box<[u8]>,
    /// Double words whose ECC does not match.
    poisoned: BTreeSet<u32>,
    /// Of each page.
    first_uses: Box<[FirstUse]>,
    /// What a stretch of a run takes and leaves, while that is of interest.
    pub(super) watch: Option<Box<Watch>>,
}

/// How a page was used first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstUse {
    None,
    /// Read or programmed: what it held made a difference.
    Content,
    /// Erased: what it held did not.
    Erase,
}

impl Array {
    pub(super) fn new() -> Self {
        let cells = FlashModel::new();
        let bytes = vec![0xFF; cells.size() as usize].into_boxed_slice();
        let pages = cells.size() / PAGE_BYTES;
        let first_uses = vec![FirstUse::None; pages as usize].into_boxed_slice();
        Self { cells, bytes, poisoned: BTreeSet::new(), first_uses, watch: None }
    }

    #[inline]
    fn used(&mut self, address: u32, how: FirstUse) {
        let first = &mut self.first_uses[(address / PAGE_BYTES) as usize];
        if *first == FirstUse::None {
            *first = how;
        }
    }

    /// From now on pages count as not used yet.
    pub(super) fn forget_uses(&mut self) {
        self.first_uses.fill(FirstUse::None);
    }

    /// Pages that were read or programmed before they were erased, by their number.
    pub(super) fn pages_relied_on(&self) -> Vec<u32> {
        let pages = (0..).zip(&self.first_uses);
        pages.filter(|(_, first)| **first == FirstUse::Content).map(|(page, _)| page).collect()
    }

    /// The value at `address`, aligned and within the banks; and whether its ECC does not match.
    #[inline]
    pub(super) fn read(&mut self, address: u32, width: Width) -> (u32, bool) {
        self.used(address, FirstUse::Content);
        if let Some(watch) = &mut self.watch {
            watch.read_unit(address, &self.cells);
        }
        let at = address as usize;
        let value = match width {
            Width::Byte => u32::from(self.bytes[at]),
            Width::Half => u32::from(u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])),
            Width::Word => {
                let word = self.bytes[at..].first_chunk();
                word.map_or(0, |&word| u32::from_le_bytes(word))
            }
        };
        let torn = !self.poisoned.is_empty() && self.poisoned.contains(&(address / UNIT));
        (value, torn)
    }

    pub(super) fn program(&mut self, address: u32, unit: [u8; 8]) -> Result<(), FlashError> {
        self.used(address, FirstUse::Content);
        if let Some(watch) = &mut self.watch {
            watch.program(address, unit, &self.cells);
        }
        let done = self.cells.program(address, &unit);
        self.watch_failure(&done);
        self.look(address, address + UNIT);
        done
    }

    pub(super) fn erase(&mut self, address: u32) -> Result<(), FlashError> {
        let page = self.cells.page_at(address);
        if let Some(watch) = &mut self.watch {
            watch.erase(page.start, page.bytes);
        }
        let done = self.cells.erase(page.start..page.start + page.bytes);
        self.watch_failure(&done);
        // A torn erase leaves something of what was there.
        self.used(address, if done.is_ok() { FirstUse::Erase } else { FirstUse::Content });
        self.look(page.start, page.start + page.bytes);
        done
    }

    fn watch_failure(&mut self, done: &Result<(), FlashError>) {
        if let (Some(watch), Err(_)) = (&mut self.watch, done) {
            watch.fails();
        }
    }

    /// Looks again at the cells from `start` to before `end`, whole double words.
    pub(super) fn look(&mut self, start: u32, end: u32) {
        for address in (start..end).step_by(UNIT as usize) {
            let at = address as usize;
            self.cells.raw_unit(address, &mut self.bytes[at..at + UNIT as usize]);
            if self.cells.unit_state(address) == UnitState::Poisoned {
                self.poisoned.insert(address / UNIT);
            } else {
                self.poisoned.remove(&(address / UNIT));
            }
        }
    }
}
