//! Memory that is read like flash.

use core::convert::Infallible;

use embedded_storage::nor_flash::{ErrorType, ReadNorFlash};

/// Bytes that are read like flash of byte granularity: a patch that is stored somewhere.
///
/// # Panics
/// A read behind the last byte panics: a caller has to know the capacity.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a>(pub &'a [u8]);

impl ErrorType for Stored<'_> {
    type Error = Infallible;
}

impl ReadNorFlash for Stored<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}
