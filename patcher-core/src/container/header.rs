//! The header: everything a device checks before it decodes a byte.
//!
//! ```text
//! offset  size  field
//!  0      1     0x80 | version (0)
//!  1      1     flags: kind (bits 0-1), regions, target address, marks, extensions (2-5), 6-7 zero
//!  2      1     instruction set (bits 0-3), codec (bits 4-7, zero)
//!  3      1     hit slots / 64
//!  4      1     byte slots / 128
//!  5      1     cache entries / 8
//!  6      v     map entries
//!         v     target length, then body length, then (delta) base length
//!        (1)    epoch: log2 bytes                        if flag "marks"
//!        (…)    addresses                                if an instruction set is named
//!        (…)    extensions                               if flag "extensions"
//!        (8)    first bytes of the base's SHA-256        if delta
//!         16    first bytes of the target's SHA-256
//! ```
//!
//! `v` is a [`varint`]. Addresses: base (delta only) and target, little endian, the target only if its
//! flag is set or there is no base; with flag "regions" instead for each image a count, then length
//! (v), address (4), content (0 data, 1 code) of each region.

use super::region::{MAX_REGIONS, Region, Regions};
use super::varint;
use crate::error::HeaderError;
use crate::model::FIXED_WORDS;
use crate::reference::{self, cache, map};

/// Version of the format that this crate reads and writes: 0, a draft.
pub const VERSION: u8 = 0;
/// Longest header, extensions included.
pub const MAX_HEADER_BYTES: usize = 512;
/// Bytes of the base's SHA-256 that are sent.
pub const BASE_DIGEST_BYTES: usize = 8;
/// Bytes of the target's SHA-256 that are sent.
pub const TARGET_DIGEST_BYTES: usize = 16;

/// What an applier keeps beside the workspace, at most: decoder registers and input buffer, digest
/// state, write-unit buffer, its own registers. A constant of the format, so that the declared RAM is
/// the same on every machine; `device-apply` asserts that it fits.
pub const STATE_BYTES: usize = 1024;

pub(crate) const KIND: u8 = 0b11;
pub(crate) const FLAG_REGIONS: u8 = 1 << 2;
pub(crate) const FLAG_TARGET_ADDRESS: u8 = 1 << 3;
pub(crate) const FLAG_MARKS: u8 = 1 << 4;
pub(crate) const FLAG_EXTENSIONS: u8 = 1 << 5;
const FLAGS_RESERVED: u8 = 0b1100_0000;
/// Set in the type of an extension that must be understood.
pub(crate) const EXTENSION_CRITICAL: u8 = 0x80;

pub(crate) const HIT_STEP: u32 = 64;
pub(crate) const BYTE_STEP: u32 = 128;
pub(crate) const CACHE_STEP: u32 = 8;

/// What a patch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Target against base, written to a slot of its own.
    Delta,
    /// The target alone.
    Full,
}

/// A parsed header; only legal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the patch is.
    pub kind: Kind,
    /// Number of the instruction set, [`reference::NO_ISA`] for none.
    pub isa: u8,
    /// Counters of the hit model: a multiple of 64, 64..=16,320.
    pub hit_slots: u32,
    /// Counters of the byte model: a multiple of 128, 128..=32,640.
    pub byte_slots: u32,
    /// Entries of the exception cache: a multiple of 8, 0..=2,040.
    pub cache_entries: u32,
    /// Entries of the address map, at most 65,535.
    pub map_entries: u32,
    /// Length of the base image in bytes; 0 for a full image.
    pub base_len: u32,
    /// Length of the target image in bytes.
    pub target_len: u32,
    /// Length of the body in bytes.
    pub body_len: u32,
    /// Log2 of the distance of restart marks in target bytes, 8..=31; 0 without marks.
    pub epoch_log2: u8,
    /// Regions of the base image.
    pub base_regions: Regions,
    /// Regions of the target image.
    pub target_regions: Regions,
    /// First bytes of the base's SHA-256; zero for a full image.
    pub base_digest: [u8; BASE_DIGEST_BYTES],
    /// First bytes of the target's SHA-256.
    pub target_digest: [u8; TARGET_DIGEST_BYTES],
}

impl Header {
    /// Reads a header from the first bytes of a patch; the second value is its length in bytes.
    ///
    /// # Errors
    /// [`HeaderError::Incomplete`] when `bytes` ends too soon: call again with more. Anything else: the
    /// patch is refused.
    pub fn parse(bytes: impl IntoIterator<Item = u8>) -> Result<(Self, usize), HeaderError> {
        let mut count = 0usize;
        let mut limited = bytes.into_iter().take(MAX_HEADER_BYTES).inspect(|_| count += 1);
        let header = parse(&mut limited);
        drop(limited);
        match header {
            Err(HeaderError::Incomplete) if count >= MAX_HEADER_BYTES => Err(HeaderError::TooLong),
            Err(error) => Err(error),
            Ok(header) => Ok((header, count)),
        }
    }

    /// Words of the workspace that the decoder needs.
    #[must_use]
    pub fn workspace_words(&self) -> usize {
        FIXED_WORDS
            + self.hit_slots as usize
            + self.byte_slots as usize
            + self.map_entries as usize * map::ENTRY_WORDS
            + self.cache_entries as usize * cache::ENTRY_WORDS
    }

    /// All memory that applying the patch takes, stack excluded: the workspace and [`STATE_BYTES`].
    #[must_use]
    pub fn ram_bytes(&self) -> usize {
        2 * self.workspace_words() + STATE_BYTES
    }

