//! Takes the bytes of a header one by one.

use super::header::MAX_HEADER_BYTES;
use super::varint;
use crate::error::HeaderError;

/// The bytes of a header, counted.
///
/// **Cost**: behind a trait object, so that a header parser exists once whatever it reads from.
pub(crate) struct Reader<'a> {
    next: &'a mut dyn FnMut() -> Option<u8>,
    taken: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(next: &'a mut dyn FnMut() -> Option<u8>) -> Self {
        Self { next, taken: 0 }
    }

    /// Bytes taken so far.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    pub(crate) fn byte(&mut self) -> Result<u8, HeaderError> {
        if self.taken >= MAX_HEADER_BYTES {
            return Err(HeaderError::TooLong);
        }
        let byte = (self.next)().ok_or(HeaderError::Incomplete)?;
        self.taken += 1;
        Ok(byte)
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), HeaderError> {
        for slot in bytes {
            *slot = self.byte()?;
        }
        Ok(())
    }

    pub(crate) fn varint(&mut self) -> Result<u32, HeaderError> {
        varint::read(|| self.byte())
    }

    pub(crate) fn address(&mut self) -> Result<u32, HeaderError> {
        self.varint().map(u32::swap_bytes)
    }
}
