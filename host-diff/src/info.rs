//! What a patch says about itself.

use std::borrow::Cow;

use crate::create::IsaChoice;
use patcher_core::container::bundle::FIRST_BYTE;
use patcher_core::container::in_place::CHECK_BYTES;
use patcher_core::container::trust::Trust;
use patcher_core::container::writer::unlink;
use patcher_core::crc::Crc32;
use patcher_core::error::Class;
use patcher_core::{Header, HeaderError};

use crate::format::PatchFormat;

/// A patch whose header is legal and whose length is right; its body is not looked at.
///
/// # Example
/// ```
/// use host_diff::info::{Info, InfoError};
/// assert_eq!(Info::read(b"").unwrap_err(), InfoError::Empty);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info<'a> {
    /// The header.
    pub header: Header,
    /// Length of the header in bytes.
    pub header_len: usize,
    /// The rest of the patch: the body, and digests between its blocks if it is cut into blocks.
    pub payload: &'a [u8],
    /// What it is signed with, if it is; nobody has checked that yet.
    pub trust: Option<Trust<'a>>,
    /// Bytes of its blocks, if it is cut into blocks.
    pub block_bytes: Option<u32>,
    /// It is applied in place, and its check is wrong.
    pub damaged: bool,
}

impl<'a> Info<'a> {
    /// Reads a native patch, or tells what the bytes are instead.
    ///
    /// # Errors
    /// [`InfoError`]: other format, malformed header, or a body that is too short or too long.
    pub fn read(patch: &'a [u8]) -> Result<Self, InfoError> {
        match PatchFormat::detect(patch) {
            Some(PatchFormat::Native) if patch.first() == Some(&FIRST_BYTE) => {
                Err(InfoError::Bundle)
            }
            Some(PatchFormat::Native) => Self::read_native(patch),
            Some(format) if format.has_magic() => Err(InfoError::Foreign { format }),
            likely => match patch.first() {
                Some(&first) => Err(InfoError::NotAPatch { first, likely }),
                None => Err(InfoError::Empty),
            },
        }
    }

    /// Reads a native patch; bytes of another format are a malformed one.
    ///
    /// # Errors
    /// [`InfoError`], but none of [`InfoError::Bundle`], [`InfoError::Foreign`] and [`InfoError::NotAPatch`].
    pub fn read_native(patch: &'a [u8]) -> Result<Self, InfoError> {
        if patch.is_empty() {
            return Err(InfoError::Empty);
        }
        let (header, seal, header_len) = Header::parse_sealed(patch.iter().copied())?;
        let (text, payload) = patch.split_at_checked(header_len).unwrap_or((patch, &[]));
        let expected = seal.map_or(header.body_len.into(), |s| s.payload_bytes(header.body_len));
        let lengths = (expected, payload.len() as u64);
        let whole = |len| header_len as u64 + len;
        let (expected, found) = (whole(lengths.0), whole(lengths.1));
        if found < expected {
            return Err(InfoError::Truncated { expected, found });
        }
        if found > expected {
            return Err(InfoError::TrailingData { expected, found });
        }
        let trust = seal.and_then(|seal| seal.view(text));
        let block_bytes = seal.and_then(|seal| seal.block_bytes());
        let damaged = header.in_place.is_some_and(|slot| slot.check != check(text, payload));
        Ok(Self { header, header_len, payload, trust, block_bytes, damaged })
    }

    /// The body, as many bytes as the header declares: the payload without the digests between blocks, which are not looked
    /// at.
    #[must_use]
    pub fn body(&self) -> Cow<'a, [u8]> {
        match self.block_bytes {
            Some(bytes) => Cow::Owned(unlink(self.payload, bytes)),
            None => Cow::Borrowed(self.payload),
        }
    }

    /// Name of the instruction set whose references are predicted; `None` if this version does not know its number.
    #[must_use]
    pub fn isa_name(&self) -> Option<&'static str> {
        IsaChoice::ALL.into_iter().find(|isa| isa.id() == self.header.isa).map(IsaChoice::name)
    }

    /// Load address of the first byte of the base image, if the patch has addresses.
    #[must_use]
    pub fn base_address(&self) -> Option<u32> {
        self.header.base_regions.iter().next().map(|region| region.address)
    }

    /// Load address of the first byte of the target image, if the patch has addresses.
    #[must_use]
    pub fn target_address(&self) -> Option<u32> {
        self.header.target_regions.iter().next().map(|region| region.address)
    }
}

/// The check of a patch with this header, which ends in one.
fn check(header: &[u8], payload: &[u8]) -> u32 {
    let before = header.len().saturating_sub(CHECK_BYTES);
    let mut crc = Crc32::new();
    crc.update(&header[..before]);
    crc.update(payload);
    crc.value()
}

/// Why bytes are not a native patch, or not a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InfoError {
    /// No bytes at all.
    #[error("expected a patch, found an empty file")]
    Empty,
    /// Several patches in one file.
    #[error("expected a patch, found a bundle of patches")]
    Bundle,
    /// A patch of a known format that is not supported.
    #[error("expected a native patch, found one in {format} format")]
    Foreign {
        /// Its format.
        format: PatchFormat,
    },
    /// Not a native patch, and no magic says what it is.
    #[error("expected a native patch, whose first byte is 0x80 or more, found {first:#04x}{}", guess(.likely.as_ref()))]
    NotAPatch {
        /// The first byte.
        first: u8,
        /// What it may be.
        likely: Option<PatchFormat>,
    },
    /// The header is refused.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The file is shorter than its header says.
    #[error(
        "expected a patch of {expected} bytes, as its header says, found {found}: it is cut off"
    )]
    Truncated {
        /// Bytes of the whole patch.
        expected: u64,
        /// Bytes given.
        found: u64,
    },
    /// The file is longer than its header says.
    #[error(
        "expected a patch of {expected} bytes, as its header says, found {found}: something follows it"
    )]
    TrailingData {
        /// Bytes of the whole patch.
        expected: u64,
        /// Bytes given.
        found: u64,
    },
}

fn guess(likely: Option<&PatchFormat>) -> String {
    likely.map_or_else(String::new, |format| format!(" (perhaps one in {format} format)"))
}

impl InfoError {
    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Foreign { .. } => Class::Limit,
            Self::Header(error) => error.class(),
            Self::Bundle
            | Self::Empty
            | Self::NotAPatch { .. }
            | Self::Truncated { .. }
            | Self::TrailingData { .. } => Class::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_native_is_named() {
        assert_eq!(Info::read(&[]), Err(InfoError::Empty));
        let format = PatchFormat::Bsdiff40;
        assert_eq!(Info::read(b"BSDIFF40...."), Err(InfoError::Foreign { format }));
        let likely = Some(PatchFormat::Detools);
        assert_eq!(Info::read(&[0x14]), Err(InfoError::NotAPatch { first: 0x14, likely }));
        let likely = None;
        assert_eq!(Info::read(b"ELF"), Err(InfoError::NotAPatch { first: b'E', likely }));
    }

    #[test]
    fn forcing_the_native_format_takes_the_bytes_at_their_word() {
        let got = b'B';
        assert_eq!(
            Info::read_native(b"BSDIFF40"),
            Err(InfoError::Header(HeaderError::NotAPatch { got }))
        );
        assert_eq!(Info::read_native(&[]), Err(InfoError::Empty));
        assert_eq!(
            Info::read(&[0xFF, 0]),
            Err(InfoError::Header(HeaderError::Version { got: 0x0F }))
        );
        assert_eq!(Info::read(&[0x80]), Err(InfoError::Header(HeaderError::Incomplete)));
    }
}
