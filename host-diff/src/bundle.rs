//! Bundles: patches from several bases to one target in one file.
//!
//! ```
//! use host_diff::bundle::{Bundle, Layout};
//! use host_diff::image::FlatImage;
//! use host_diff::{Options, create, create_full};
//!
//! // Three releases of something.
//! let release = |new: u8| {
//!     let old = (0..3000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]);
//!     FlatImage::from_raw([vec![new; 40], old.collect()].concat())
//! };
//! let (one, two, target) = (release(1), release(2), release(3));
//! let options = Options::default();
//! let patches = [
//!     create(&one, &target, &options)?.bytes,
//!     create(&two, &target, &options)?.bytes,
//!     create_full(&target, &options)?.bytes,
//! ];
//! let bundle = Layout::new(&patches)?.unsigned();
//!
//! // What a device that runs image `two` fetches.
//! let bundle = Bundle::read(&bundle)?;
//! let patch = bundle.choose(Some(&two.bytes), 16 * 1024).expect("there is a full image");
//! assert_eq!(patch, patches[1]);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! **Reference**: docs/format.md §16.

use patcher_core::container::bundle::{Entry, Index, Running, Sealing, write};
use patcher_core::container::header::{Kind, TARGET_DIGEST_BYTES};
use patcher_core::error::Class;
use patcher_core::{Header, HeaderError};

use crate::digest::{Hex, sha256};
use crate::info::{Info, InfoError};

/// Why patches do not make a bundle, or bytes are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A file is no patch.
    #[error("patch {number}: {error}")]
    Patch {
        /// Which one, from 1 on.
        number: usize,
        /// What is wrong with it.
        error: InfoError,
    },
    /// Patches make different targets.
    #[error(
        "expected patches to one target, found SHA-256 {expected}… in patch 1 and {found}… in patch {number}"
    )]
    Target {
        /// Which one, from 1 on.
        number: usize,
        /// Start of the SHA-256 of the first one's target.
        expected: String,
        /// Start of that of this one.
        found: String,
    },
    /// Two patches are for the same base and memory.
    #[error("patches {first} and {number} are from the same base, for the same memory")]
    Twice {
        /// One of them, from 1 on.
        first: usize,
        /// The other.
        number: usize,
    },
    /// No patch is a full image.
    #[error("expected a full image among the patches, for devices with another base, found none")]
    NoFullImage,
    /// A bundle to be signed has an unsigned patch, or one with other terms.
    #[error(
        "expected patches that are signed for the same devices as the bundle, patch {number} is {found}"
    )]
    Terms {
        /// Which one, from 1 on.
        number: usize,
        /// What it is.
        found: &'static str,
    },
    /// A device that overwrites its base has no choice to make.
    #[error(
        "patch {number} is applied in place: bundles are for devices with a slot for the target"
    )]
    InPlace {
        /// Which one, from 1 on.
        number: usize,
    },
    /// The index would be too long.
    #[error("expected an index of at most 1024 bytes, found {found} patches: make several bundles")]
    TooMany {
        /// How many patches there are.
        found: usize,
    },
    /// The index of a bundle is malformed.
    #[error("bundle: {0}")]
    Index(HeaderError),
    /// A bundle ends too soon, or something follows it.
    #[error("expected a bundle of {expected} bytes, as its index says, found {found}")]
    Length {
        /// Bytes of the whole bundle.
        expected: u64,
        /// Bytes given.
        found: u64,
    },
}

impl BundleError {
    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Patch { error, .. } => error.class(),
            Self::Target { .. } | Self::Twice { .. } | Self::NoFullImage => Class::Mismatch,
            Self::Terms { .. } => Class::Untrusted,
            Self::TooMany { .. } | Self::InPlace { .. } => Class::Limit,
            Self::Index(error) => error.class(),
            Self::Length { .. } => Class::Malformed,
        }
    }
}

/// Patches in the order of a bundle: the shortest first, so that a device takes the first that fits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    target_len: u32,
    target_digest: [u8; TARGET_DIGEST_BYTES],
    entries: Vec<Entry>,
    /// Which patches they are, from 1 on as they were given.
    numbers: Vec<usize>,
    /// The patches, put together.
    patches: Vec<u8>,
}

impl Layout {
    /// Looks at the patches and puts them in order. Equal ones are taken once: `create` makes a full image also where that is shorter
    /// than a delta.
    ///
    /// # Errors
    /// [`BundleError`]: what is no patch, or does not belong together.
    pub fn new(patches: &[Vec<u8>]) -> Result<Self, BundleError> {
        let mut members: Vec<Member<'_>> = Vec::new();
        for (number, bytes) in (1..).zip(patches) {
            let info = Info::read(bytes).map_err(|error| BundleError::Patch { number, error })?;
            if info.header.in_place.is_some() {
                return Err(BundleError::InPlace { number });
            }
            let member = Member { number, header: info.header, bytes };
            if members.iter().any(|before| before.bytes == member.bytes) {
                continue;
            }
            for before in &members {
                member.check_beside(before)?;
            }
            members.push(member);
        }
        let full = members.iter().find(|member| member.header.kind == Kind::Full);
        let Header { target_len, target_digest, .. } = full.ok_or(BundleError::NoFullImage)?.header;
        // Full images behind deltas of the same length: they need more of the device's time.
        members.sort_by_key(|Member { number, header, bytes }| {
            (bytes.len(), header.kind == Kind::Full, *number)
        });
        let layout = Self {
            target_len,
            target_digest,
            entries: members.iter().map(Member::entry).collect::<Result<_, _>>()?,
            numbers: members.iter().map(|member| member.number).collect(),
            patches: members.iter().flat_map(|member| member.bytes).copied().collect(),
        };
        // What a signed index takes more is known once it is signed.
        if layout.index(None).is_none() {
            return Err(BundleError::TooMany { found: members.len() });
        }
        Ok(layout)
    }

