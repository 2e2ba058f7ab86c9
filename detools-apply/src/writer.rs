//! Target bytes on their way into flash.

use embedded_storage::nor_flash::NorFlash;

use crate::error::{Flash, FlashError};

/// Most bytes programmed by one call of the driver, and largest write unit that is served.
pub(crate) const BUFFER_BYTES: usize = 32;

/// Collects bytes, erases page by page just before the first write into a page, and programs whole write units.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    buffer: [u8; BUFFER_BYTES],
    held: usize,
    /// Where the buffer goes.
    at: u32,
    /// Flash before this is erased.
    erased: u32,
    pub(crate) erased_value: u8,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { buffer: [0; BUFFER_BYTES], held: 0, at: 0, erased: 0, erased_value: 0xFF }
    }

    /// Goes on at `at`, which is the start of a page.
    pub(crate) fn seek(&mut self, at: u32) {
        (self.held, self.at, self.erased) = (0, at, at);
    }

    /// Takes a byte.
    pub(crate) fn push<F: NorFlash>(
        &mut self,
        flash: &mut F,
        byte: u8,
    ) -> Result<(), FlashError<F::Error>> {
        if let Some(slot) = self.buffer.get_mut(self.held) {
            *slot = byte;
        }
        self.held = self.held.saturating_add(1);
        if self.held >= batch::<F>() { self.program(flash) } else { Ok(()) }
    }

    /// Writes what is left, filled up to a write unit with erased bytes.
    pub(crate) fn flush<F: NorFlash>(&mut self, flash: &mut F) -> Result<(), FlashError<F::Error>> {
        if self.held > 0 { self.program(flash) } else { Ok(()) }
    }

    fn program<F: NorFlash>(&mut self, flash: &mut F) -> Result<(), FlashError<F::Error>> {
        let len = self.held.next_multiple_of(F::WRITE_SIZE.max(1)).min(BUFFER_BYTES);
        self.buffer.get_mut(self.held..len).unwrap_or_default().fill(self.erased_value);
        let offset = self.at;
        let end = offset.saturating_add(u32::try_from(len).unwrap_or(u32::MAX));
        while self.erased < end {
            let (offset, page) = (self.erased, u32::try_from(F::ERASE_SIZE).unwrap_or(u32::MAX));
            let next = offset.saturating_add(page.max(1));
            let erase = |error| FlashError { offset, operation: Flash::Erase, error };
            flash.erase(offset, next).map_err(erase)?;
            self.erased = next;
        }
        let units = self.buffer.get(..len).unwrap_or_default();
        let write = |error| FlashError { offset, operation: Flash::Write, error };
        flash.write(offset, units).map_err(write)?;
        (self.at, self.held) = (end, 0);
        Ok(())
    }
}

/// Bytes programmed at once: as many write units as the buffer holds.
const fn batch<F: NorFlash>() -> usize {
    match BUFFER_BYTES.checked_rem(F::WRITE_SIZE) {
        Some(rest) => BUFFER_BYTES.saturating_sub(rest),
        None => BUFFER_BYTES,
    }
}
