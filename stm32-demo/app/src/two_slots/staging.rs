//! Where an update goes: the slot that does not run, and behind it an area for the log of the patch.
//! docs/flash-layout.md §7.

use bsp::flash::{FlashArea, FlashError};
use bsp::watchdog;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use layout::{PAGE_BYTES, STAGING, WRITE_BYTES};

use super::records;

/// Both as one: the applier keeps the log of the patch behind the target, which is in the slot while that has room, and in
/// the other area for an image that fills its slot.
///
/// Feeds the watchdog at each page: a few bytes of a patch may stand for many of them. The slot posts, so that decoding goes
/// on while flash is written.
#[derive(Debug)]
pub(crate) struct Staging {
    slot: FlashArea,
    behind: FlashArea,
    /// Bytes of the slot.
    seam: u32,
}

impl Staging {
    pub(crate) fn new() -> Self {
        let area = records::other().1;
        let mut slot = FlashArea::new(area).posting();
        // What failed last in an attempt that was given up is none of this one's.
        let _ = slot.flush();
        Self { slot, behind: FlashArea::new(STAGING), seam: area.len() }
    }

    /// Bytes that a target may have.
    pub(crate) fn slot_bytes(&self) -> u32 {
        self.seam
    }

    /// How many of `len` bytes from `offset` on are in the slot, and where the rest begins behind it.
    fn part(&self, offset: u32, len: usize) -> (usize, u32) {
        let in_slot = (self.seam.saturating_sub(offset) as usize).min(len);
        (in_slot, offset.saturating_sub(self.seam))
    }
}

impl ErrorType for Staging {
    type Error = FlashError;
}

impl ReadNorFlash for Staging {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let (in_slot, behind) = self.part(offset, bytes.len());
        let (first, rest) = bytes.split_at_mut_checked(in_slot).unwrap_or_default();
        if !first.is_empty() {
            self.slot.read(offset, first)?;
        }
        if rest.is_empty() { Ok(()) } else { self.behind.read(behind, rest) }
    }

    fn capacity(&self) -> usize {
        self.slot.capacity().saturating_add(self.behind.capacity())
    }
}

impl NorFlash for Staging {
    const WRITE_SIZE: usize = WRITE_BYTES as usize;
    const ERASE_SIZE: usize = PAGE_BYTES as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        watchdog::feed();
        if from < self.seam {
            self.slot.erase(from, to.min(self.seam))?;
        }
        if to <= self.seam {
            return Ok(());
        }
        self.behind.erase(from.saturating_sub(self.seam), to.saturating_sub(self.seam))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let (in_slot, behind) = self.part(offset, bytes.len());
        let (first, rest) = bytes.split_at_checked(in_slot).unwrap_or_default();
        if !first.is_empty() {
            self.slot.write(offset, first)?;
        }
        if rest.is_empty() { Ok(()) } else { self.behind.write(behind, rest) }
    }
}
