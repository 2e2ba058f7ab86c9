//! From base image and patch to the target image, in memory.
//!
//! The checks come in the order in which a device makes them: header, limits, base, and only then the body; nothing is
//! handed out before the target's digest is right.

use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
use patcher_core::container::self_digest::SelfDigests;
use patcher_core::error::{Class, Error};
use patcher_core::reference;
use patcher_core::{DecodeError, Decoder, Event, Header, Images, Kind, SetupError};

use crate::digest::{Hex, sha256};
use crate::image::mcuboot::Mcuboot;
use crate::info::{Info, InfoError};

/// What a patch may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// RAM of the device in bytes, compared with [`Header::ram_bytes`].
    pub ram_bytes: usize,
    /// Length of the target image in bytes: all of it is held in memory here.
    pub target_len: u32,
}

impl Default for Limits {
    /// Any RAM, and targets up to 1 GiB, which is as large as images get.
    fn default() -> Self {
        Self { ram_bytes: usize::MAX, target_len: 1 << 30 }
    }
}

/// A target image whose digest is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The image.
    pub target: Vec<u8>,
    /// Its SHA-256.
    pub target_sha256: [u8; 32],
    /// The SHA-256 of the base image, unless the patch is a full image.
    pub base_sha256: Option<[u8; 32]>,
    /// Bytes after the base image, which were ignored: erased flash, or the rest of an MCUboot slot.
    pub base_padding: usize,
}

/// Why a patch was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// It is not a patch, not a whole one, or its header is refused.
    #[error(transparent)]
    Patch(#[from] InfoError),
    /// It cannot be decoded here.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The body is refused.
    #[error(transparent)]
    Body(#[from] DecodeError),
    /// The patch was made for another base image.
    #[error(
        "wrong base image: expected {expected_len} bytes with SHA-256 {}..., found {found_len} bytes with SHA-256 {}...",
        Hex(.expected), Hex(.found)
    )]
    WrongBase {
        /// Length of the base image that the patch was made for.
        expected_len: u32,
        /// Length of the image given.
        found_len: usize,
        /// First bytes of the SHA-256 of the base image that the patch was made for.
        expected: [u8; BASE_DIGEST_BYTES],
        /// First bytes of the SHA-256 of the image given.
        found: [u8; BASE_DIGEST_BYTES],
        /// Whether the image given begins with the right base image.
        begins_right: bool,
    },
    /// The decoded image is not the one that the patch promises: patch damaged, or its header forged.
    #[error(
        "wrong result: expected a target image with SHA-256 {}..., found {}...; the patch is damaged",
        Hex(.expected), Hex(.found)
    )]
    WrongTarget {
        /// First bytes of the SHA-256 that the patch promises.
        expected: [u8; TARGET_DIGEST_BYTES],
        /// First bytes of the SHA-256 of what it decodes to.
        found: [u8; TARGET_DIGEST_BYTES],
    },
    /// Applying it takes more RAM than [`Limits::ram_bytes`].
    #[error(
        "expected a patch that is applied within {expected} bytes of RAM, found one that needs {found}"
    )]
    Ram {
        /// RAM offered.
        expected: usize,
        /// RAM that the patch needs.
        found: usize,
    },
    /// The target image is longer than [`Limits::target_len`].
    #[error(
        "expected a target image of at most {expected} bytes, found a patch for one of {found}"
    )]
    TargetLength {
        /// Most bytes accepted.
        expected: u32,
        /// Bytes of the target image.
        found: u32,
    },
    /// The decoder asked for bytes that no image has.
    #[error("the decoder left the image at offset {offset}: a bug of patcher, please report it")]
    OutOfImage {
        /// Where.
        offset: u32,
    },
}

impl ApplyError {
    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Patch(error) => error.class(),
            Self::Setup(error) => error.class(),
            Self::Body(error) => error.class(),
            Self::WrongBase { .. } => Class::Mismatch,
            Self::WrongTarget { .. } => Class::Malformed,
            Self::Ram { .. } | Self::TargetLength { .. } => Class::Limit,
            Self::OutOfImage { .. } => Class::Bug,
        }
    }
}

/// The target image that `patch` makes of `base`.
///
/// # Example
/// ```
/// use host_diff::image::FlatImage;
/// use host_diff::{Options, apply, create};
/// let [base, target] = [vec![1; 900], vec![2; 900]].map(FlatImage::from_raw);
/// let patch = create(&base, &target, &Options::default()).unwrap();
/// assert_eq!(apply::apply(&base.bytes, &patch.bytes).unwrap(), target.bytes);
/// ```
///
/// # Errors
/// As [`rebuild`], which tells more and takes limits.
pub fn apply(base: &[u8], patch: &[u8]) -> Result<Vec<u8>, ApplyError> {
    Ok(rebuild(base, &Info::read(patch)?, &Limits::default())?.target)
}

/// Decodes `patch` to nowhere: everything that [`apply()`] checks, without a result.
///
/// # Errors
/// As [`rebuild`].
pub fn verify(base: &[u8], patch: &[u8]) -> Result<(), ApplyError> {
    apply(base, patch).map(drop)
}

