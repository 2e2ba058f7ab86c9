//! An area of flash behind `embedded-storage`.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use layout::{Area, BOOTLOADERS, PAGE_BYTES, SLOT_A, SLOT_B, WRITE_BYTES, disjoint};

use super::controller::Open;
use super::{FlashError, read};
use crate::bank::Mapping;

/// An area of a physical bank, wherever that is mapped. Offsets count from its start.
///
/// # Power loss
///
/// A double word that was being programmed, and every word of a page that was being erased, may read as before, as after,
/// as erased though it cannot be programmed, or not at all ([`FlashError::Ecc`]).
#[derive(Debug)]
pub struct FlashArea {
    area: Area,
}

impl FlashArea {
    /// `area`.
    #[must_use]
    pub const fn new(area: Area) -> Self {
        Self { area }
    }

    /// The slot that the running program does not run from: where an update goes.
    #[must_use]
    pub fn inactive_slot() -> Self {
        match Mapping::now().low() {
            bank if bank == SLOT_A.bank() => Self::new(SLOT_B),
            _ => Self::new(SLOT_A),
        }
    }

    /// Which area it is.
    #[must_use]
    pub const fn area(&self) -> Area {
        self.area
    }

    /// Where `len` bytes at `offset` begin in the bank.
    fn locate(&self, offset: u32, len: usize, align: u32) -> Result<u32, FlashError> {
        let out = FlashError::OutOfBounds { offset, len: self.area.len() };
        let len = u32::try_from(len).map_err(|_| out)?;
        if !offset.is_multiple_of(align) || !len.is_multiple_of(align) {
            return Err(FlashError::Unaligned { offset, expected: align });
        }
        let end = offset.checked_add(len).ok_or(out)?;
        if end > self.area.len() {
            return Err(out);
        }
        self.area.start().checked_add(offset).ok_or(out)
    }

    /// The bootloader is never updated.
    fn check_changeable(&self) -> Result<(), FlashError> {
        let [one, two] = BOOTLOADERS;
        if disjoint(&[self.area, one]) && disjoint(&[self.area, two]) {
            return Ok(());
        }
        Err(FlashError::Protected)
    }
}

impl ErrorType for FlashArea {
    type Error = FlashError;
}

impl ReadNorFlash for FlashArea {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let start = self.locate(offset, bytes.len(), 1)?;
        read::read(self.area.bank(), start, bytes)
    }

    fn capacity(&self) -> usize {
        self.area.len() as usize
    }
}

impl NorFlash for FlashArea {
    const WRITE_SIZE: usize = WRITE_BYTES as usize;
    const ERASE_SIZE: usize = PAGE_BYTES as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.check_changeable()?;
        let out = FlashError::OutOfBounds { offset: from, len: self.area.len() };
        let len = to.checked_sub(from).ok_or(out)?;
        let start = self.locate(from, len as usize, PAGE_BYTES)?;
        let controller = Open::new()?;
        for page in 0..len.checked_div(PAGE_BYTES).unwrap_or(0) {
            let offset = start.wrapping_add(page.wrapping_mul(PAGE_BYTES));
            controller.erase(self.area.bank(), offset)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.check_changeable()?;
        let start = self.locate(offset, bytes.len(), WRITE_BYTES)?;
        let address = Mapping::now().address(self.area.bank(), start);
        let controller = Open::new()?;
        let (units, _) = bytes.as_chunks();
        let mut done = 0;
        for unit in units {
            controller.program(address.wrapping_add(done), offset.wrapping_add(done), *unit)?;
            done = done.wrapping_add(WRITE_BYTES);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layout::{BOOT_LOG, Bank};

    #[test]
    fn what_is_outside_or_askew_is_refused() {
        let area = FlashArea::new(BOOT_LOG);
        let len = BOOT_LOG.len();
        assert_eq!(area.locate(8, 16, 8), Ok(BOOT_LOG.start() + 8));
        assert_eq!(area.locate(len, 0, 8), Ok(BOOT_LOG.start() + len));
        assert_eq!(
            area.locate(len - 8, 16, 8),
            Err(FlashError::OutOfBounds { offset: len - 8, len })
        );
        assert_eq!(
            area.locate(u32::MAX - 7, 16, 8),
            Err(FlashError::OutOfBounds { offset: u32::MAX - 7, len })
        );
        assert_eq!(area.locate(4, 8, 8), Err(FlashError::Unaligned { offset: 4, expected: 8 }));
        assert_eq!(area.locate(8, 4, 8), Err(FlashError::Unaligned { offset: 8, expected: 8 }));
    }

    #[test]
    fn the_bootloader_stays_as_it_is() {
        let touching = Area::new(Bank::Two, BOOTLOADERS[1].len() - PAGE_BYTES, 2 * PAGE_BYTES);
        for area in [BOOTLOADERS[0], BOOTLOADERS[1], touching] {
            assert_eq!(FlashArea::new(area).check_changeable(), Err(FlashError::Protected));
        }
        assert_eq!(FlashArea::new(SLOT_A).check_changeable(), Ok(()));
    }
}
