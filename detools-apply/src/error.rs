//! What can go wrong, and what to do about it.

use core::fmt;

use crate::header::Compression;
use crate::number::Overlong;

/// What the caller should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A rule of the API was broken: report it.
    Bug,
    /// A flash operation failed: try again, then give up and report.
    Flash,
    /// The patch needs more than this device offers, or something that it lacks: ask for another one.
    Limit,
    /// The patch is damaged: discard it and download it again.
    Malformed,
    /// The patch is for another base: ask for the right one.
    Mismatch,
}

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

/// A flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flash {
    /// Reading.
    Read,
    /// Erasing a page.
    Erase,
    /// Writing.
    Write,
}

/// A flash operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashError<E> {
    /// Where.
    pub offset: u32,
    /// What.
    pub operation: Flash,
    /// The flash's own error.
    pub error: E,
}

/// Why a patch was not applied.
///
/// `B` and `T` are errors of the flash that is read as base and written as target, or of the memory that is both and of the
/// steps' keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyError<B, T> {
    /// The patch is refused.
    Patch(PatchError),
    /// The base failed; in place, the memory.
    Base(FlashError<B>),
    /// The target failed.
    Target(FlashError<T>),
    /// The steps cannot be read or kept.
    Steps(T),
    /// The applier was used after an error.
    Poisoned {
        /// [`code`](Self::code) of that error.
        first: u16,
    },
}

impl<B, T> ApplyError<B, T> {
    /// Stable number of the error: those of [`PatchError::code`], and 192 to 195.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Patch(error) => error.code(),
            Self::Base(_) => 192,
            Self::Target(_) => 193,
            Self::Steps(_) => 194,
            Self::Poisoned { .. } => 195,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Patch(error) => error.class(),
            Self::Base(_) | Self::Target(_) | Self::Steps(_) => Class::Flash,
            Self::Poisoned { .. } => Class::Bug,
        }
    }
}

impl<B, T> From<PatchError> for ApplyError<B, T> {
    fn from(error: PatchError) -> Self {
        Self::Patch(error)
    }
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

impl<B: fmt::Debug, T: fmt::Debug> fmt::Display for ApplyError<B, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patch(error) => error.fmt(f),
            Self::Base(FlashError { offset, operation, error }) => {
                write!(f, "{operation:?} of the base at {offset:#x} failed: {error:?}")
            }
            Self::Target(FlashError { offset, operation, error }) => {
                write!(f, "{operation:?} of the target at {offset:#x} failed: {error:?}")
            }
            Self::Steps(error) => write!(f, "steps cannot be kept: {error:?}"),
            Self::Poisoned { first } => write!(f, "the applier was used after error {first}"),
        }
    }
}

impl<B: fmt::Debug, T: fmt::Debug> core::error::Error for ApplyError<B, T> {}