    /// The bundle, signed by nobody: for devices that take unsigned patches.
    #[must_use]
    pub fn unsigned(&self) -> Vec<u8> {
        [self.index(None).unwrap_or_default(), self.patches.clone()].concat()
    }

    /// The index before its signature, and what follows the signature.
    ///
    /// # Errors
    /// [`BundleError::Terms`], [`BundleError::TooMany`].
    pub(crate) fn sealed(&self, sealing: &Sealing<'_>) -> Result<(Vec<u8>, Vec<u8>), BundleError> {
        let mut rest = self.patches.as_slice();
        for (&number, entry) in self.numbers.iter().zip(&self.entries) {
            let (patch, others) = rest.split_at(rest.len().min(entry.len as usize));
            rest = others;
            let info = Info::read(patch).map_err(|error| BundleError::Patch { number, error })?;
            let found = match &info.trust {
                None => Some("unsigned"),
                Some(trust) if trust.hardware_id != sealing.hardware_id => {
                    Some("for other hardware")
                }
                Some(trust) if trust.security_counter != sealing.security_counter => {
                    Some("with another security counter")
                }
                Some(_) => None,
            };
            if let Some(found) = found {
                return Err(BundleError::Terms { number, found });
            }
        }
        let index = self.index(Some(sealing));
        let index = index.ok_or(BundleError::TooMany { found: self.entries.len() })?;
        Ok((index, self.patches.clone()))
    }

    fn index(&self, sealing: Option<&Sealing<'_>>) -> Option<Vec<u8>> {
        write(self.target_len, self.target_digest, &self.entries, sealing)
    }
}

/// A patch on its way into a bundle.
struct Member<'a> {
    /// Which one it is, from 1 on.
    number: usize,
    header: Header,
    bytes: &'a [u8],
}

impl Member<'_> {
    /// Whether it belongs into one bundle with another.
    fn check_beside(&self, before: &Self) -> Result<(), BundleError> {
        let target = |header: &Header| (header.target_len, header.target_digest);
        if target(&self.header) != target(&before.header) {
            let text = |header: &Header| Hex(&header.target_digest).to_string();
            let (expected, found) = (text(&before.header), text(&self.header));
            return Err(BundleError::Target { number: self.number, expected, found });
        }
        let fits = |header: &Header| {
            (header.kind == Kind::Full, header.base_len, header.base_digest, header.memory)
        };
        if fits(&self.header) == fits(&before.header) {
            return Err(BundleError::Twice { first: before.number, number: self.number });
        }
        Ok(())
    }

    fn entry(&self) -> Result<Entry, BundleError> {
        let Header { kind, memory, base_len, base_digest, .. } = self.header;
        let (expected, found) = (u64::from(u32::MAX), self.bytes.len() as u64);
        let error = InfoError::TrailingData { expected, found };
        let too_long = BundleError::Patch { number: self.number, error };
        let len = u32::try_from(self.bytes.len()).map_err(|_| too_long)?;
        Ok(Entry { kind, memory, base_len, base_digest, offset: 0, len })
    }
}

/// A bundle whose index is legal and whose length is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle<'a> {
    /// Its index; nobody has checked who signed it.
    pub index: Index<'a>,
    bytes: &'a [u8],
}

impl<'a> Bundle<'a> {
    /// Reads a bundle.
    ///
    /// # Errors
    /// [`BundleError::Index`], [`BundleError::Length`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let index = Index::parse(bytes).map_err(BundleError::Index)?;
        let patches: u64 = index.entries().map(|entry| u64::from(entry.len)).sum();
        let (expected, found) = (u64::from(index.len) + patches, bytes.len() as u64);
        if expected != found {
            return Err(BundleError::Length { expected, found });
        }
        Ok(Self { index, bytes })
    }

    /// The patch that a device takes that runs `base` and has `ram_bytes` for applying; without base the full image.
    #[must_use]
    pub fn choose(&self, base: Option<&[u8]>, ram_bytes: usize) -> Option<&'a [u8]> {
        let digest = base.map_or([0; 32], sha256);
        // No image is as long as that: a bundle's patches end before.
        let len = base.map_or(u32::MAX, |base| u32::try_from(base.len()).unwrap_or(u32::MAX));
        let entry = self.index.choose(&Running { len, digest: &digest, ram_bytes })?;
        self.patch(&entry)
    }

    /// Bytes of the bundle.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an index is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes of one of its patches.
    #[must_use]
    pub fn patch(&self, entry: &Entry) -> Option<&'a [u8]> {
        self.bytes.get(entry.offset as usize..)?.get(..entry.len as usize)
    }
}
