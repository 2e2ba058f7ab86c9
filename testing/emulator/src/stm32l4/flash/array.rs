//! The cells of both banks: the rules are those of `flash-model`, here they are only read fast.
//!
//! Addresses are physical, from the start of bank 1.

use std::collections::BTreeSet;

use flash_model::Stm32L4;
use flash_model::{FlashError, FlashModel, UnitState};

use crate::bus::Width;

/// Bytes of a double word, the unit of programming and of ECC.
pub(super) const UNIT: u32 = 8;

#[derive(Debug, Clone)]
pub(super) struct Array {
    pub(super) cells: FlashModel<Stm32L4>,
    /// What the cells read as.
    bytes: Box<[u8]>,
    /// Double words whose ECC does not match.
    poisoned: BTreeSet<u32>,
}

impl Array {
    pub(super) fn new() -> Self {
        let cells = FlashModel::new();
        let bytes = vec![0xFF; cells.size() as usize].into_boxed_slice();
        Self { cells, bytes, poisoned: BTreeSet::new() }
    }

    /// The value at `address`, aligned and within the banks; and whether its ECC does not match.
    #[inline]
    pub(super) fn read(&self, address: u32, width: Width) -> (u32, bool) {
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
        let done = self.cells.program(address, &unit);
        self.look(address, address + UNIT);
        done
    }

    pub(super) fn erase(&mut self, address: u32) -> Result<(), FlashError> {
        let page = self.cells.page_at(address);
        let done = self.cells.erase(page.start..page.start + page.bytes);
        self.look(page.start, page.start + page.bytes);
        done
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