/// Rebuilds the target image from `base` and `patch`.
///
/// `base` may go on after the base image as flash read out of a device does: with 0xFF, or with an MCUboot trailer. A full-image patch ignores it.
/// Takes memory for the target image beside [`Header::ram_bytes`].
///
/// # Errors
/// [`ApplyError`]; its [`class`](ApplyError::class) says what to do: ask for another patch or base, or give more.
pub fn rebuild(base: &[u8], patch: &Info<'_>, limits: &Limits) -> Result<Applied, ApplyError> {
    let header = &patch.header;
    check_limits(header, limits)?;
    if patch.damaged {
        return Err(DecodeError::Check.into());
    }
    let (base, base_sha256, base_padding) = match header.kind {
        Kind::Full => (&[][..], None, 0),
        Kind::Delta => {
            let (base, sha256) = identify(base, header)?;
            (base.image, Some(sha256), base.padding)
        }
    };
    let target = decode(base, patch)?;
    let target_sha256 = sha256(&target);
    let found = prefix(&target_sha256);
    if found != header.target_digest {
        return Err(ApplyError::WrongTarget { expected: header.target_digest, found });
    }
    Ok(Applied { target, target_sha256, base_sha256, base_padding })
}

fn check_limits(header: &Header, limits: &Limits) -> Result<(), ApplyError> {
    let found = header.ram_bytes();
    if found > limits.ram_bytes {
        return Err(ApplyError::Ram { expected: limits.ram_bytes, found });
    }
    let found = header.target_len;
    if found > limits.target_len {
        return Err(ApplyError::TargetLength { expected: limits.target_len, found });
    }
    Ok(())
}

struct Base<'a> {
    image: &'a [u8],
    padding: usize,
}

/// The base image at the begin of `given`, with its digest.
fn identify<'a>(given: &'a [u8], header: &Header) -> Result<(Base<'a>, [u8; 32]), ApplyError> {
    let expected = header.base_digest;
    let split = given.split_at_checked(header.base_len as usize);
    let begin = split.map(|(image, rest)| (image, rest, sha256(image)));
    let begin = begin.filter(|(_, _, digest)| prefix(digest) == expected);
    match begin {
        Some((image, rest, digest)) if of_slot(given, image, rest) => {
            Ok((Base { image, padding: rest.len() }, digest))
        }
        begin => Err(ApplyError::WrongBase {
            expected_len: header.base_len,
            found_len: given.len(),
            expected,
            found: prefix(&sha256(given)),
            begins_right: begin.is_some(),
        }),
    }
}

/// Whether `rest` is no part of the base: erased flash, or what a slot has after an MCUboot image.
fn of_slot(given: &[u8], image: &[u8], rest: &[u8]) -> bool {
    let mcuboot = || {
        let found = Mcuboot::read(given).ok();
        found.is_some_and(|found| found.bytes == image && found.rest.of_slot() == rest.len())
    };
    rest.iter().all(|&byte| byte == 0xFF) || mcuboot()
}

fn decode(base: &[u8], patch: &Info<'_>) -> Result<Vec<u8>, ApplyError> {
    let mut workspace = vec![0; patch.header.workspace_words()];
    let mut decoder = Decoder::new(patch.header, &reference::ALL, &mut workspace)?;
    let self_digests = patch.header.self_digests;
    let mut images = Memory { base, self_digests, target: Vec::new() };
    let body = patch.body();
    let mut rest = &*body;
    loop {
        match decoder.push(&mut images, &mut rest) {
            Ok(Event::Mark { .. } | Event::Yield) => {}
            Ok(Event::NeedInput | Event::Done) => break,
            Err(Error::Patch(error)) => return Err(error.into()),
            Err(Error::Images(OutOfImage { offset })) => {
                return Err(ApplyError::OutOfImage { offset });
            }
        }
    }
    decoder.finish()?;
    Ok(images.target)
}

/// Both images in memory.
struct Memory<'a> {
    base: &'a [u8],
    self_digests: SelfDigests,
    target: Vec<u8>,
}

struct OutOfImage {
    offset: u32,
}

impl Images for Memory<'_> {
    type Error = OutOfImage;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfImage> {
        read(self.base, offset, bytes)
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfImage> {
        read(&self.target, offset, bytes)
    }

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), OutOfImage> {
        self.self_digests.extend(&mut self.target, bytes, sha256);
        Ok(())
    }
}

fn read(image: &[u8], offset: u32, bytes: &mut [u8]) -> Result<(), OutOfImage> {
    let found = image.get(offset as usize..).and_then(|rest| rest.get(..bytes.len()));
    bytes.copy_from_slice(found.ok_or(OutOfImage { offset })?);
    Ok(())
}

/// The first bytes of a digest.
fn prefix<const N: usize>(digest: &[u8; 32]) -> [u8; N] {
    core::array::from_fn(|index| digest[index])
}

#[cfg(test)]
mod tests;
