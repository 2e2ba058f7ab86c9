//! A slot of a device, with the flash traits.

use core::ops::Range;

use embedded_storage::nor_flash::{ErrorType, MultiwriteNorFlash, NorFlash, ReadNorFlash};

use crate::cells::{address_of, index};
use crate::model::fits;
use crate::{FlashError, FlashModel, MultiwritePart, Part};

/// A part of a device: offsets count from its start.
///
/// It borrows the [`FlashModel`], and so do any number of others: a base slot is read while
/// the staging slot is written.
#[derive(Clone, Debug)]
pub struct Slot<'a, P> {
    flash: &'a FlashModel<P>,
    start: u32,
    len: u32,
}

impl<'a, P: Part> Slot<'a, P> {
    pub(crate) fn new(flash: &'a FlashModel<P>, range: Range<u32>) -> Self {
        let Range { start, end } = range;
        let page = P::GEOMETRY.erase_bytes();
        assert!(
            start <= end && end <= flash.size(),
            "slot outside the device: {start:#x}..{end:#x}"
        );
        assert!(
            start.is_multiple_of(page) && end.is_multiple_of(page),
            "slot not aligned to {page:#x}: {start:#x}..{end:#x}"
        );
        Self { flash, start, len: end - start }
    }

    /// Where the slot lies in the device.
    #[must_use]
    pub const fn range(&self) -> Range<u32> {
        self.start..self.start + self.len
    }

    /// The device.
    #[must_use]
    pub const fn flash(&self) -> &'a FlashModel<P> {
        self.flash
    }

    /// Puts an image at the start of the slot, as [`FlashModel::load`] does.
    ///
    /// # Panics
    ///
    /// If it does not fit.
    pub fn load(&self, image: &[u8]) {
        assert!(image.len() <= index(self.len), "{} bytes do not fit the slot", image.len());
        self.flash.load(self.start, image);
    }

    /// What the first `len` bytes of the slot hold, as [`FlashModel::dump`] sees it.
    ///
    /// # Errors
    ///
    /// `Ecc` if a write unit is poisoned, `OutOfBounds` if the slot is shorter.
    pub fn dump(&self, len: usize) -> Result<Vec<u8>, FlashError> {
        if !fits(0, len, self.len) {
            return Err(FlashError::OutOfBounds { offset: 0, len, size: self.len });
        }
        self.flash.dump(self.start..self.start + address_of(len))
    }
}

impl<P: Part> ErrorType for Slot<'_, P> {
    type Error = FlashError;
}

impl<P: Part> ReadNorFlash for Slot<'_, P> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.flash.check_access(offset, bytes.len(), 1, self.len)?;
        self.flash.read(self.start + offset, bytes)
    }

    fn capacity(&self) -> usize {
        index(self.len)
    }
}

impl<P: Part> NorFlash for Slot<'_, P> {
    const WRITE_SIZE: usize = P::GEOMETRY.write_bytes() as usize;
    const ERASE_SIZE: usize = P::GEOMETRY.erase_bytes() as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        self.flash.check_range(from, to, P::GEOMETRY.erase_bytes(), self.len)?;
        self.flash.erase(self.start + from..self.start + to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.flash.check_access(offset, bytes.len(), P::GEOMETRY.write_bytes(), self.len)?;
        self.flash.program(self.start + offset, bytes)
    }
}

impl<P: MultiwritePart> MultiwriteNorFlash for Slot<'_, P> {}
