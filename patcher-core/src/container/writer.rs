//! Writes a header, the mirror of [`Header::parse`], and makes a patch ready for signing.

use super::header::{
    FLAG_EXTENSIONS, FLAG_MARKS, FLAG_REGIONS, FLAG_TARGET_ADDRESS, Header, KIND_DELTA, KIND_FULL,
    KIND_IN_PLACE, KIND_SHIFT, Kind, VERSION,
};
use super::in_place::CHECK_BYTES;
use super::region::{Region, Regions, written};
use super::self_digest::SELF_DIGESTS;
use super::trust::{self, BLOCK_DIGEST_BYTES, KEY_ID_BYTES, SIGNATURE_BYTES};
use super::varint;
use crate::crc::Crc32;
use crate::model::number::zigzag;
use crate::reference;
use core::iter;

/// The address of a default layout: one region of code over the image.
fn default_address(regions: &Regions) -> Option<u32> {
    match regions.iter().next() {
        Some(region) if regions.len() == 1 && region.code => Some(region.address),
        _ => None,
    }
}

/// The regions of an image: how they differ from those of the same rank of the `other` image.
fn write_regions(out: &mut Vec<u8>, regions: &Regions, other: &Regions) {
    out.push(u8::try_from(regions.len()).unwrap_or(u8::MAX));
    let code = regions.iter().rev().fold(0u8, |bits, region| bits << 1 | u8::from(region.code));
    out.push(code);
    let others = other.iter().chain(iter::repeat(Region::default()));
    for (index, (region, other)) in regions.iter().zip(others).enumerate() {
        varint::write(out, written(region.address ^ other.address));
        if index + 1 < regions.len() {
            varint::write(out, region.len ^ other.len);
        }
    }
}

/// The header as bytes. Fields must be legal: [`Header::parse`] of the result gives the same value.
#[must_use]
pub fn write(header: &Header) -> Vec<u8> {
    let mut out = write_with(header, &[]);
    if let Some(slot) = header.in_place {
        out.extend(slot.check.to_le_bytes());
    }
    out
}

/// Header and payload put together; the check of a patch that is applied in place is made right, whatever the header says.
#[must_use]
pub fn join(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut patch = write(header);
    let checked = header.in_place.is_some();
    append(&mut patch, checked, payload);
    patch
}

/// Appends what follows the header. If the header ends in a check, that is put right.
fn append(header: &mut Vec<u8>, checked: bool, payload: &[u8]) {
    let before = header.len().saturating_sub(if checked { CHECK_BYTES } else { 0 });
    if let Some((before, check)) = header.split_at_mut_checked(before).filter(|_| checked) {
        let mut crc = Crc32::new();
        crc.update(before);
        crc.update(payload);
        for (slot, byte) in check.iter_mut().zip(crc.value().to_le_bytes()) {
            *slot = byte;
        }
    }
    header.extend(payload);
}

/// What of a patch is to be signed; see [`Trust`](super::trust::Trust).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealing<'a> {
    /// Of the key that the device must hold.
    pub key_id: [u8; KEY_ID_BYTES],
    /// Devices whose own counter is higher refuse the patch.
    pub security_counter: u32,
    /// At most [`MAX_HARDWARE_ID_BYTES`](super::trust::MAX_HARDWARE_ID_BYTES).
    pub hardware_id: &'a [u8],
    /// Value of the extension `certificate`.
    pub certificate: Option<&'a [u8]>,
    /// Log2 of the block size, within [`BLOCK_LOG2`](super::trust::BLOCK_LOG2); `None` for one block.
    pub block_log2: Option<u8>,
}

/// A patch without its signature, which belongs between the two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The header but for its signature: what is signed, after
    /// [`PATCH_DOMAIN`](super::trust::PATCH_DOMAIN).
    pub message: Vec<u8>,
    /// What follows the header: the body, and digests between its blocks.
    pub payload: Vec<u8>,
    /// Whether the header ends in a check, behind its signature: the patch is applied in place.
    pub checked: bool,
}

impl Sealed {
    /// The patch.
    #[must_use]
    pub fn sign(&self, signature: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
        let mut patch = [&self.message, &signature[..]].concat();
        if self.checked {
            patch.extend([0; CHECK_BYTES]);
        }
        append(&mut patch, self.checked, &self.payload);
        patch
    }
}

/// Makes ready for signing. `digest` gives the first bytes of the SHA-256.
///
/// A value that the format does not allow gives a header that [`Header::parse_sealed`] refuses.
#[must_use]
pub fn seal(
    header: &Header,
    body: &[u8],
    sealing: &Sealing<'_>,
    digest: impl Fn(&[u8]) -> [u8; BLOCK_DIGEST_BYTES],
) -> Sealed {
    let (payload, body_digest) = link(body, sealing.block_log2, digest);
    let mut trust = [&sealing.key_id[..], &body_digest].concat();
    varint::write(&mut trust, sealing.security_counter);
    trust.extend(sealing.hardware_id);
    let mut extensions = Vec::new();
    extension(&mut extensions, trust::TRUST, &trust);
    if let Some(certificate) = sealing.certificate {
        extension(&mut extensions, trust::CERTIFICATE, certificate);
    }
    if let Some(log2) = sealing.block_log2 {
        extension(&mut extensions, trust::BLOCKS, &[log2]);
    }
    let checked = header.in_place.is_some();
    Sealed { message: write_with(header, &extensions), payload, checked }
}