    /// Target bytes between restart marks, or `None` without marks.
    #[must_use]
    pub fn epoch(&self) -> Option<u32> {
        (self.epoch_log2 != 0).then(|| 1 << self.epoch_log2)
    }
}

fn byte(bytes: &mut impl Iterator<Item = u8>) -> Result<u8, HeaderError> {
    bytes.next().ok_or(HeaderError::Incomplete)
}

fn array<const N: usize>(bytes: &mut impl Iterator<Item = u8>) -> Result<[u8; N], HeaderError> {
    let mut array = [0; N];
    for slot in &mut array {
        *slot = byte(bytes)?;
    }
    Ok(array)
}

fn address(bytes: &mut impl Iterator<Item = u8>) -> Result<u32, HeaderError> {
    array(bytes).map(u32::from_le_bytes)
}

fn regions(bytes: &mut impl Iterator<Item = u8>, image_len: u32) -> Result<Regions, HeaderError> {
    let count = byte(bytes)?;
    if count == 0 || usize::from(count) > MAX_REGIONS {
        return Err(HeaderError::Regions);
    }
    let mut regions = Regions::default();
    for _ in 0..count {
        let len = varint::read(bytes)?;
        let address = address(bytes)?;
        let code = match byte(bytes)? {
            0 => false,
            1 => true,
            _ => return Err(HeaderError::Reserved),
        };
        regions.push(Region { len, address, code });
    }
    checked(regions, image_len)
}

/// Regions must cover the image and must not wrap around the address space.
fn checked(regions: Regions, image_len: u32) -> Result<Regions, HeaderError> {
    let wraps = regions.iter().any(|region| region.address.checked_add(region.len).is_none());
    if wraps || regions.total() != Some(image_len) {
        return Err(HeaderError::Regions);
    }
    Ok(regions)
}

fn extensions(bytes: &mut impl Iterator<Item = u8>) -> Result<(), HeaderError> {
    let mut left = varint::read(bytes)?;
    while left > 0 {
        let kind = byte(bytes)?;
        let len = byte(bytes)?;
        left = left.checked_sub(2 + u32::from(len)).ok_or(HeaderError::Reserved)?;
        for _ in 0..len {
            byte(bytes)?;
        }
        if kind & EXTENSION_CRITICAL != 0 {
            return Err(HeaderError::Extension { got: kind });
        }
    }
    Ok(())
}

fn parse(bytes: &mut impl Iterator<Item = u8>) -> Result<Header, HeaderError> {
    let first = byte(bytes)?;
    if first < 0x80 {
        return Err(HeaderError::NotAPatch { got: first });
    }
    if first & 0x7F != VERSION {
        return Err(HeaderError::Version { got: first & 0x7F });
    }
    let flags = byte(bytes)?;
    let kind = match flags & KIND {
        0 => Kind::Full,
        1 => Kind::Delta,
        _ => return Err(HeaderError::Reserved),
    };
    let isa_and_codec = byte(bytes)?;
    let isa = isa_and_codec & 0x0F;
    let addressed = isa != reference::NO_ISA;
    let stray = !addressed && flags & (FLAG_REGIONS | FLAG_TARGET_ADDRESS) != 0;
    let doubled =
        flags & FLAG_TARGET_ADDRESS != 0 && (kind == Kind::Full || flags & FLAG_REGIONS != 0);
    if flags & FLAGS_RESERVED != 0 || isa_and_codec & 0xF0 != 0 || stray || doubled {
        return Err(HeaderError::Reserved);
    }
    let hit_slots = u32::from(byte(bytes)?) * HIT_STEP;
    let byte_slots = u32::from(byte(bytes)?) * BYTE_STEP;
    let cache_entries = u32::from(byte(bytes)?) * CACHE_STEP;
    let map_entries = varint::read(bytes)?;
    if hit_slots == 0 || byte_slots == 0 || map_entries > 0xFFFF || (!addressed && map_entries > 0)
    {
        return Err(HeaderError::Reserved);
    }
    let target_len = varint::read(bytes)?;
    let body_len = varint::read(bytes)?;
    let base_len = if kind == Kind::Delta { varint::read(bytes)? } else { 0 };
    let epoch_log2 = if flags & FLAG_MARKS != 0 { byte(bytes)? } else { 0 };
    if flags & FLAG_MARKS != 0 && !(8..=31).contains(&epoch_log2) {
        return Err(HeaderError::Epoch);
    }
    let mut base_regions = Regions::default();
    let mut target_regions = Regions::default();
    if addressed && flags & FLAG_REGIONS != 0 {
        if kind == Kind::Delta {
            base_regions = regions(bytes, base_len)?;
        }
        target_regions = regions(bytes, target_len)?;
    } else if addressed {
        let first = address(bytes)?;
        let second = if flags & FLAG_TARGET_ADDRESS != 0 { address(bytes)? } else { first };
        if kind == Kind::Delta {
            base_regions = checked(Regions::single(base_len, first), base_len)?;
        }
        target_regions = checked(Regions::single(target_len, second), target_len)?;
    }
    if flags & FLAG_EXTENSIONS != 0 {
        extensions(bytes)?;
    }
    let base_digest = if kind == Kind::Delta { array(bytes)? } else { [0; BASE_DIGEST_BYTES] };
    let target_digest = array(bytes)?;
    Ok(Header {
        kind,
        isa,
        hit_slots,
        byte_slots,
        cache_entries,
        map_entries,
        base_len,
        target_len,
        body_len,
        epoch_log2,
        base_regions,
        target_regions,
        base_digest,
        target_digest,
    })
}
