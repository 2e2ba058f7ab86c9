//! The header: everything a device checks before it decodes a byte.
//!
//! ```text
//! offset  size  field
//!  0      1     1 (bit 7), kind (bits 4-6), version (bits 0-3)
//!  1      1     instruction set (bits 0-3), flags: regions, target address, marks, extensions
//!  2      1     memory / 256 bytes
//!  3      v     2 * map entries, + 1 if the lengths differ
//!         v     target length, then body length
//!        (v)    base length minus target length, zigzag      if they differ
//!        (1)    epoch: log2 bytes                            if flag "marks"
//!        (…)    slot                                         if in place
//!        (…)    addresses                                    if an instruction set is named
//!        (…)    extensions                                   if flag "extensions"
//!        (4)    first bytes of the base's SHA-256            if delta
//!         8     first bytes of the target's SHA-256
//!        (64)   signature                                    if extension "trust"
//!        (4)    check                                        if in place
//! ```
//!
//! `v` is a [`varint`](super::varint). Addresses are varints of their bits in another order ([`region`](super::region)), because load
//! addresses end in zeros: base (delta only) and target, the target only if its flag is set or there is no base. With flag "regions"
//! instead for each image: count, one bit per region that holds code, addresses, lengths of all but the last. Numbers of the target are told by
//! exclusive or from those of the base's region of the same rank.

use super::in_place::{CHECK_BYTES, InPlace};
use super::reader::Reader;
use super::region::{MAX_REGIONS, Region, Regions};
use super::self_digest::{SELF_DIGESTS, SelfDigests};
use super::trust::{self, Seal};
use crate::error::HeaderError;
use crate::model::Tables;
use crate::model::number::unzigzag;
use crate::reference::{self, cache, map};

/// Version of the format that this crate reads and writes: 0, a draft.
pub const VERSION: u8 = 0;
/// Longest header, extensions included.
pub const MAX_HEADER_BYTES: usize = 512;
/// Bytes of the base's SHA-256 that are sent.
pub const BASE_DIGEST_BYTES: usize = 4;
/// Bytes of the target's SHA-256 that are sent.
pub const TARGET_DIGEST_BYTES: usize = 8;

/// What an applier keeps beside the workspace, at most: decoder registers and input buffer, digest
/// state, write-unit buffer, its own registers. A constant of the format, so that the declared RAM is
/// the same on every machine; `device-apply` asserts that it fits.
pub const STATE_BYTES: usize = 832;

const VERSION_BITS: u8 = 0x0F;
pub(crate) const KIND_SHIFT: u8 = 4;
pub(crate) const KIND_FULL: u8 = 0;
pub(crate) const KIND_DELTA: u8 = 1;
pub(crate) const KIND_IN_PLACE: u8 = 2;
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
    /// Target against base: written to a slot of its own, or [in place](Header::in_place).
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
    /// The slot where target and base are one after the other, if the patch is applied in place; deltas only.
    pub in_place: Option<InPlace>,
    /// Regions of the base image.
    pub base_regions: Regions,
    /// Regions of the target image.
    pub target_regions: Regions,
    /// First bytes of the base's SHA-256; zero for a full image.
    pub base_digest: [u8; BASE_DIGEST_BYTES],
    /// First bytes of the target's SHA-256.
    pub target_digest: [u8; TARGET_DIGEST_BYTES],
    /// Digests that the target holds of itself: whoever applies the patch puts them there. None without the feature `self-digests`,
    /// which refuses them.
    pub self_digests: SelfDigests,
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
        let mut bytes = bytes.into_iter();
        read::<false>(&mut Reader::new(&mut bytes)).map(|(header, _, len)| (header, len))
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
        let mut bytes = bytes.into_iter();
        read::<true>(&mut Reader::new(&mut bytes))
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

/// How the regions of an image are given.
#[derive(Clone, Copy)]
struct Given {
    /// In a list; else there is one, of code.
    list: bool,
    /// With their addresses; else these are the other image's.
    addresses: bool,
}

/// Reads the `regions` of an image of `len` bytes: how they differ from those of the same rank of the `other` image.
fn read_regions(
    reader: &mut Reader<'_>,
    given: Given,
    other: &Regions,
    regions: &mut Regions,
    len: u32,
) -> Option<()> {
    let (mut count, mut code) = (1, 1);
    if given.list {
        count = reader.byte()?;
        let legal = (1..=MAX_REGIONS).contains(&usize::from(count));
        reader.check(legal, HeaderError::Regions)?;
        code = reader.byte()?;
        reader.check(u32::from(code) >> count == 0, HeaderError::Reserved)?;
    }
    let mut others = other.iter();
    let mut left = len;
    for index in 0..count {
        let other = others.next().unwrap_or_default();
        let address = other.address ^ if given.addresses { reader.address()? } else { 0 };
        let len = if index + 1 < count { reader.varint()? ^ other.len } else { left };
        let region = Region { len, address, code: code >> index & 1 == 1 };
        reader.check(len <= left && !region.wraps(), HeaderError::Regions)?;
        left -= len;
        regions.push(region);
    }
    Some(())
}

fn read<const SEALED: bool>(
    reader: &mut Reader<'_>,
) -> Result<(Header, Option<Seal>, usize), HeaderError> {
    let mut header = Header::empty();
    let mut seal = None;
    match header.read::<SEALED>(reader, &mut seal) {
        Some(()) => Ok((header, seal, reader.taken())),
        None => Err(reader.error()),
    }
}

