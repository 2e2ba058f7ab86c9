//! Takes the bytes of a header one by one.

use super::header::MAX_HEADER_BYTES;
use super::{region, varint};
use crate::error::HeaderError;

/// Where the bytes of a header come from: an iterator, without all else that one can do.
pub(crate) trait Source {
    fn next_byte(&mut self) -> Option<u8>;
}

impl<I: Iterator<Item = u8>> Source for I {
    fn next_byte(&mut self) -> Option<u8> {
        self.next()
    }
}

/// The bytes of a header, counted.
///
/// What is wrong waits in [`Reader::error`], `None` only says that something is: a `Result` of it would be taken apart and
/// put together again at every call.
///
/// **Cost**: behind a trait object, so that a header parser exists once whatever it reads from.
pub(crate) struct Reader<'a> {
    source: &'a mut dyn Source,
    taken: usize,
    error: HeaderError,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a mut dyn Source) -> Self {
        Self { source, taken: 0, error: HeaderError::Incomplete }
    }

    /// Bytes taken so far.
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// The same, as small as it is: a header has at most [`MAX_HEADER_BYTES`].
    pub(crate) fn place(&self) -> u16 {
        u16::try_from(self.taken).unwrap_or(u16::MAX)
    }

    /// Why the last call gave `None`.
    pub(crate) fn error(&self) -> HeaderError {
        self.error
    }

    /// Gives up because of `error`.
    #[inline(never)]
    pub(crate) fn fail<T>(&mut self, error: HeaderError) -> Option<T> {
        self.error = error;
        None
    }

    /// Gives up because of `error` unless `legal`.
    pub(crate) fn check(&mut self, legal: bool, error: HeaderError) -> Option<()> {
        if legal { Some(()) } else { self.fail(error) }
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.check(self.taken < MAX_HEADER_BYTES, HeaderError::TooLong)?;
        let byte = self.source.next_byte()?;
        self.taken += 1;
        Some(byte)
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) -> Option<()> {
        for slot in bytes {
            *slot = self.byte()?;
        }
        Some(())
    }

    pub(crate) fn skip(&mut self, count: usize) -> Option<()> {
        for _ in 0..count {
            self.byte()?;
        }
        Some(())
    }

    pub(crate) fn varint(&mut self) -> Option<u32> {
        varint::read(self)
    }

    pub(crate) fn address(&mut self) -> Option<u32> {
        self.varint().map(region::address_of)
    }
}
