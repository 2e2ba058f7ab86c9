//! Why flash did not do what it was asked to.

use core::fmt;

use embedded_storage::nor_flash::{NorFlashError, NorFlashErrorKind};
use layout::Bank;

/// Why an access to flash failed or, in an area that [posts](super::FlashArea::posting), the operation before it. Offsets count
/// from the start of the area that was accessed, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlashError {
    /// A double word was torn by a cut: its ECC does not match. Erase its page, or do without what was there.
    Ecc {
        /// The physical bank.
        bank: Bank,
        /// The double word, counted from the start of the bank.
        offset: u32,
    },
    /// A double word is not erased, though it may read as if it were: `PROGERR`. Erase its page.
    NotErased {
        /// The double word.
        offset: u32,
    },
    /// The area must not be changed: the bootloader's, or pages that option bytes protect (`WRPERR`). Nothing was done.
    Protected,
    /// Outside the area. Nothing was done.
    OutOfBounds {
        /// First byte asked for.
        offset: u32,
        /// Bytes there are.
        len: u32,
    },
    /// Offset or length is not a multiple of double word or page. Nothing was done.
    Unaligned {
        /// First byte asked for.
        offset: u32,
        /// What both must be a multiple of.
        expected: u32,
    },
    /// The controller stays locked: a wrong key was written since the last reset. Reset.
    Locked,
    /// The controller is busy for longer than any operation takes. Reset.
    Timeout,
    /// The controller complains about a step of this driver or of someone else's: a bug.
    Sequence {
        /// `FLASH_SR`.
        flags: u32,
    },
}

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecc { bank, offset } => {
                write!(f, "torn double word at {offset:#x} of bank {bank:?}")
            }
            Self::NotErased { offset } => write!(f, "double word at {offset:#x} is not erased"),
            Self::Protected => f.write_str("the area is protected"),
            Self::OutOfBounds { offset, len } => {
                write!(f, "access at {offset:#x} is out of bounds, the area has {len:#x} bytes")
            }
            Self::Unaligned { offset, expected } => {
                write!(f, "access at {offset:#x} is not aligned to {expected}")
            }
            Self::Locked => f.write_str("the controller stays locked"),
            Self::Timeout => f.write_str("the controller stays busy"),
            Self::Sequence { flags } => write!(f, "the controller's flags are {flags:#x}"),
        }
    }
}

impl core::error::Error for FlashError {}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfBounds { .. } => NorFlashErrorKind::OutOfBounds,
            Self::Unaligned { .. } => NorFlashErrorKind::NotAligned,
            _ => NorFlashErrorKind::Other,
        }
    }
}