/// Reads over the extensions: whether the patch is signed. For who checks signatures the seal says by whom.
fn extensions<const SEALED: bool>(
    reader: &mut Reader<'_>,
    seal: &mut Option<Seal>,
    target_len: u32,
    digests: &mut SelfDigests,
) -> Option<bool> {
    let mut signed = false;
    let mut left = reader.varint()?;
    while left > 0 {
        let kind = reader.byte()?;
        let len = reader.byte()?;
        let Some(rest) = left.checked_sub(2 + u32::from(len)) else {
            return reader.fail(HeaderError::Reserved);
        };
        left = rest;
        if SEALED && matches!(kind, trust::TRUST | trust::CERTIFICATE | trust::BLOCKS) {
            match (kind, &mut *seal) {
                (trust::TRUST, None) => *seal = Some(Seal::read(reader, len)?),
                (trust::CERTIFICATE, Some(seal)) => seal.read_certificate(reader, len)?,
                (trust::BLOCKS, Some(seal)) => seal.read_blocks(reader, len)?,
                _ => return reader.fail(HeaderError::Trust),
            }
            continue;
        }
        if cfg!(feature = "self-digests") && kind == SELF_DIGESTS {
            digests.read(reader, len, target_len)?;
            continue;
        }
        reader.skip(len.into())?;
        // Who checks no signatures only needs to know that there is one.
        let known = matches!(kind, trust::TRUST | trust::CERTIFICATE);
        let ignored = kind & EXTENSION_CRITICAL == 0;
        reader.check(known || ignored, HeaderError::Extension { got: kind })?;
        signed |= kind == trust::TRUST;
    }
    Some(signed || SEALED && seal.is_some())
}

impl Header {
    /// Nothing read yet: not a legal header.
    fn empty() -> Self {
        Self {
            kind: Kind::Delta,
            isa: reference::NO_ISA,
            memory: 0,
            map_entries: 0,
            base_len: 0,
            target_len: 0,
            body_len: 0,
            epoch_log2: 0,
            in_place: None,
            base_regions: Regions::default(),
            target_regions: Regions::default(),
            base_digest: [0; BASE_DIGEST_BYTES],
            target_digest: [0; TARGET_DIGEST_BYTES],
            self_digests: SelfDigests::default(),
        }
    }

    /// Fills in what `reader` gives; `self` is empty before.
    ///
    /// **Cost**: in place, because a header is too large to be moved through every `?`.
    fn read<const SEALED: bool>(
        &mut self,
        reader: &mut Reader<'_>,
        seal: &mut Option<Seal>,
    ) -> Option<()> {
        let first = reader.byte()?;
        reader.check(first >= 0x80, HeaderError::NotAPatch { got: first })?;
        let version = first & VERSION_BITS;
        reader.check(version == VERSION, HeaderError::Version { got: version })?;
        let number = first >> KIND_SHIFT & 7;
        self.kind = match number {
            KIND_FULL => Kind::Full,
            KIND_DELTA => Kind::Delta,
            KIND_IN_PLACE if cfg!(feature = "in-place") => Kind::Delta,
            _ => return reader.fail(HeaderError::Reserved),
        };
        let delta = self.kind == Kind::Delta;
        let flags = reader.byte()?;
        self.isa = flags & ISA_BITS;
        let addressed = self.isa != reference::NO_ISA;
        let has = |flag| flags & flag != 0;
        let stray = !addressed && has(FLAG_REGIONS | FLAG_TARGET_ADDRESS);
        let doubled = has(FLAG_TARGET_ADDRESS) && (!delta || has(FLAG_REGIONS));
        reader.check(!stray && !doubled, HeaderError::Reserved)?;
        self.memory = reader.byte()?;
        let counted = reader.varint()?;
        self.map_entries = counted >> 1;
        let fits = (addressed || self.map_entries == 0) && self.tables().is_some();
        reader.check(fits, HeaderError::Reserved)?;
        self.target_len = reader.varint()?;
        self.body_len = reader.varint()?;
        let mut more = 0;
        if counted & 1 == 1 {
            reader.check(delta, HeaderError::Reserved)?;
            more = unzigzag(reader.varint()?);
        }
        if delta {
            self.base_len = self.target_len.wrapping_add(more);
        }
        if has(FLAG_MARKS) {
            self.epoch_log2 = reader.byte()?;
            reader.check((8..=31).contains(&self.epoch_log2), HeaderError::Epoch)?;
        }
        if cfg!(feature = "in-place") && number == KIND_IN_PLACE {
            let slot = InPlace::read(reader)?;
            let sound = slot.is_sound(self.base_len, self.target_len, self.epoch_log2);
            reader.check(sound, HeaderError::InPlace)?;
            self.in_place = Some(slot);
        }
        if addressed {
            let list = has(FLAG_REGIONS);
            let mut given = Given { list, addresses: true };
            let (base, target) = (&mut self.base_regions, &mut self.target_regions);
            if delta {
                // The target has none yet.
                read_regions(reader, given, target, base, self.base_len)?;
                given.addresses = list || has(FLAG_TARGET_ADDRESS);
            }
            read_regions(reader, given, base, target, self.target_len)?;
        }
        let digests = &mut self.self_digests;
        let signed =
            has(FLAG_EXTENSIONS) && extensions::<SEALED>(reader, seal, self.target_len, digests)?;
        if delta {
            reader.fill(&mut self.base_digest)?;
        }
        reader.fill(&mut self.target_digest)?;
        if SEALED && let Some(seal) = seal {
            seal.signature_at = reader.place();
        }
        if signed {
            reader.skip(trust::SIGNATURE_BYTES)?;
        }
        if cfg!(feature = "in-place")
            && let Some(slot) = &mut self.in_place
        {
            let mut check = [0; CHECK_BYTES];
            reader.fill(&mut check)?;
            slot.check = u32::from_le_bytes(check);
        }
        Some(())
    }
}
