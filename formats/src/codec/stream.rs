//! A coded stream that is read piece by piece, with an end to its length.

use std::io::ErrorKind;

use super::{Compression, Decoder};
use crate::{Error, Limits, varint};

/// The decoded bytes of one coded stream.
pub(crate) struct Stream<'a> {
    decoder: Box<dyn Decoder + 'a>,
    compression: Compression,
    /// Bytes that may still be read.
    left: u64,
    limit: u64,
}

impl core::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stream").field("compression", &self.compression).finish_non_exhaustive()
    }
}

impl<'a> Stream<'a> {
    /// Opens `bytes`; at most `limit` decoded bytes are read.
    pub(crate) fn open(
        compression: Compression,
        bytes: &'a [u8],
        limits: &Limits,
        limit: u64,
    ) -> Result<Self, Error> {
        let decoder = compression.open(bytes, limits)?;
        Ok(Self { decoder, compression, left: limit, limit })
    }

    /// Fills `bytes`; `expected` names them in errors.
    pub(crate) fn fill(&mut self, bytes: &mut [u8], expected: &'static str) -> Result<(), Error> {
        let len = bytes.len() as u64;
        self.left = self.left.checked_sub(len).ok_or(Error::Endless { expected: self.limit })?;
        self.decoder.read_exact(bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Error::Truncated { expected },
            _ => self.refused(&error),
        })
    }

    /// One signed number.
    pub(crate) fn number(&mut self, field: &'static str) -> Result<i64, Error> {
        varint::signed(field, || {
            let mut byte = [0];
            self.fill(&mut byte, field).map(|()| byte[0])
        })
    }

    /// One signed number that is a length.
    pub(crate) fn length(&mut self, field: &'static str) -> Result<u64, Error> {
        let found = self.number(field)?;
        u64::try_from(found).map_err(|_| Error::Number { expected: field, found })
    }

    /// Checks that nothing is left.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        match self.decoder.read(&mut [0]) {
            Ok(0) if self.decoder.unread() == 0 => Ok(()),
            Ok(_) => Err(Error::TrailingData),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                Err(Error::Truncated { expected: "the end mark of the compressed data" })
            }
            Err(error) => Err(self.refused(&error)),
        }
    }

    fn refused(&self, error: &std::io::Error) -> Error {
        Error::Codec { compression: self.compression, detail: error.to_string() }
    }
}
