//! The header: everything a device checks before it decodes a byte.
//!
//! ```text
//! offset  size  field
//!  0      1     1 (bit 7), kind (bits 4-6), version (bits 0-3)
//!  1      1     instruction set (bits 0-3), flags: regions, target address, marks, extensions
//!  2      1     memory / 256 bytes
//!  3      v     map entries
//!         v     target length, then body length
//!        (v)    base length minus target length, zigzag      if delta
//!        (1)    epoch: log2 bytes                            if flag "marks"
//!        (…)    addresses                                    if an instruction set is named
//!        (…)    extensions                                   if flag "extensions"
//!        (8)    first bytes of the base's SHA-256            if delta
//!         16    first bytes of the target's SHA-256
//!        (64)   signature                                    if extension "trust"
//! ```
//!
//! `v` is a [`varint`]. Addresses are varints of the address with its bytes reversed, because load addresses end in zeros:
//! base (delta only) and target, the target only if its flag is set or there is no base. With flag "regions" instead for
//! each image: count, one bit per region that holds code, addresses, lengths of all but the last.

use super::region::{MAX_REGIONS, Region, Regions};
use super::trust::{self, Seal};
use super::varint;
use crate::error::HeaderError;
use crate::model::Tables;
use crate::model::number::unzigzag;
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
pub const STATE_BYTES: usize = 832;

const VERSION_BITS: u8 = 0x0F;
pub(crate) const KIND_SHIFT: u8 = 4;
const ISA_BITS: u8 = 0x0F;
pub(crate) const FLAG_REGIONS: u8 = 1 << 4;
pub(crate) const FLAG_TARGET_ADDRESS: u8 = 1 << 5;
pub(crate) const FLAG_MARKS: u8 = 1 << 6;
pub(crate) const FLAG_EXTENSIONS: u8 = 1 << 7;
/// Set in the type of an extension that must be understood.
pub(crate) const EXTENSION_CRITICAL: u8 = 0x80;

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
    /// Memory that applying takes, in units of [`MEMORY_UNIT`](crate::model::MEMORY_UNIT) bytes.
    pub memory: u8,
    /// Entries of the address map.
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
    /// For who does not check signatures: one is read over, and what belongs to it not judged. A patch whose body is cut into blocks with
    /// digests between them is refused; [`parse_sealed`](Self::parse_sealed) takes it.
    ///
    /// # Errors
    /// [`HeaderError::Incomplete`] when `bytes` ends too soon: call again with more. Anything else: the
    /// patch is refused.
    pub fn parse(bytes: impl IntoIterator<Item = u8>) -> Result<(Self, usize), HeaderError> {
        read::<false>(bytes.into_iter()).map(|(header, _, len)| (header, len))
    }

    /// The same for who checks signatures: the [`Seal`] says what is signed and by whom.
    ///
    /// After the header follow [`Seal::payload_bytes`], not the body as it is.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_sealed(
        bytes: impl IntoIterator<Item = u8>,
    ) -> Result<(Self, Option<Seal>, usize), HeaderError> {
        read::<true>(bytes.into_iter())
    }

    /// What the declared memory is spent on; `None` when it is too little for any tables.
    #[must_use]
    pub fn tables(&self) -> Option<Tables> {
        let delta = self.kind == Kind::Delta;
        let addressed = self.isa != reference::NO_ISA;
        Tables::new(self.memory, STATE_BYTES, self.map_entries, delta, addressed)
    }

    /// Words of the workspace that the decoder needs.
    #[must_use]
    pub fn workspace_words(&self) -> usize {
        let map = self.map_entries as usize * map::ENTRY_WORDS;
        self.tables().map_or(0, |tables| {
            tables.model_words() + map + tables.cache_entries * cache::ENTRY_WORDS
        })
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

/// Bytes of a patch, at most [`MAX_HEADER_BYTES`], with their number.
#[derive(Debug)]
pub(super) struct Counted<I> {
    bytes: I,
    pub(super) count: usize,
}

impl<I: Iterator<Item = u8>> Iterator for Counted<I> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if self.count >= MAX_HEADER_BYTES {
            return None;
        }
        let byte = self.bytes.next()?;
        self.count += 1;
        Some(byte)
    }
}

fn read<const SEALED: bool>(
    bytes: impl Iterator<Item = u8>,
) -> Result<(Header, Option<Seal>, usize), HeaderError> {
    let mut counted = Counted { bytes, count: 0 };
    match parse::<SEALED, _>(&mut counted) {
        Err(HeaderError::Incomplete) if counted.count >= MAX_HEADER_BYTES => {
            Err(HeaderError::TooLong)
        }
        Err(error) => Err(error),
        Ok((header, seal)) => Ok((header, seal, counted.count)),
    }
}

pub(super) fn byte(bytes: &mut impl Iterator<Item = u8>) -> Result<u8, HeaderError> {
    bytes.next().ok_or(HeaderError::Incomplete)
}

/// How many bytes were read.
pub(super) fn place<I>(bytes: &Counted<I>) -> u16 {
    u16::try_from(bytes.count).unwrap_or(u16::MAX)
}

fn array<const N: usize>(bytes: &mut impl Iterator<Item = u8>) -> Result<[u8; N], HeaderError> {
    let mut array = [0; N];
    for slot in &mut array {
        *slot = byte(bytes)?;
    }
    Ok(array)
}

