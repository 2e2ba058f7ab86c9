//! Why an image is none, and why something was not done in a slot.

use core::fmt;

use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind};

use crate::header::{HEADER_BYTES, MAGIC};

/// Why bytes are not an MCUboot image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageError<E> {
    /// Another magic.
    NotAnImage {
        /// What is there; all ones where the slot is erased.
        got: u32,
    },
    /// The header says that it is shorter than its own fields.
    HeaderLength {
        /// Its word.
        got: u16,
    },
    /// The image goes on past the end of the file or slot.
    TooLong {
        /// Bytes that there are.
        expected: u32,
        /// Bytes that there would have to be, at least.
        got: u32,
    },
    /// There is no TLV area where one must be: the image is cut off, or was never signed.
    TlvMagic {
        /// Where.
        offset: u32,
        /// Magic of the area.
        expected: u16,
        /// What is there.
        got: u16,
    },
    /// Header and protected area do not agree on the area's length.
    ProtectedLength {
        /// What the header says.
        expected: u16,
        /// What the area says.
        got: u16,
    },
    /// An entry ends after its area.
    TlvLength {
        /// Where the entry's bytes, or the area, begin.
        offset: u32,
        /// Where the area ends, or has to.
        expected: u32,
        /// Where the entry, or the area, ends.
        got: u32,
    },
    /// The flash cannot be read.
    Read {
        /// Where.
        offset: u32,
        /// The flash's own error.
        error: E,
    },
}

impl<E: fmt::Debug> fmt::Display for ImageError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage { got } => {
                write!(
                    f,
                    "expected an MCUboot image, which begins with {MAGIC:#010x}, found {got:#010x}"
                )
            }
            Self::HeaderLength { got } => {
                write!(
                    f,
                    "expected an MCUboot header of at least {HEADER_BYTES} bytes, found {got}"
                )
            }
            Self::TooLong { expected, got } => {
                write!(
                    f,
                    "expected an MCUboot image within {expected} bytes, found one of {got} at least"
                )
            }
            Self::TlvMagic { offset, expected, got } => {
                write!(f, "expected the TLV area {expected:#06x} at {offset:#x}, found {got:#06x}")
            }
            Self::ProtectedLength { expected, got } => {
                write!(
                    f,
                    "expected {expected} bytes of protected TLVs, as the header says, found {got}"
                )
            }
            Self::TlvLength { offset, expected, got } => {
                write!(f, "expected the TLV at {offset:#x} to end by {expected:#x}, found {got:#x}")
            }
            Self::Read { offset, error } => write!(f, "reading at {offset:#x} failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for ImageError<E> {}

/// Why something was not done in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotError<E> {
    /// Something else is where the magic belongs.
    BadMagic,
    /// Images are numbered 0 to 15.
    ImageNumber {
        /// What was given.
        got: u8,
    },
    /// Not within the part of the slot that is for images.
    OutOfSlot,
    /// The flash failed.
    Flash {
        /// Offset in the slot.
        offset: u32,
        /// The flash's own error.
        error: E,
    },
}

impl<E: NorFlashError> NorFlashError for SlotError<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfSlot => NorFlashErrorKind::OutOfBounds,
            Self::BadMagic | Self::ImageNumber { .. } => NorFlashErrorKind::Other,
            Self::Flash { error, .. } => error.kind(),
        }
    }
}

impl<E: fmt::Debug> fmt::Display for SlotError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadMagic => {
                write!(f, "expected MCUboot's magic or erased flash at the end of the slot")
            }
            Self::ImageNumber { got } => {
                write!(f, "expected an image number of 0 to 15, found {got}")
            }
            Self::OutOfSlot => write!(f, "not within the part of the slot that is for images"),
            Self::Flash { offset, error } => {
                write!(f, "the flash failed at {offset:#x} of the slot: {error:?}")
            }
        }
    }
}

impl<E: fmt::Debug> core::error::Error for SlotError<E> {}
