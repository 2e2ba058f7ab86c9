//! Flash handles that a state can be compared through.

use core::cell::Cell;
use core::fmt;
use core::ops::Range;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// Counts accesses to a range of some flash, and says nothing when it is printed: what is in flash is compared as flash.
pub(super) struct Watched<'a, F> {
    flash: F,
    range: Range<u32>,
    touched: &'a Cell<u64>,
}

impl<'a, F> Watched<'a, F> {
    /// Watches `range` of `flash`.
    pub(super) fn new(flash: F, range: Range<u32>, touched: &'a Cell<u64>) -> Self {
        Self { flash, range, touched }
    }

    fn touch(&self, from: u32, to: u32) {
        if from < self.range.end && self.range.start < to {
            self.touched.set(self.touched.get() + 1);
        }
    }
}

impl<F> fmt::Debug for Watched<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("flash")
    }
}

impl<F: ErrorType> ErrorType for Watched<'_, F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> ReadNorFlash for Watched<'_, F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.touch(offset, end(offset, bytes));
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: NorFlash> NorFlash for Watched<'_, F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        self.touch(from, to);
        self.flash.erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        self.touch(offset, end(offset, bytes));
        self.flash.write(offset, bytes)
    }
}

fn end(offset: u32, bytes: &[u8]) -> u32 {
    offset.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}
