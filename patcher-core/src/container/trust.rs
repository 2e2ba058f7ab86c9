//! What of a patch is signed, and by whom: the extensions `trust`, `certificate` and `blocks`.
//!
//! ```text
//! trust        0x81   key id (4), body digest (16), security counter (v), hardware id (0..=32)
//! certificate  0x82   public key (33), last counter (v), signature by a root key (64)
//! blocks       0x83   log2 of the block size (1)
//! ```
//!
//! With `trust`, the header ends in a signature (64). It covers [`PATCH_DOMAIN`] and all of the header before it; the body is
//! covered by its digest in there. With `blocks` that digest is the first block's only, and each block but the last begins with
//! the digest of the one after it, so that a stream is checked block by block with room for one.
//!
//! This module reads and checks no signature: [`Seal::view`] gives what is signed, and the signature.
//!
//! **Reference**: docs/format.md §2.1.

use super::reader::Reader;
use crate::error::HeaderError;

/// Bytes of a key id: the first of the SHA-256 of the key's 65 bytes in uncompressed form.
pub const KEY_ID_BYTES: usize = 4;
/// Bytes of a body's or block's SHA-256 that are sent.
pub const BLOCK_DIGEST_BYTES: usize = 16;
/// Longest hardware id.
pub const MAX_HARDWARE_ID_BYTES: usize = 32;
/// Bytes of a public key in compressed form (SEC 1, 2.3.3).
pub const PUBLIC_KEY_BYTES: usize = 33;
/// Bytes of a signature: r, then s, big endian.
pub const SIGNATURE_BYTES: usize = 64;
/// Range of the log2 of the block size.
pub const BLOCK_LOG2: core::ops::RangeInclusive<u8> = 6..=15;
/// What is signed of a patch begins with this, so that the signature means nothing elsewhere.
pub const PATCH_DOMAIN: &[u8] = b"patcher patch\n";
/// What is signed of a certificate begins with this.
pub const CERTIFICATE_DOMAIN: &[u8] = b"patcher certificate\n";

/// Type of the extension that says that the header is signed.
pub(crate) const TRUST: u8 = 0x81;
/// Type of the extension that vouches for the signing key.
pub(crate) const CERTIFICATE: u8 = 0x82;
/// Type of the extension that cuts the body into blocks.
pub(crate) const BLOCKS: u8 = 0x83;

/// [`BLOCK_DIGEST_BYTES`] as a length in the patch.
const LINK_BYTES: u32 = 16;
const _: () = assert!(LINK_BYTES as usize == BLOCK_DIGEST_BYTES);

/// Bytes of `trust` before its security counter.
const TRUST_FIXED: usize = KEY_ID_BYTES + BLOCK_DIGEST_BYTES;

/// Where a header has what is signed; [`view`](Self::view) reads it there.
///
/// Small and `Copy`, so that it can be kept where the header's bytes cannot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seal {
    trust_at: u16,
    hardware_id_at: u16,
    hardware_id_len: u8,
    /// 0 without certificate.
    certificate_at: u16,
    certificate_len: u8,
    pub(super) signature_at: u16,
    security_counter: u32,
    last_counter: u32,
    /// 0 without blocks.
    block_log2: u8,
}

/// What a signed header says, and what its signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trust<'a> {
    /// The key that the device must hold: the one that signed, or with a certificate the root's.
    pub key_id: [u8; KEY_ID_BYTES],
    /// First bytes of the SHA-256 of the body, or with blocks of the first block.
    pub body_digest: [u8; BLOCK_DIGEST_BYTES],
    /// Raised by the vendor when older firmware must not come back.
    pub security_counter: u32,
    /// The hardware that the patch is for; may be empty.
    pub hardware_id: &'a [u8],
    /// The signing key, if it is not one that the device holds.
    pub certificate: Option<Certificate<'a>>,
    /// What is signed, after [`PATCH_DOMAIN`]: the header before its signature.
    pub message: &'a [u8],
    /// r, then s.
    pub signature: &'a [u8; SIGNATURE_BYTES],
}

/// A root key's word for a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The signing key in compressed form.
    pub public_key: &'a [u8; PUBLIC_KEY_BYTES],
    /// Highest security counter of patches that it may sign.
    pub last_counter: u32,
    /// What is signed, after [`CERTIFICATE_DOMAIN`]: key and counter as they are written.
    pub message: &'a [u8],
    /// By the root key: r, then s.
    pub signature: &'a [u8; SIGNATURE_BYTES],
}

