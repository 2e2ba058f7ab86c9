//! Flash with the geometry of an STM32L4.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use crate::memory::Memory;

/// A range of memory as flash.
pub struct Slot(pub Memory);

/// Outside the range.
#[derive(Debug)]
pub struct OutOfRange;

impl NorFlashError for OutOfRange {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for Slot {
    type Error = OutOfRange;
}

impl ReadNorFlash for Slot {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfRange> {
        self.0.read(offset, bytes).then_some(()).ok_or(OutOfRange)
    }

    fn capacity(&self) -> usize {
        self.0.len
    }
}

impl NorFlash for Slot {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 2048;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), OutOfRange> {
        let erased = (from..to).all(|offset| self.0.write(offset, &[0xFF]));
        erased.then_some(()).ok_or(OutOfRange)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfRange> {
        self.0.write(offset, bytes).then_some(()).ok_or(OutOfRange)
    }
}
