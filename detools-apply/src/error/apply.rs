//! Why a patch was not applied.

use core::fmt;

use super::{Class, PatchError};

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
