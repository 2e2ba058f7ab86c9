//! What can go wrong while a patch is applied, and what to do about it.

use core::fmt;

use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::error::{Class as CoreClass, DecodeError, HeaderError, SetupError, TrustError};

use crate::apply::gate::Refusal;

/// What the caller should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A rule of the API or an invariant of this crate was broken: report it.
    Bug,
    /// A flash operation failed: apply again from the beginning, then give up and report.
    Flash,
    /// The patch needs more than this device offers: ask for another one.
    Limit,
    /// The patch is damaged or hostile: discard it and download it again.
    Malformed,
    /// The patch is for another base image: ask for the right one, or for the full image.
    Mismatch,
    /// The patch is not from whom it should be, or not for this device: discard it and report.
    Untrusted,
}

impl Class {
    const ALL: [Self; 6] =
        [Self::Bug, Self::Flash, Self::Limit, Self::Malformed, Self::Mismatch, Self::Untrusted];

    /// Stable number: in flash, in the C API and for telemetry.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Bug => 0,
            Self::Flash => 1,
            Self::Limit => 2,
            Self::Malformed => 3,
            Self::Mismatch => 4,
            Self::Untrusted => 5,
        }
    }

    /// The class of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.number() == number)
    }
}

impl From<CoreClass> for Class {
    fn from(class: CoreClass) -> Self {
        match class {
            CoreClass::Malformed => Self::Malformed,
            CoreClass::Mismatch => Self::Mismatch,
            CoreClass::Limit => Self::Limit,
            CoreClass::Bug => Self::Bug,
            CoreClass::Untrusted => Self::Untrusted,
        }
    }
}

/// Why a patch was not applied.
///
/// `B` and `S` are the errors of the flash that holds the base slot and the staging slot. Whatever
/// the variant, the target was not accepted, the base slot was not written, and the
/// [`Applier`](crate::Applier) is poisoned: make a new one to try again.
///
/// [`class`](Self::class) says what to do next, [`code`](Self::code) is for telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyError<B, S> {
    /// The header is refused. The staging slot was not touched. [`HeaderError::class`] says what
    /// to do; [`HeaderError::Incomplete`] means that the patch ended inside its header.
    Header(HeaderError),
    /// This device cannot decode the patch: another one must be asked for. The staging slot was not touched.
    Setup(SetupError),
    /// The body is refused: discard the patch.
    Decode(DecodeError),
    /// The patch is not trusted. Unless it is [`TrustError::Body`], the staging slot was not touched.
    Trust(TrustError),
    /// A block of the patch, or its body that is not cut into blocks, is longer than the buffer where it waits until it is
    /// checked: ask for a patch with shorter blocks, or store it. The staging slot was not touched.
    BlockTooLong {
        /// Bytes of the block.
        expected: u32,
        /// Bytes of the buffer.
        got: u32,
    },
    /// The patch is not the one that was authenticated before: someone changed what was stored. The staging slot was not
    /// touched.
    Swapped,
    /// The base slot is smaller than the base image of the patch: the patch is for another base
    /// or another device. The staging slot was not touched.
    BaseTooLong {
        /// Bytes of the base image.
        expected: u32,
        /// Bytes of the base slot.
        got: u32,
    },
    /// The base slot holds another image than the patch was made for: ask for the patch from the
    /// image that is there, or for the full image. The staging slot was not touched.
    WrongBase {
        /// Start of the SHA-256 of the patch's base.
        expected: [u8; BASE_DIGEST_BYTES],
        /// Start of the SHA-256 of as many bytes of the base slot.
        got: [u8; BASE_DIGEST_BYTES],
    },
    /// The target does not fit the staging slot, which was not touched: this device cannot hold
    /// the image.
    TargetTooLong {
        /// Bytes of the target, in whole pages.
        expected: u32,
        /// Bytes of the staging slot.
        got: u32,
    },
    /// What the staging slot holds is not the target: the patch was damaged, or the flash did not
    /// keep what was written. Download and apply again; if the same patch fails twice, ask for
    /// another.
    WrongTarget {
        /// Start of the SHA-256 of the target.
        expected: [u8; TARGET_DIGEST_BYTES],
        /// Start of the SHA-256 of what was read back.
        got: [u8; TARGET_DIGEST_BYTES],
    },
    /// The base slot cannot be read. Apply again; if it stays, the running image is damaged: report.
    BaseRead {
        /// Offset in the base slot.
        offset: u32,
        /// The flash's own error.
        error: B,
    },
    /// The staging slot cannot be read back. Apply again, which erases it.
    StagingRead {
        /// Offset in the staging slot.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// A page of the staging slot cannot be erased. Apply again; if it stays, the page is worn out or
    /// protected.
    StagingErase {
        /// Offset in the staging slot.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// The staging slot cannot be written. Apply again, which erases it.
    StagingWrite {
        /// Offset in the staging slot.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// The region for restart marks cannot be read, erased or written. Apply again; if it stays, its flash is worn out or
    /// protected.
    Journal {
        /// Offset in the region.
        offset: u32,
        /// The flash's own error.
        error: S,
    },
    /// The region for restart marks is too short for this patch: ask for one that takes less RAM, or resume in another way. The
    /// staging slot was not touched.
    JournalTooShort {
        /// Bytes of the smallest region, whole pages.
        expected: u32,
        /// Bytes of the region.
        got: u32,
    },
    /// The slack of the staging slot is too short for a log of this patch: resume in another way. The staging slot was not
    /// touched.
    LogTooShort {
        /// Bytes of the log if there is no cut.
        expected: u32,
        /// Bytes behind target and spare page.
        got: u32,
    },
    /// The bytes pushed would begin behind what the applier has: nothing was done, go on at `expected`.
    Gap {
        /// Offset of the next byte of the patch that is missing.
        expected: u32,
        /// Offset that was sought.
        got: u32,
    },
    /// The patch overwrites its base: it is for [`in_place`](crate::in_place). The staging slot was not touched.
    InPlace,
    /// The applier was used after an error.
    Poisoned {
        /// [`code`](Self::code) of that error.
        first: u16,
    },
    /// An invariant of this crate or of the decoder is broken: report it.
    Internal,
}

impl<B, S> ApplyError<B, S> {
    /// Stable number of the error: those of [`HeaderError`], [`SetupError`], [`DecodeError`] and [`TrustError`], 64 to
    /// 95 for the applier's own.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Header(error) => error.code(),
            Self::Setup(error) => error.code(),
            Self::Decode(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::BaseTooLong { .. } => 64,
            Self::WrongBase { .. } => 65,
            Self::TargetTooLong { .. } => 66,
            Self::WrongTarget { .. } => 67,
            Self::BaseRead { .. } => 68,
            Self::StagingRead { .. } => 69,
            Self::StagingErase { .. } => 70,
            Self::StagingWrite { .. } => 71,
            Self::Poisoned { .. } => 72,
            Self::Internal => 73,
            Self::BlockTooLong { .. } => 74,
            Self::Swapped => 75,
            Self::Journal { .. } => 76,
            Self::JournalTooShort { .. } => 77,
            Self::LogTooShort { .. } => 78,
            Self::Gap { .. } => 79,
            Self::InPlace => 80,
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
            Self::BaseTooLong { .. } | Self::WrongBase { .. } | Self::InPlace => Class::Mismatch,
            Self::TargetTooLong { .. }
            | Self::BlockTooLong { .. }
            | Self::JournalTooShort { .. }
            | Self::LogTooShort { .. } => Class::Limit,
            Self::Swapped => Class::Untrusted,
            Self::WrongTarget { .. } => Class::Malformed,
            Self::BaseRead { .. }
            | Self::StagingRead { .. }
            | Self::StagingErase { .. }
            | Self::StagingWrite { .. }
            | Self::Journal { .. } => Class::Flash,
            Self::Gap { .. } | Self::Poisoned { .. } | Self::Internal => Class::Bug,
        }
    }
}

impl<B, S> From<HeaderError> for ApplyError<B, S> {
    fn from(error: HeaderError) -> Self {
        Self::Header(error)
    }
}

impl<B, S> From<Refusal> for ApplyError<B, S> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Header(error) => Self::Header(error),
            Refusal::Setup(error) => Self::Setup(error),
            Refusal::Decode(error) => Self::Decode(error),
            Refusal::Trust(error) => Self::Trust(error),
            Refusal::BlockTooLong { expected, got } => Self::BlockTooLong { expected, got },
            Refusal::Swapped => Self::Swapped,
        }
    }
}

