//! What stands before the coded stream.
//!
//! ```text
//! type:4 compression:4     then signed numbers:
//! sequential   target length
//! in place     memory size, segment size, shift size, base length, target length
//! ```
//!
//! **Reference**: detools 0.53.

use crate::error::PatchError;
use crate::number::Number;

/// How a patch is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// From one slot to another.
    Sequential,
    /// Within one memory.
    InPlace,
}

impl Kind {
    const fn id(self) -> u8 {
        match self {
            Self::Sequential => 0,
            Self::InPlace => 1,
        }
    }

    const fn numbers(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::InPlace => 5,
        }
    }
}

/// Type of patches that are only applied on hosts.
const HDIFFPATCH: u8 = 2;

/// A codec, by its number in patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Bytes as they are.
    None,
    /// LZMA.
    Lzma,
    /// CRLE.
    Crle,
    /// bzip2: hosts only.
    Bz2,
    /// heatshrink.
    Heatshrink,
    /// Zstandard: hosts only.
    Zstd,
    /// LZ4: hosts only.
    Lz4,
}

impl Compression {
    const fn of_id(id: u8) -> Option<Self> {
        Some(match id {
            0 => Self::None,
            1 => Self::Lzma,
            2 => Self::Crle,
            3 => Self::Bz2,
            4 => Self::Heatshrink,
            5 => Self::Zstd,
            6 => Self::Lz4,
            _ => return None,
        })
    }
}

/// A whole header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) compression: Compression,
    pub(crate) numbers: [u32; 5],
}

/// A header as far as it has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeaderReader {
    kind: Kind,
    compression: Option<Compression>,
    numbers: [u32; 5],
    count: usize,
    number: Number,
}

impl HeaderReader {
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, compression: None, numbers: [0; 5], count: 0, number: Number::default() }
    }

    /// Takes a byte; the header once it is whole.
    pub(crate) fn feed(&mut self, byte: u8) -> Result<Option<Header>, PatchError> {
        let Some(compression) = self.compression else {
            let (got, expected) = (byte >> 4, self.kind.id());
            if got == HDIFFPATCH {
                return Err(PatchError::HdiffPatch);
            }
            if got != expected {
                return Err(PatchError::Kind { expected, got });
            }
            let id = byte & 0xF;
            let compression = Compression::of_id(id).ok_or(PatchError::Compression { got: id })?;
            self.compression = Some(compression);
            return Ok(None);
        };
        let Some(number) = self.number.feed(byte)? else { return Ok(None) };
        let number = u32::try_from(number).map_err(|_| PatchError::Number { got: number })?;
        if let Some(slot) = self.numbers.get_mut(self.count) {
            *slot = number;
        }
        self.count = self.count.saturating_add(1);
        let whole = self.count == self.kind.numbers();
        Ok(whole.then_some(Header { compression, numbers: self.numbers }))
    }
}
