//! What can go wrong in an in-place update, and what to do about it.

use core::fmt;

use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::error::{DecodeError, Error, HeaderError, SetupError, TrustError};

use crate::Class;
use crate::apply::gate::Refusal;
use crate::error::Hex;
use crate::journal::JournalError;

/// Why an in-place update did not go on.
///
/// `P` is the error of the flash that holds the patch, `S` that of all other parts. Of the variants that say *before the first
/// erase*, the slot still holds what it held. [`InPlace`](super::InPlace) is poisoned: make a new one to go on.
///
/// [`class`](Self::class) says what to do next, [`code`](Self::code) is for telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InPlaceError<P, S> {
    /// The header is refused, before the first erase. [`HeaderError::Incomplete`]: what is stored is shorter than a header.
    Header(HeaderError),
    /// This device cannot decode the patch, before the first erase: ask for another one.
    Setup(SetupError),
    /// The body is refused. [`DecodeError::Check`] and [`DecodeError::Truncated`], before the first erase: what is stored is damaged.
    /// Others: who made the patch made it wrong, and the slot has to be restored.
    Decode(DecodeError),
    /// The patch is not trusted; before the first erase.
    Trust(TrustError),
    /// The patch is for a device with a slot for the target; before the first erase.
    NotInPlace,
    /// The patch is for pages of another size; before the first erase.
    Page {
        /// Bytes of a page of the patch's slot.
        expected: u32,
        /// Bytes of a page here.
        got: u32,
    },
    /// The patch is for a slot of another size; before the first erase.
    Slot {
        /// Bytes of the patch's slot.
        expected: u32,
        /// Bytes of the slot here.
        got: u32,
    },
    /// The patch needs a larger scratch; before the first erase.
    Scratch {
        /// Bytes of the patch's scratch.
        expected: u32,
        /// Bytes of the scratch here; 0 without one.
        got: u32,
    },
    /// The region for restart marks is too short, or there is none; before the first erase.
    MarksTooShort {
        /// Bytes of the smallest region, whole pages.
        expected: u32,
        /// Bytes of the region here.
        got: u32,
    },
    /// The slot holds another image than the patch was made for; before the first erase. If an update with another patch
    /// has begun, end that first.
    WrongBase {
        /// Start of the SHA-256 of the patch's base.
        expected: [u8; BASE_DIGEST_BYTES],
        /// Start of the SHA-256 of as many bytes of the slot.
        got: [u8; BASE_DIGEST_BYTES],
    },
    /// The update has begun, but the slot is not as its journals say: someone else wrote to one of them. Restore the slot.
    Lost,
    /// What the slot holds in the end is not the target: restore it, with the full image or a golden one.
    WrongTarget {
        /// Start of the SHA-256 of the target.
        expected: [u8; TARGET_DIGEST_BYTES],
        /// Start of the SHA-256 of what was read back.
        got: [u8; TARGET_DIGEST_BYTES],
    },
    /// The patch cannot be read. Go on; if it stays, store it again.
    PatchRead {
        /// Offset in the patch.
        offset: u32,
        /// The flash's own error.
        error: P,
    },
    /// The slot cannot be read. Go on; if it stays, the slot has to be restored.
    SlotRead {
        /// Offset in the slot.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// A page of the slot cannot be erased. Go on; if it stays, the page is worn out or protected.
    SlotErase {
        /// Offset in the slot.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// The slot cannot be written. Go on, which erases the page again.
    SlotWrite {
        /// Offset in the slot.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// The scratch cannot be read, erased or written. Go on; if it stays, its flash is worn out or protected.
    ScratchFlash {
        /// Offset in the scratch.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// The journal of steps cannot be used.
    Steps(JournalError<S>),
    /// The journal of marks cannot be read, erased or written. Go on; if it stays, its flash is worn out or protected.
    Marks {
        /// Offset in the region.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// It was used after an error.
    Poisoned {
        /// [`code`](Self::code) of that error.
        first: u16,
    },
    /// An invariant of this crate or of the decoder is broken: report it.
    Internal,
}

impl<P, S> InPlaceError<P, S> {
    /// Stable number of the error: those of [`HeaderError`], [`SetupError`], [`DecodeError`], [`TrustError`] and [`JournalError`], of
    /// [`ApplyError`](crate::ApplyError) where it says the same, else 128 to 143.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Header(error) => error.code(),
            Self::Setup(error) => error.code(),
            Self::Decode(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Steps(error) => error.code(),
            Self::WrongBase { .. } => 65,
            Self::WrongTarget { .. } => 67,
            Self::Poisoned { .. } => 72,
            Self::Internal => 73,
            Self::Marks { .. } => 76,
            Self::MarksTooShort { .. } => 77,
            Self::NotInPlace => 128,
            Self::Page { .. } => 129,
            Self::Slot { .. } => 130,
            Self::Scratch { .. } => 131,
            Self::Lost => 132,
            Self::PatchRead { .. } => 133,
            Self::SlotRead { .. } => 134,
            Self::SlotErase { .. } => 135,
            Self::SlotWrite { .. } => 136,
            Self::ScratchFlash { .. } => 137,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Header(error) => error.class().into(),
            Self::Setup(error) => error.class().into(),
            Self::Decode(error) => error.class().into(),
            Self::Trust(error) => error.class().into(),
            Self::Steps(error) => error.class(),
            Self::WrongBase { .. }
            | Self::NotInPlace
            | Self::Page { .. }
            | Self::Slot { .. }
            | Self::Lost => Class::Mismatch,
            Self::Scratch { .. } | Self::MarksTooShort { .. } => Class::Limit,
            Self::WrongTarget { .. } => Class::Malformed,
            Self::PatchRead { .. }
            | Self::SlotRead { .. }
            | Self::SlotErase { .. }
            | Self::SlotWrite { .. }
            | Self::ScratchFlash { .. }
            | Self::Marks { .. } => Class::Flash,
            Self::Poisoned { .. } | Self::Internal => Class::Bug,
        }
    }
}

impl<P, S> From<Refusal> for InPlaceError<P, S> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Header(error) => Self::Header(error),
            Refusal::Setup(error) => Self::Setup(error),
            Refusal::Decode(error) => Self::Decode(error),
            Refusal::Trust(error) => Self::Trust(error),
            // Blocks are checked as they end, and no patch was authenticated before.
            Refusal::BlockTooLong { .. } | Refusal::Swapped => Self::Internal,
        }
    }
}