fn address(bytes: &mut impl Iterator<Item = u8>) -> Result<u32, HeaderError> {
    varint::read(bytes).map(u32::swap_bytes)
}

fn regions(bytes: &mut impl Iterator<Item = u8>, image_len: u32) -> Result<Regions, HeaderError> {
    let count = byte(bytes)?;
    if count == 0 || usize::from(count) > MAX_REGIONS {
        return Err(HeaderError::Regions);
    }
    let code = byte(bytes)?;
    if u32::from(code) >> count != 0 {
        return Err(HeaderError::Reserved);
    }
    let mut regions = Regions::default();
    let mut left = image_len;
    for index in 0..count {
        let address = address(bytes)?;
        let len = if index + 1 < count { varint::read(bytes)? } else { left };
        left = left.checked_sub(len).ok_or(HeaderError::Regions)?;
        regions.push(Region { len, address, code: code >> index & 1 == 1 });
    }
    checked(regions)
}

/// Regions must not wrap around the address space.
fn checked(regions: Regions) -> Result<Regions, HeaderError> {
    let wraps = regions.iter().any(|region| region.address.checked_add(region.len).is_none());
    if wraps { Err(HeaderError::Regions) } else { Ok(regions) }
}

/// Reads over the extensions; what is signed is noted in the seal.
fn extensions<const SEALED: bool, I: Iterator<Item = u8>>(
    bytes: &mut Counted<I>,
) -> Result<Option<Seal>, HeaderError> {
    let mut seal: Option<Seal> = None;
    let len = varint::read(bytes)? as usize;
    let start = bytes.count;
    let spent = |count: usize| count.wrapping_sub(start);
    while spent(bytes.count) < len {
        let kind = byte(bytes)?;
        let value_len = usize::from(byte(bytes)?);
        let end = spent(bytes.count) + value_len;
        if end > len {
            return Err(HeaderError::Reserved);
        }
        if SEALED && matches!(kind, trust::TRUST | trust::CERTIFICATE | trust::BLOCKS) {
            match (kind, &mut seal) {
                (trust::TRUST, None) => seal = Some(Seal::read(bytes, value_len)?),
                (trust::CERTIFICATE, Some(seal)) => seal.read_certificate(bytes, value_len)?,
                (trust::BLOCKS, Some(seal)) => seal.read_blocks(bytes, value_len)?,
                _ => return Err(HeaderError::Trust),
            }
            continue;
        }
        while spent(bytes.count) < end {
            byte(bytes)?;
        }
        // Who checks no signatures only needs to know that there is one.
        match kind {
            trust::TRUST => seal = Some(Seal::default()),
            trust::CERTIFICATE => {}
            _ if kind & EXTENSION_CRITICAL != 0 => {
                return Err(HeaderError::Extension { got: kind });
            }
            _ => {}
        }
    }
    Ok(seal)
}

fn parse<const SEALED: bool, I: Iterator<Item = u8>>(
    bytes: &mut Counted<I>,
) -> Result<(Header, Option<Seal>), HeaderError> {
    let first = byte(bytes)?;
    if first < 0x80 {
        return Err(HeaderError::NotAPatch { got: first });
    }
    if first & VERSION_BITS != VERSION {
        return Err(HeaderError::Version { got: first & VERSION_BITS });
    }
    let kind = match first >> KIND_SHIFT & 7 {
        0 => Kind::Full,
        1 => Kind::Delta,
        _ => return Err(HeaderError::Reserved),
    };
    let flags = byte(bytes)?;
    let isa = flags & ISA_BITS;
    let addressed = isa != reference::NO_ISA;
    let stray = !addressed && flags & (FLAG_REGIONS | FLAG_TARGET_ADDRESS) != 0;
    let doubled =
        flags & FLAG_TARGET_ADDRESS != 0 && (kind == Kind::Full || flags & FLAG_REGIONS != 0);
    if stray || doubled {
        return Err(HeaderError::Reserved);
    }
    let memory = byte(bytes)?;
    let map_entries = varint::read(bytes)?;
    let tables = Tables::new(memory, STATE_BYTES, map_entries, kind == Kind::Delta, addressed);
    if tables.is_none() || (!addressed && map_entries > 0) {
        return Err(HeaderError::Reserved);
    }
    let target_len = varint::read(bytes)?;
    let body_len = varint::read(bytes)?;
    let base_len = match kind {
        Kind::Delta => target_len.wrapping_add(unzigzag(varint::read(bytes)?)),
        Kind::Full => 0,
    };
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
            base_regions = checked(Regions::single(base_len, first))?;
        }
        target_regions = checked(Regions::single(target_len, second))?;
    }
    let mut seal = None;
    if flags & FLAG_EXTENSIONS != 0 {
        seal = extensions::<SEALED, I>(bytes)?;
    }
    let base_digest = if kind == Kind::Delta { array(bytes)? } else { [0; BASE_DIGEST_BYTES] };
    let target_digest = array(bytes)?;
    if let Some(seal) = &mut seal {
        seal.signature_at = place(bytes);
        array::<{ trust::SIGNATURE_BYTES }>(bytes)?;
    }
    let header = Header {
        kind,
        isa,
        memory,
        map_entries,
        base_len,
        target_len,
        body_len,
        epoch_log2,
        base_regions,
        target_regions,
        base_digest,
        target_digest,
    };
    Ok((header, seal))
}
