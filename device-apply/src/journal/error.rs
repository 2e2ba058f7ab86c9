//! Why a journal could not be used.

use core::fmt;

use crate::Class;

/// Why a journal could not be opened or written. What it held before, it still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError<E> {
    /// The region has less than two pages: give it more.
    TooSmall {
        /// Bytes of two pages.
        expected: u32,
        /// Bytes of the region.
        got: u32,
    },
    /// No place of the region takes a record, and this is what the flash said last: worn out, protected, or power is failing.
    Flash {
        /// Offset in the region.
        offset: u32,
        /// The flash's own error.
        error: E,
    },
    /// No place of the region takes a record, and the flash reported no error: what was written reads back otherwise.
    Worn,
    /// The sequence numbers are used up, which no flash lives to see: the region holds what no journal wrote. Erase it.
    Exhausted,
}

impl<E> JournalError<E> {
    /// Stable number of the error, 112 to 127.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::TooSmall { .. } => 112,
            Self::Flash { .. } => 113,
            Self::Worn => 114,
            Self::Exhausted => 115,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::TooSmall { .. } => Class::Bug,
            Self::Flash { .. } | Self::Worn | Self::Exhausted => Class::Flash,
        }
    }
}

impl<E: fmt::Debug> fmt::Display for JournalError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSmall { expected, got } => {
                write!(f, "a journal needs {expected} bytes of flash, its region has {got}")
            }
            Self::Flash { offset, error } => {
                write!(
                    f,
                    "no place of the journal can be written, the last one at {offset:#x}: {error:?}"
                )
            }
            Self::Worn => write!(f, "no place of the journal reads back what was written"),
            Self::Exhausted => {
                write!(f, "the journal has no sequence number left: erase its region")
            }
        }
    }
}

impl<E: fmt::Debug> core::error::Error for JournalError<E> {}
