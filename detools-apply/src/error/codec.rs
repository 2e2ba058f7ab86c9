//! Streams that a codec refuses.

use core::fmt;

use crate::header::Compression;

/// A coded stream is refused by its codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// The device links no decoder of this codec.
    NotLinked {
        /// The codec.
        got: Compression,
    },
    /// The patch ends within something.
    Truncated,
    /// A segment of CRLE that is neither scattered nor repeated.
    CrleKind {
        /// Its kind.
        got: u8,
    },
    /// A segment of CRLE of 2^64 bytes or more.
    CrleLength,
    /// heatshrink with parameters that cannot be.
    HeatshrinkParameters {
        /// The byte that tells them.
        got: u8,
    },
    /// Bytes that are no LZMA.
    Lzma,
    /// The window is larger than the memory for it.
    Window {
        /// Bytes that the patch asks for.
        expected: u32,
        /// Bytes that there are.
        got: u32,
    },
    /// LZMA's probabilities are more than there is memory for.
    Probabilities {
        /// Words that the patch asks for.
        expected: u32,
        /// Words that there are.
        got: u32,
    },
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLinked { got } => write!(f, "no decoder for {got:?} is linked"),
            Self::Truncated => write!(f, "the patch is cut off"),
            Self::CrleKind { got } => {
                write!(f, "expected a CRLE segment of kind 0 or 1, found {got}")
            }
            Self::CrleLength => write!(f, "expected a CRLE segment of less than 2^64 bytes"),
            Self::HeatshrinkParameters { got } => {
                write!(f, "expected heatshrink parameters, found {got:#04x}")
            }
            Self::Lzma => write!(f, "expected LZMA data, found something else"),
            Self::Window { expected, got } => {
                write!(f, "the patch needs a window of {expected} bytes, there are {got}")
            }
            Self::Probabilities { expected, got } => {
                write!(f, "the patch needs {expected} words of probabilities, there are {got}")
            }
        }
    }
}

impl core::error::Error for CodecError {}
