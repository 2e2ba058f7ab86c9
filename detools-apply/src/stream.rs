//! The decoded bytes of one patch, as many as a sane one has.

use crate::codec::{Codec, Step};
use crate::error::PatchError;
use crate::header::Compression;
use crate::input::Input;

/// Input and codec.
#[derive(Debug)]
pub(crate) struct Stream<C> {
    pub(crate) input: Input,
    codec: C,
    /// Decoded bytes that may still come.
    left: u64,
    limit: u64,
}

impl<C: Codec> Stream<C> {
    pub(crate) fn new(codec: C) -> Self {
        Self { input: Input::new(), codec, left: 0, limit: 0 }
    }

    /// Begins to decode; at most `limit` bytes. With a limit of 0 there is no coded stream.
    pub(crate) fn open(&mut self, compression: Compression, limit: u64) -> Result<(), PatchError> {
        self.codec.open(compression)?;
        (self.left, self.limit) = (limit, limit);
        Ok(())
    }

    /// The next decoded byte; `None` if more of the patch is needed.
    pub(crate) fn byte(&mut self) -> Result<Option<u8>, PatchError> {
        match self.codec.byte(&mut self.input)? {
            Step::Byte(byte) => {
                let left = self.left.checked_sub(1);
                self.left = left.ok_or(PatchError::Endless { expected: self.limit })?;
                Ok(Some(byte))
            }
            Step::Starved => Ok(None),
            Step::End => Err(PatchError::Truncated),
        }
    }

    /// Whether the patch ends here; `None` if more of it is needed to know.
    pub(crate) fn ends(&mut self) -> Result<Option<()>, PatchError> {
        if self.limit == 0 {
            return self.is_over();
        }
        match self.codec.byte(&mut self.input)? {
            Step::Starved => Ok(None),
            // A codec with an end mark does not look for what is behind it.
            Step::End => self.is_over(),
            Step::Byte(_) => Err(PatchError::TrailingData),
        }
    }

    fn is_over(&self) -> Result<Option<()>, PatchError> {
        if self.input.exhausted() {
            Ok(Some(()))
        } else if self.input.available() > 0 {
            Err(PatchError::TrailingData)
        } else {
            Ok(None)
        }
    }
}

/// Most bytes of the delta of a target: ops that make nothing must end somewhere.
pub(crate) fn delta_limit(target_len: u32, segments: u32) -> u64 {
    let ops = u64::from(target_len).saturating_mul(16).saturating_add(1 << 16);
    ops.saturating_add(u64::from(segments).saturating_mul(16))
}