impl Certificate<'_> {
    /// Reads the value of the extension `certificate`.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Certificate<'_>> {
        let (message, signature) = value.split_last_chunk()?;
        let (public_key, counter) = message.split_first_chunk()?;
        let mut bytes = counter.iter().copied();
        let mut reader = Reader::new(&mut bytes);
        let last_counter = reader.varint()?;
        (reader.taken() == counter.len()).then_some(Certificate {
            public_key,
            last_counter,
            message,
            signature,
        })
    }
}

impl Seal {
    /// Reads the value of `trust`.
    pub(super) fn read(reader: &mut Reader<'_>, len: u8) -> Option<Self> {
        let trust_at = reader.place();
        reader.check(usize::from(len) > TRUST_FIXED, HeaderError::Trust)?;
        reader.skip(TRUST_FIXED)?;
        let security_counter = reader.varint()?;
        let hardware_id_at = reader.place();
        let hardware_id_len = left(reader, trust_at, len)?;
        let short = usize::from(hardware_id_len) <= MAX_HARDWARE_ID_BYTES;
        reader.check(short, HeaderError::Trust)?;
        reader.skip(hardware_id_len.into())?;
        let own = Self::default();
        Some(Self { trust_at, hardware_id_at, hardware_id_len, security_counter, ..own })
    }

    /// Reads the value of `certificate`.
    pub(super) fn read_certificate(&mut self, reader: &mut Reader<'_>, len: u8) -> Option<()> {
        let fits = usize::from(len) > PUBLIC_KEY_BYTES + SIGNATURE_BYTES;
        let first = self.certificate_at == 0 && self.block_log2 == 0;
        reader.check(first && fits, HeaderError::Trust)?;
        self.certificate_at = reader.place();
        self.certificate_len = len;
        reader.skip(PUBLIC_KEY_BYTES)?;
        self.last_counter = reader.varint()?;
        let rest = usize::from(left(reader, self.certificate_at, len)?);
        reader.check(rest == SIGNATURE_BYTES, HeaderError::Trust)?;
        reader.skip(SIGNATURE_BYTES)
    }

    /// Reads the value of `blocks`.
    pub(super) fn read_blocks(&mut self, reader: &mut Reader<'_>, len: u8) -> Option<()> {
        reader.check(self.block_log2 == 0 && len == 1, HeaderError::Trust)?;
        self.block_log2 = reader.byte()?;
        reader.check(BLOCK_LOG2.contains(&self.block_log2), HeaderError::Trust)
    }

    /// What the bytes of a header say that this seal was read from, without what follows them; `None` if it was another.
    #[must_use]
    pub fn view<'a>(&self, header: &'a [u8]) -> Option<Trust<'a>> {
        let (message, signature) = header.split_at_checked(self.signature_at.into())?;
        // A patch that is applied in place has its check behind the signature.
        let signature = signature.first_chunk()?;
        let (key_id, rest) = message.get(self.trust_at.into()..)?.split_first_chunk()?;
        let (body_digest, _) = rest.split_first_chunk()?;
        let part = |at: u16, len: u8| message.get(at.into()..)?.get(..len.into());
        let certificate = match self.certificate_at {
            0 => None,
            at => Some(Certificate::parse(part(at, self.certificate_len)?)?),
        };
        Some(Trust {
            key_id: *key_id,
            body_digest: *body_digest,
            security_counter: self.security_counter,
            hardware_id: part(self.hardware_id_at, self.hardware_id_len)?,
            certificate,
            message,
            signature,
        })
    }

    /// Bytes of a block that is not the last, its digest included; `None` when the body is not cut.
    #[must_use]
    pub fn block_bytes(&self) -> Option<u32> {
        (self.block_log2 != 0).then(|| 1 << self.block_log2)
    }

    /// Bytes that follow the header: a body of `body_len` bytes and the digests between its blocks.
    #[must_use]
    pub fn payload_bytes(&self, body_len: u32) -> u64 {
        let links = self.block_bytes().map_or(0, |block| {
            let room = block.wrapping_sub(LINK_BYTES).max(1);
            body_len.saturating_sub(block).div_ceil(room)
        });
        u64::from(body_len) + u64::from(links) * u64::from(LINK_BYTES)
    }
}

/// Bytes that were not read yet of a value of `len` bytes that started at `start`.
fn left(reader: &mut Reader<'_>, start: u16, len: u8) -> Option<u8> {
    let read = reader.place().wrapping_sub(start);
    match u16::from(len).checked_sub(read).map(u8::try_from) {
        Some(Ok(left)) => Some(left),
        _ => reader.fail(HeaderError::Trust),
    }
}
