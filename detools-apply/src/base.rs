//! Base bytes, read a few at a time.

use embedded_storage::nor_flash::ReadNorFlash;

use crate::error::{Flash, FlashError, PatchError};

/// Bytes read at once, and largest read unit that is served.
pub(crate) const READ_BYTES: usize = 32;

/// Where a base is read next, and the last bytes that were read of it.
///
/// In place they are never stale: what a step reads lies behind all that it and earlier ones wrote.
#[derive(Clone, Debug)]
pub(crate) struct Base {
    bytes: [u8; READ_BYTES],
    start: u32,
    len: usize,
    cursor: i64,
}

impl Base {
    pub(crate) fn new() -> Self {
        Self { bytes: [0; READ_BYTES], start: 0, len: 0, cursor: 0 }
    }

    /// Goes on at `offset`.
    pub(crate) fn seek(&mut self, offset: u32) {
        self.cursor = i64::from(offset);
    }

    /// Moves the cursor.
    pub(crate) fn jump(&mut self, by: i64) {
        self.cursor = self.cursor.saturating_add(by);
    }

    /// The offset at the cursor, which moves on; an error unless `start` to `end` is where the base is.
    pub(crate) fn advance(&mut self, start: u32, end: u32) -> Result<u32, PatchError> {
        let got = self.cursor;
        let offset = u32::try_from(got).ok().filter(|offset| (start..end).contains(offset));
        let offset = offset.ok_or(PatchError::OutOfBase { got, start, end })?;
        self.jump(1);
        Ok(offset)
    }

    /// The byte at `offset` of `flash`; no byte from `end` on is read, but for the rest of a read unit.
    pub(crate) fn byte<F: ReadNorFlash>(
        &mut self,
        flash: &mut F,
        offset: u32,
        end: u32,
    ) -> Result<u8, FlashError<F::Error>> {
        let within = |base: &Self| {
            let index = offset.checked_sub(base.start)? as usize;
            base.bytes.get(..base.len)?.get(index).copied()
        };
        if let Some(byte) = within(self) {
            return Ok(byte);
        }
        let unit = u32::try_from(F::READ_SIZE).unwrap_or(1).max(1);
        let start = offset.saturating_sub(offset.checked_rem(unit).unwrap_or(0));
        let wanted = end.saturating_sub(start) as usize;
        let whole = READ_BYTES.saturating_sub(READ_BYTES.checked_rem(F::READ_SIZE).unwrap_or(0));
        let len = wanted.next_multiple_of(F::READ_SIZE.max(1)).min(whole);
        (self.start, self.len) = (start, 0);
        let bytes = self.bytes.get_mut(..len).unwrap_or_default();
        let read = |error| FlashError { offset: start, operation: Flash::Read, error };
        flash.read(start, bytes).map_err(read)?;
        self.len = len;
        Ok(within(self).unwrap_or(0))
    }
}
