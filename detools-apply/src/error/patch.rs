//! Patches that are refused.

use core::fmt;

use super::{Class, CodecError};
use crate::number::Overlong;

/// A patch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchError {
    /// Sequential (0) where in place (1) is applied, or the other way around, or no patch.
    Kind {
        /// The type that is applied here.
        expected: u8,
        /// The patch's.
        got: u8,
    },
    /// A patch of type hdiffpatch, which only hosts apply.
    HdiffPatch,
    /// A compression that does not exist.
    Compression {
        /// Its number.
        got: u8,
    },
    /// A data-format block, which moves references before the delta is applied.
    DataFormat {
        /// Its number.
        got: i64,
    },
    /// A number that cannot be a length here.
    Number {
        /// The number.
        got: i64,
    },
    /// A number of more than 64 bits.
    Overlong,
    /// An op makes more than is left of the target or segment.
    TooLong {
        /// Bytes that are left.
        expected: u32,
        /// Bytes announced.
        got: u64,
    },
    /// The ops go on and on and make nothing.
    Endless {
        /// Most bytes of ops for such a target.
        expected: u64,
    },
    /// The patch ends within something.
    Truncated,
    /// Something follows the last op.
    TrailingData,
    /// A diff reads where no base is: another base, or a damaged patch.
    OutOfBase {
        /// Where it reads.
        got: i64,
        /// First byte that there is.
        start: u32,
        /// First byte after it.
        end: u32,
    },
    /// The target does not fit its slot, or memory and images of an in-place patch do not fit the flash.
    TooLarge {
        /// Bytes that the patch needs.
        expected: u32,
        /// Bytes that there are.
        got: u32,
    },
    /// Segments of an in-place patch are no whole pages of this flash, or its sizes no whole segments.
    Segment {
        /// What the size must be a multiple of.
        expected: u32,
        /// The size.
        got: u32,
    },
    /// The codec refuses the stream.
    Codec(CodecError),
}

impl From<CodecError> for PatchError {
    fn from(error: CodecError) -> Self {
        if error == CodecError::Truncated { Self::Truncated } else { Self::Codec(error) }
    }
}

impl From<Overlong> for PatchError {
    fn from(_: Overlong) -> Self {
        Self::Overlong
    }
}

impl PatchError {
    /// Stable number of the error, 160 to 191.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Kind { .. } => 160,
            Self::HdiffPatch => 161,
            Self::Compression { .. } => 162,
            Self::DataFormat { .. } => 163,
            Self::Number { .. } => 164,
            Self::Overlong => 165,
            Self::TooLong { .. } => 166,
            Self::Endless { .. } => 167,
            Self::Truncated | Self::Codec(CodecError::Truncated) => 168,
            Self::TrailingData => 169,
            Self::OutOfBase { .. } => 170,
            Self::TooLarge { .. } => 171,
            Self::Segment { .. } => 172,
            Self::Codec(CodecError::NotLinked { .. }) => 173,
            Self::Codec(CodecError::CrleKind { .. }) => 174,
            Self::Codec(CodecError::CrleLength) => 175,
            Self::Codec(CodecError::HeatshrinkParameters { .. }) => 176,
            Self::Codec(CodecError::Lzma) => 177,
            Self::Codec(CodecError::Window { .. }) => 178,
            Self::Codec(CodecError::Probabilities { .. }) => 179,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::OutOfBase { .. } => Class::Mismatch,
            Self::HdiffPatch
            | Self::DataFormat { .. }
            | Self::TooLarge { .. }
            | Self::Segment { .. }
            | Self::Codec(
                CodecError::NotLinked { .. }
                | CodecError::Window { .. }
                | CodecError::Probabilities { .. },
            ) => Class::Limit,
            Self::Kind { .. }
            | Self::Compression { .. }
            | Self::Number { .. }
            | Self::Overlong
            | Self::TooLong { .. }
            | Self::Endless { .. }
            | Self::Truncated
            | Self::TrailingData
            | Self::Codec(_) => Class::Malformed,
        }
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind { expected, got } => {
                write!(f, "expected a detools patch of type {expected}, found {got}")
            }
            Self::HdiffPatch => write!(f, "patches of type hdiffpatch are for hosts only"),
            Self::Compression { got } => write!(f, "expected compression 0 to 6, found {got}"),
            Self::DataFormat { got } => {
                write!(f, "expected no data-format block, found one of number {got}")
            }
            Self::Number { got } => write!(f, "expected a length, found {got}"),
            Self::Overlong => write!(f, "expected a number of at most 64 bits"),
            Self::TooLong { expected, got } => {
                write!(f, "expected an op of at most {expected} bytes, found {got}")
            }
            Self::Endless { expected } => {
                write!(f, "expected ops of at most {expected} bytes altogether")
            }
            Self::Truncated => write!(f, "the patch is cut off"),
            Self::TrailingData => write!(f, "something follows the last op of the patch"),
            Self::OutOfBase { got, start, end } => {
                write!(f, "expected to read the base within {start}..{end}, found {got}")
            }
            Self::TooLarge { expected, got } => {
                write!(f, "the patch needs {expected} bytes of flash, there are {got}")
            }
            Self::Segment { expected, got } => {
                write!(f, "expected a size that is a multiple of {expected}, found {got}")
            }
            Self::Codec(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PatchError {}
