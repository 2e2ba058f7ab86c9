//! What the flash refuses, and why.

use core::fmt;

use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind};

/// Why a flash operation failed.
///
/// Addresses count from the start of the *device*, except in [`Unaligned`](Self::Unaligned) and
/// [`OutOfBounds`](Self::OutOfBounds), which repeat the caller's own numbers: a slot's offsets
/// when a [`Slot`](crate::Slot) was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlashError {
    /// An uncorrectable ECC error: the write unit was torn by a cut, or programmed twice. Erase
    /// its page.
    Ecc {
        /// Address of the write unit.
        address: u32,
    },
    /// A program of a write unit that is not erased: it was programmed before (with whatever
    /// bytes, erased ones included), or the erase of its page was torn. Erase its page.
    NotErased {
        /// Address of the write unit.
        address: u32,
        /// What the write unit was.
        got: crate::UnitState,
    },
    /// Outside the slot or the device. Nothing was done.
    OutOfBounds {
        /// First byte asked for.
        offset: u32,
        /// Bytes asked for.
        len: usize,
        /// Bytes there are.
        size: u32,
    },
    /// Power failed in this operation or has failed before: nothing works until
    /// [`power_on`](crate::FlashModel::power_on).
    PowerLost,
    /// Offset or length is not a multiple of the write unit or the page. Nothing was done.
    Unaligned {
        /// First byte asked for.
        offset: u32,
        /// Bytes asked for.
        len: usize,
        /// What both must be a multiple of.
        expected: u32,
    },
    /// The write unit or page overlaps a protected range. It was not touched.
    WriteProtected {
        /// Address of the write unit or page.
        address: u32,
    },
}

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecc { address } => write!(f, "uncorrectable ECC error at {address:#x}"),
            Self::NotErased { address, got } => {
                write!(f, "unit at {address:#x} must be erased before a program, is {got:?}")
            }
            Self::OutOfBounds { offset, len, size } => {
                write!(f, "{len} bytes at {offset:#x} are out of bounds, size is {size:#x}")
            }
            Self::PowerLost => write!(f, "power lost"),
            Self::Unaligned { offset, len, expected } => {
                write!(f, "{len} bytes at {offset:#x} are not aligned to {expected}")
            }
            Self::WriteProtected { address } => write!(f, "write-protected at {address:#x}"),
        }
    }
}

impl core::error::Error for FlashError {}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfBounds { .. } => NorFlashErrorKind::OutOfBounds,
            Self::Unaligned { .. } => NorFlashErrorKind::NotAligned,
            Self::Ecc { .. }
            | Self::NotErased { .. }
            | Self::PowerLost
            | Self::WriteProtected { .. } => NorFlashErrorKind::Other,
        }
    }
}