impl<P, S> From<SetupError> for InPlaceError<P, S> {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl<P, S> From<DecodeError> for InPlaceError<P, S> {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl<P, S> From<JournalError<S>> for InPlaceError<P, S> {
    fn from(error: JournalError<S>) -> Self {
        Self::Steps(error)
    }
}

impl<P, S> From<Error<Self>> for InPlaceError<P, S> {
    fn from(error: Error<Self>) -> Self {
        match error {
            Error::Patch(error) => Self::Decode(error),
            Error::Images(error) => error,
        }
    }
}

impl<P: fmt::Debug, S: fmt::Debug> fmt::Display for InPlaceError<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::Setup(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Trust(error) => error.fmt(f),
            Self::Steps(error) => write!(f, "the journal of steps: {error}"),
            Self::NotInPlace => {
                write!(f, "the patch writes its target to a slot of its own, not in place")
            }
            Self::Page { expected, got } => {
                write!(f, "the patch is for pages of {expected} bytes, the slot has pages of {got}")
            }
            Self::Slot { expected, got } => {
                write!(f, "the patch is for a slot of {expected} bytes, this one has {got}")
            }
            Self::Scratch { expected, got } => {
                write!(f, "the patch needs a scratch of {expected} bytes, this one has {got}")
            }
            Self::MarksTooShort { expected, got } => {
                write!(f, "restart marks take a region of {expected} bytes, this one has {got}")
            }
            Self::WrongBase { expected, got } => write!(
                f,
                "the patch is for the base with SHA-256 {}…, the slot holds {}…",
                Hex(expected),
                Hex(got)
            ),
            Self::Lost => write!(f, "the slot is not as the journals of the update say"),
            Self::WrongTarget { expected, got } => write!(
                f,
                "expected a target with SHA-256 {}…, read back {}…",
                Hex(expected),
                Hex(got)
            ),
            Self::PatchRead { offset, error } => {
                write!(f, "reading the patch at {offset:#x} failed: {error:?}")
            }
            Self::SlotRead { offset, error } => {
                write!(f, "reading the slot at {offset:#x} failed: {error:?}")
            }
            Self::SlotErase { offset, error } => {
                write!(f, "erasing the slot at {offset:#x} failed: {error:?}")
            }
            Self::SlotWrite { offset, error } => {
                write!(f, "writing the slot at {offset:#x} failed: {error:?}")
            }
            Self::ScratchFlash { offset, error } => {
                write!(f, "the scratch failed at {offset:#x}: {error:?}")
            }
            Self::Marks { offset, error } => {
                write!(f, "the region for restart marks failed at {offset:#x}: {error:?}")
            }
            Self::Poisoned { first } => write!(f, "the update was used after error {first}"),
            Self::Internal => write!(f, "an invariant of the update is broken"),
        }
    }
}

impl<P: fmt::Debug, S: fmt::Debug> core::error::Error for InPlaceError<P, S> {}