impl<B, S> From<SetupError> for ApplyError<B, S> {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl<B, S> From<DecodeError> for ApplyError<B, S> {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

/// Bytes in hexadecimal.
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<B: fmt::Debug, S: fmt::Debug> fmt::Display for ApplyError<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::Setup(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Trust(error) => error.fmt(f),
            Self::BlockTooLong { expected, got } => {
                write!(f, "a block of the patch has {expected} bytes, the buffer for it {got}")
            }
            Self::Swapped => write!(f, "the patch is not the one that was authenticated"),
            Self::BaseTooLong { expected, got } => {
                write!(f, "the patch is for a base of {expected} bytes, the base slot has {got}")
            }
            Self::WrongBase { expected, got } => write!(
                f,
                "the patch is for the base with SHA-256 {}…, the base slot holds {}…",
                Hex(expected),
                Hex(got)
            ),
            Self::TargetTooLong { expected, got } => {
                write!(f, "the target takes {expected} bytes, the staging slot has {got}")
            }
            Self::WrongTarget { expected, got } => write!(
                f,
                "expected a target with SHA-256 {}…, read back {}…",
                Hex(expected),
                Hex(got)
            ),
            Self::BaseRead { offset, error } => {
                write!(f, "reading the base slot at {offset:#x} failed: {error:?}")
            }
            Self::StagingRead { offset, error } => {
                write!(f, "reading the staging slot at {offset:#x} failed: {error:?}")
            }
            Self::StagingErase { offset, error } => {
                write!(f, "erasing the staging slot at {offset:#x} failed: {error:?}")
            }
            Self::StagingWrite { offset, error } => {
                write!(f, "writing the staging slot at {offset:#x} failed: {error:?}")
            }
            Self::Journal { offset, error } => {
                write!(f, "the region for restart marks failed at {offset:#x}: {error:?}")
            }
            Self::JournalTooShort { expected, got } => {
                write!(f, "restart marks take a region of {expected} bytes, this one has {got}")
            }
            Self::LogTooShort { expected, got } => {
                write!(f, "a log of the patch takes {expected} bytes of slack, there are {got}")
            }
            Self::Gap { expected, got } => {
                write!(f, "byte {expected} of the patch is missing, sought was {got}")
            }
            Self::InPlace => {
                write!(f, "the patch is applied in place, where its base is")
            }
            Self::Poisoned { first } => write!(f, "the applier was used after error {first}"),
            Self::Internal => write!(f, "an invariant of the applier is broken"),
        }
    }
}

impl<B: fmt::Debug, S: fmt::Debug> core::error::Error for ApplyError<B, S> {}