fn extension(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    out.extend([kind, u8::try_from(value.len()).unwrap_or(u8::MAX)]);
    out.extend(value);
}

/// Cuts `body` into blocks, each of which but the last begins with the digest of the next; the digest of the first.
fn link(
    body: &[u8],
    block_log2: Option<u8>,
    digest: impl Fn(&[u8]) -> [u8; BLOCK_DIGEST_BYTES],
) -> (Vec<u8>, [u8; BLOCK_DIGEST_BYTES]) {
    let block = block_log2.map_or(usize::MAX, |log2| 1usize << log2.min(31));
    let room = block.saturating_sub(BLOCK_DIGEST_BYTES).max(1);
    let links = body.len().saturating_sub(block).div_ceil(room);
    let (linked, last) = body.split_at_checked(links * room).unwrap_or((body, &[]));
    let mut next = digest(last);
    let mut blocks = vec![last.to_vec()];
    for data in linked.chunks(room).rev() {
        let block = [&next[..], data].concat();
        next = digest(&block);
        blocks.push(block);
    }
    blocks.reverse();
    (blocks.concat(), next)
}

/// The body in `payload`, without the digests between blocks of `block_bytes`, which are not looked at.
#[must_use]
pub fn unlink(payload: &[u8], block_bytes: u32) -> Vec<u8> {
    let mut body = Vec::with_capacity(payload.len());
    let mut blocks = payload.chunks((block_bytes as usize).max(1)).peekable();
    while let Some(block) = blocks.next() {
        let skipped = if blocks.peek().is_some() { BLOCK_DIGEST_BYTES } else { 0 };
        body.extend(block.get(skipped..).unwrap_or(&[]));
    }
    body
}

/// The header with `extensions` beside those that are its own; without signature and check.
fn write_with(header: &Header, extensions: &[u8]) -> Vec<u8> {
    let mut extensions = extensions.to_vec();
    if !header.self_digests.is_empty() {
        let value = header.self_digests.written(header.target_len);
        extension(&mut extensions, SELF_DIGESTS, &value);
    }
    let delta = header.kind == Kind::Delta;
    let addressed = header.isa != reference::NO_ISA;
    let base = default_address(&header.base_regions);
    let target = default_address(&header.target_regions);
    let mut flags = header.isa;
    let default = target.is_some() && (!delta || base.is_some());
    if addressed && !default {
        flags |= FLAG_REGIONS;
    }
    if addressed && default && delta && base != target {
        flags |= FLAG_TARGET_ADDRESS;
    }
    if header.epoch_log2 != 0 {
        flags |= FLAG_MARKS;
    }
    if !extensions.is_empty() {
        flags |= FLAG_EXTENSIONS;
    }
    let kind = match (header.kind, header.in_place) {
        (Kind::Full, _) => KIND_FULL,
        (Kind::Delta, None) => KIND_DELTA,
        (Kind::Delta, Some(_)) => KIND_IN_PLACE,
    };
    let mut out = vec![0x80 | kind << KIND_SHIFT | VERSION, flags, header.memory];
    let differ = delta && header.base_len != header.target_len;
    varint::write(&mut out, header.map_entries << 1 | u32::from(differ));
    varint::write(&mut out, header.target_len);
    varint::write(&mut out, header.body_len);
    if differ {
        varint::write(&mut out, zigzag(header.base_len.wrapping_sub(header.target_len)));
    }
    if header.epoch_log2 != 0 {
        out.push(header.epoch_log2);
    }
    if let Some(slot) = header.in_place {
        out.push(slot.form_byte());
        varint::write(&mut out, slot.slot_pages.into());
        varint::write(&mut out, slot.reserve_pages.into());
    }
    if addressed && !default {
        if delta {
            write_regions(&mut out, &header.base_regions, &Regions::default());
        }
        write_regions(&mut out, &header.target_regions, &header.base_regions);
    } else if addressed {
        let first = if delta { base } else { target };
        varint::write(&mut out, written(first.unwrap_or(0)));
        if flags & FLAG_TARGET_ADDRESS != 0 {
            varint::write(&mut out, written(target.unwrap_or(0) ^ base.unwrap_or(0)));
        }
    }
    if !extensions.is_empty() {
        varint::write(&mut out, u32::try_from(extensions.len()).unwrap_or(u32::MAX));
        out.extend(&extensions);
    }
    if delta {
        out.extend(header.base_digest);
    }
    out.extend(header.target_digest);
    out
}
