//! What can be wrong with a patch, as small enums with stable numbers.
//!
//! Codes are append-only: docs/format.md lists them, a test compares the two.

use core::fmt;

use crate::container::trust::KEY_ID_BYTES;

/// What the receiver should do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The patch is damaged or hostile: discard it.
    Malformed,
    /// The patch is for another base image: ask for the right one, or for the full image.
    Mismatch,
    /// The patch needs more than this device offers.
    Limit,
    /// The caller broke a rule of the API.
    Bug,
    /// The patch is not from whom it should be, or not for this device: discard it and report.
    Untrusted,
}

/// Why a header is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// More bytes are needed: not an error while more may come.
    Incomplete,
    /// The first byte is below 0x80: not a native patch.
    NotAPatch {
        /// The first byte.
        got: u8,
    },
    /// A version that this decoder does not know.
    Version {
        /// The version asked for.
        got: u8,
    },
    /// A kind, codec or reserved bit that this version does not define.
    Reserved,
    /// An integer that is too large or not in its shortest form.
    Varint,
    /// Region lengths do not add up to the image, overlap the end of the address space, or are none.
    Regions,
    /// The epoch is not 0 or 8..=31.
    Epoch,
    /// The header is longer than [`MAX_HEADER_BYTES`](crate::container::header::MAX_HEADER_BYTES).
    TooLong,
    /// An extension that must be understood is not.
    Extension {
        /// Its type.
        got: u8,
    },
    /// What says who signed the patch is malformed, or is there twice.
    Trust,
    /// The slot that a patch is applied in cannot hold its images, or is none.
    InPlace,
}

impl HeaderError {
    /// Stable number of the reject, as in docs/format.md.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Incomplete => 1,
            Self::NotAPatch { .. } => 2,
            Self::Version { .. } => 3,
            Self::Reserved => 4,
            Self::Varint => 5,
            Self::Regions => 6,
            Self::Epoch => 7,
            Self::TooLong => 8,
            Self::Extension { .. } => 9,
            Self::Trust => 10,
            Self::InPlace => 11,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Version { .. } | Self::Extension { .. } => Class::Limit,
            _ => Class::Malformed,
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => write!(f, "the patch ends inside its header"),
            Self::NotAPatch { got } => {
                write!(
                    f,
                    "expected a first byte of 0x80 or more, found {got:#04x}: not a native patch"
                )
            }
            Self::Version { got } => {
                write!(f, "expected format version 0, found {got}: a newer patcher is needed")
            }
            Self::Reserved => write!(f, "a reserved header field is set"),
            Self::Varint => write!(f, "a header integer is malformed"),
            Self::Regions => write!(f, "the image regions contradict the image length"),
            Self::Epoch => write!(f, "the epoch is out of range"),
            Self::TooLong => write!(f, "the header is longer than the format allows"),
            Self::Extension { got } => {
                write!(f, "a critical extension of type {got:#04x} is unknown")
            }
            Self::Trust => write!(f, "the header is signed, but malformed"),
            Self::InPlace => write!(f, "the slot of an in-place patch cannot hold its images"),
        }
    }
}

impl core::error::Error for HeaderError {}

/// Why no decoder can be set up: nothing is wrong with the patch, but this device cannot decode it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetupError {
    /// The workspace is smaller than the header declares.
    Workspace {
        /// Words needed.
        expected: u32,
        /// Words given.
        got: u32,
    },
    /// The patch uses an instruction set that was not linked.
    Isa {
        /// Its number.
        got: u8,
    },
}

impl SetupError {
    /// Stable number of the reject, as in docs/format.md.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Workspace { .. } => 39,
            Self::Isa { .. } => 40,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        Class::Limit
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace { expected, got } => write!(
                f,
                "the patch needs a workspace of {expected} words, found {got}: make the patch with a smaller --ram"
            ),
            Self::Isa { got } => {
                write!(f, "instruction set {got} of the patch is not supported here")
            }
        }
    }
}

impl core::error::Error for SetupError {}

/// Why a body is refused.
///
/// **Cost**: without fields it fits a register, and every step of a decoder returns one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The patch ended before the target was complete.
    Truncated,
    /// The target is complete, but the body goes on.
    TrailingData,
    /// The decoder needed more bytes than the body has.
    Overrun,
    /// An op leads outside the base image.
    BaseRange,
    /// An op is longer than what is left of the target, or crosses a restart mark.
    TargetRange,
    /// A copy reads target bytes that are not written yet.
    CopyRange,
    /// The address map is not sorted.
    MapOrder,
    /// A saved state does not belong to this patch or is damaged.
    State,
    /// The decoder was used after an error.
    Poisoned,
    /// An op of a patch that is applied in place reads base bytes that its target may have overwritten.
    BaseGone,
    /// The check at the end of an in-place header is not that of the patch: it was damaged on its way.
    Check,
}

