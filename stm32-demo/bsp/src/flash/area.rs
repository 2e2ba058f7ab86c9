//! An area of flash behind `embedded-storage`.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use layout::{Area, BOOTLOADERS, PAGE_BYTES, SLOT_A, SLOT_B, WRITE_BYTES};

use super::place::Place;
use super::{FlashError, controller, pending, read};
use crate::bank::Mapping;

/// An area of a physical bank, wherever that is mapped. Offsets count from its start.
///
/// # Power loss
///
/// A double word that was being programmed, and every word of a page that was being erased, may read as before, as after,
/// as erased though it cannot be programmed, or not at all ([`FlashError::Ecc`]). When a call returns, what it wrote is in
/// flash, unless the area [posts](Self::posting).
#[derive(Debug)]
pub struct FlashArea {
    area: Area,
    posts: bool,
    /// The bootloader is never updated.
    changeable: bool,
}

impl FlashArea {
    /// `area`.
    #[must_use]
    pub const fn new(area: Area) -> Self {
        let [one, two] = BOOTLOADERS;
        Self { area, posts: false, changeable: !area.overlaps(&one) && !area.overlaps(&two) }
    }

    /// The same, whose erases and writes return when their last operation has begun: while that goes on, 82 µs a double
    /// word and 22 ms a page, the program does something else, if it runs from the other bank.
    ///
    /// The next operation of any area waits for it, and so does a read of the bank. Of how it went the next access to this
    /// area tells, before anything else is done, or [`flush`](Self::flush): an error may be that of the call before. One
    /// area of a program may post.
    ///
    /// # Power loss
    /// Operations happen in the order of the calls, of all areas, so what a later one left is never there without what an
    /// earlier one wrote. The last one may be under way when its call has returned: [`settle`](super::settle) before a reset,
    /// a swap of banks, or an answer that promises something.
    #[must_use]
    pub const fn posting(self) -> Self {
        Self { posts: true, ..self }
    }

    /// Waits until everything that was written is in flash.
    ///
    /// # Errors
    /// What became of the last operation, if it failed.
    pub fn flush(&mut self) -> Result<(), FlashError> {
        controller::flush(self.area)
    }

    /// At the end of an erase or a write.
    fn end(&mut self) -> Result<(), FlashError> {
        if !self.posts {
            self.flush()?;
        }
        Ok(())
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

    fn check_changeable(&self) -> Result<(), FlashError> {
        if self.changeable { Ok(()) } else { Err(FlashError::Protected) }
    }
}

impl ErrorType for FlashArea {
    type Error = FlashError;
}

impl ReadNorFlash for FlashArea {
    const READ_SIZE: usize = 1;

    #[inline]
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let start = self.locate(offset, bytes.len(), 1)?;
        if pending::concerns(self.area.bank()) {
            controller::flush_bank(self.area)?;
        }
        match read::read(Place::new(self.area.bank(), start), bytes) {
            None => Ok(()),
            Some(torn) => Err(FlashError::Ecc { bank: torn.bank(), offset: torn.offset() }),
        }
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
        for page in 0..len.checked_div(PAGE_BYTES).unwrap_or(0) {
            let offset = start.wrapping_add(page.wrapping_mul(PAGE_BYTES));
            controller::begin_erase(self.area, offset)?;
        }
        self.end()
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.check_changeable()?;
        let start = self.locate(offset, bytes.len(), WRITE_BYTES)?;
        let (units, _) = bytes.as_chunks();
        let mut offset = start;
        for unit in units {
            controller::begin_program(self.area, offset, *unit)?;
            offset = offset.wrapping_add(WRITE_BYTES);
        }
        self.end()
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