impl DecodeError {
    /// Stable number of the reject, as in docs/format.md.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Truncated => 32,
            Self::TrailingData => 33,
            Self::Overrun => 34,
            Self::BaseRange => 35,
            Self::TargetRange => 36,
            Self::CopyRange => 37,
            Self::MapOrder => 38,
            Self::State => 41,
            Self::Poisoned => 42,
            Self::BaseGone => 43,
            Self::Check => 44,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Poisoned => Class::Bug,
            _ => Class::Malformed,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "the patch ends before the target image is complete"),
            Self::TrailingData => write!(f, "the target image is complete, but the patch goes on"),
            Self::Overrun => write!(f, "the patch body is shorter than its content"),
            Self::BaseRange => write!(f, "the patch reads outside the base image"),
            Self::TargetRange => {
                write!(f, "the patch writes past the target image or a restart mark")
            }
            Self::CopyRange => write!(f, "the patch copies target bytes that do not exist yet"),
            Self::MapOrder => write!(f, "the address map of the patch is not sorted"),
            Self::State => write!(f, "the saved state does not fit this patch"),
            Self::Poisoned => write!(f, "the decoder was used after an error"),
            Self::Check => write!(f, "the patch is damaged: its check is wrong"),
            Self::BaseGone => {
                write!(f, "the patch reads base bytes that its target has overwritten")
            }
        }
    }
}

impl core::error::Error for DecodeError {}

/// Why a body is not decoded, for who sets a decoder up and runs it in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It cannot be decoded here.
    Setup(SetupError),
    /// It is refused.
    Decode(DecodeError),
}

impl BodyError {
    /// Stable number of the reject, as in docs/format.md.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Setup(error) => error.code(),
            Self::Decode(error) => error.code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Setup(error) => error.class(),
            Self::Decode(error) => error.class(),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BodyError {}

impl From<SetupError> for BodyError {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}

impl From<DecodeError> for BodyError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

/// Why a patch is not trusted, although it is well formed.
///
/// This crate checks no signatures; who does answers with these, under the numbers of docs/format.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// The patch is not signed, and unsigned ones are not taken.
    Unsigned,
    /// It is signed with a key, or certified by a root key, that is not held here.
    Key {
        /// Start of the key's id.
        got: [u8; KEY_ID_BYTES],
    },
    /// The certificate is not signed by the root key that it names, or is not for a key.
    Certificate,
    /// The certificate ends before the patch's security counter.
    Expired {
        /// Highest security counter that the certificate allows.
        expected: u32,
        /// That of the patch.
        got: u32,
    },
    /// The signature is not the key's: the header was changed, or signed by someone else.
    Signature,
    /// The signature has the form that anyone can make of a signed patch.
    HighS,
    /// The patch is for other hardware.
    Hardware,
    /// The patch is older than what the device must accept.
    Counter {
        /// Least security counter that is accepted.
        expected: u32,
        /// That of the patch.
        got: u32,
    },
    /// The body is not the one that was signed.
    Body {
        /// Where the block begins whose digest is wrong, in bytes after the header; 0 if the body is not cut into
        /// blocks.
        block_at: u32,
    },
}

impl TrustError {
    /// Stable number of the reject, as in docs/format.md.
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Unsigned => 96,
            Self::Key { .. } => 97,
            Self::Certificate => 98,
            Self::Expired { .. } => 99,
            Self::Signature => 100,
            Self::HighS => 101,
            Self::Hardware => 102,
            Self::Counter { .. } => 103,
            Self::Body { .. } => 104,
        }
    }

    /// What to do about it: a body that was damaged on its way may be fetched again, all else not.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Body { .. } => Class::Malformed,
            _ => Class::Untrusted,
        }
    }
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => write!(f, "expected a signed patch, found one without signature"),
            Self::Key { got: [a, b, c, d] } => {
                write!(f, "expected a known key, found key id {a:02x}{b:02x}{c:02x}{d:02x}")
            }
            Self::Certificate => {
                write!(f, "the certificate of the signing key is not the root key's")
            }
            Self::Expired { expected, got } => write!(
                f,
                "expected a security counter of at most {expected}, where the certificate of the signing key ends, found {got}"
            ),
            Self::Signature => write!(f, "the signature does not fit the header of the patch"),
            Self::HighS => {
                write!(f, "expected a signature with its s in the lower half, found the other form")
            }
            Self::Hardware => write!(f, "the patch is for another hardware id"),
            Self::Counter { expected, got } => {
                write!(f, "expected a security counter of at least {expected}, found {got}")
            }
            Self::Body { block_at } => write!(
                f,
                "the patch is not the one that was signed: wrong digest of what begins {block_at} bytes after the header"
            ),
        }
    }
}

impl core::error::Error for TrustError {}

/// An error of decoding: of the patch, or of the images it works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error<E> {
    /// The patch is refused.
    Patch(DecodeError),
    /// Reading the base, or reading or writing the target, failed.
    Images(E),
}

impl<E> From<DecodeError> for Error<E> {
    fn from(error: DecodeError) -> Self {
        Self::Patch(error)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patch(error) => error.fmt(f),
            Self::Images(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for Error<E> {}
