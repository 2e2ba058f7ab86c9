//! The header (§2).

use core::ops::Range;

use crate::Reject;
use crate::region::{Region, Regions};
use crate::sizes::Sizes;
use crate::values::unzigzag;

/// What the header says.
#[derive(Clone, Debug)]
pub struct Header {
    /// A full image, not a delta.
    pub full: bool,
    /// Number of the instruction set (§5).
    pub isa: u8,
    /// Units of memory.
    pub memory: u8,
    /// Entries of the address map.
    pub map_entries: u32,
    /// Bytes of the target image.
    pub target_len: u32,
    /// Bytes of the body.
    pub body_len: u32,
    /// Bytes of the base image; 0 for a full image.
    pub base_len: u32,
    /// log₂ of the distance of restart marks, if there are marks.
    pub epoch: Option<u32>,
    /// What §2.2 adds, if the patch is applied in place.
    pub in_place: Option<InPlace>,
    /// Where the base image lies.
    pub base_regions: Regions,
    /// Where the target image lies.
    pub target_regions: Regions,
    /// First bytes of the SHA-256 of the base; empty for a full image.
    pub base_digest: Vec<u8>,
    /// First bytes of the SHA-256 of the target.
    pub target_digest: Vec<u8>,
    /// What §2.1 adds, if the header is signed.
    pub trust: Option<Trust>,
    /// What §2.3 adds.
    pub self_digests: Vec<SelfDigest>,
    /// Each field's name and place in the patch, in order.
    pub fields: Vec<(&'static str, Range<usize>)>,
}

impl Header {
    /// Bytes of the header.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.fields.last().map_or(0, |(_, place)| place.end)
    }
}

/// The slot of a patch that is applied in place (§2.2).
#[derive(Clone, Debug, Default)]
pub struct InPlace {
    /// Bytes of a page.
    pub page: u64,
    /// Bytes of the slot.
    pub slot: u64,
    /// The base goes to a scratch, page by page.
    pub scratch: bool,
    /// Every mark resets the model.
    pub resets: bool,
    /// Bytes that the base moves up by, or bytes of the scratch.
    pub reserve: u64,
    /// CRC-32 of the patch without these four bytes.
    pub check: u32,
}

impl InPlace {
    /// Bytes at the start of the base that are gone in the epoch that ends at `epoch_end`.
    #[must_use]
    pub fn gone(&self, epoch_end: u32) -> u64 {
        let written = u64::from(epoch_end).div_ceil(self.page) * self.page;
        written.saturating_sub(self.reserve)
    }
}

/// A digest that the target holds of itself (§2.3).
#[derive(Clone, Copy, Debug)]
pub struct SelfDigest {
    /// 0 SHA-256, 1 CRC-32, 2 the same with the high byte first.
    pub kind: u32,
    /// Where it is in the target.
    pub at: u32,
    /// Bytes from the target's first on that it is of.
    pub covered: u32,
}

impl SelfDigest {
    /// Bytes of such a digest.
    #[must_use]
    pub fn len_bytes(&self) -> u32 {
        if self.kind == 0 { 32 } else { 4 }
    }
}

/// The three extensions of §2.1 and the signature.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// First bytes of the SHA-256 of a key of the device.
    pub key_id: Vec<u8>,
    /// First bytes of the SHA-256 of body or first block.
    pub body_digest: Vec<u8>,
    /// The patch's own.
    pub security_counter: u32,
    /// Any bytes.
    pub hardware_id: Vec<u8>,
    /// The root's word for the signing key.
    pub certificate: Option<Certificate>,
    /// k.
    pub blocks: Option<u32>,
    /// At the end of the header.
    pub signature: Vec<u8>,
}

/// The value of the extension *certificate*.
#[derive(Clone, Debug, Default)]
pub struct Certificate {
    /// A point in compressed form.
    pub public_key: Vec<u8>,
    /// Highest security counter of its patches.
    pub last_counter: u32,
    /// Key and counter as they are written.
    pub signed: Vec<u8>,
    /// The root key's.
    pub signature: Vec<u8>,
}

const HEADER_LIMIT: usize = 512;

/// Reads bytes in order and remembers the fields.
struct Cursor<'a> {
    patch: &'a [u8],
    position: usize,
    fields: Vec<(&'static str, Range<usize>)>,
}

impl Cursor<'_> {
    fn take(&mut self, count: usize) -> Result<Vec<u8>, Reject> {
        let end = self.position + count;
        if end > HEADER_LIMIT && self.patch.len() >= HEADER_LIMIT {
            return Err(Reject::TooLong);
        }
        let bytes = self.patch.get(self.position..end).ok_or(Reject::Incomplete)?;
        self.position = end;
        Ok(bytes.to_vec())
    }

    fn byte(&mut self) -> Result<u8, Reject> {
        Ok(self.take(1)?[0])
    }

    fn address(&mut self) -> Result<u32, Reject> {
        let bits = self.varint()?;
        Ok((bits & 0xFF) << 24 | (bits >> 8 & 0xFFF) << 12 | bits >> 20)
    }

    fn varint(&mut self) -> Result<u32, Reject> {
        let mut value = 0_u64;
        for index in 0..5 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << (7 * index);
            if byte & 0x80 == 0 {
                let shortest = index == 0 || byte != 0;
                return u32::try_from(value).ok().filter(|_| shortest).ok_or(Reject::Varint);
            }
        }
        Err(Reject::Varint)
    }

    /// Everything since the field before belongs to this one.
    fn name(&mut self, field: &'static str) {
        let start = self.fields.last().map_or(0, |(_, place)| place.end);
        self.fields.push((field, start..self.position));
    }
}

/// Reads the header at the start of `patch`, as who checks no signatures.
///
/// # Errors
/// The first rule of §2 that it breaks, in the order of its bytes.
pub fn parse(patch: &[u8]) -> Result<Header, Reject> {
    parse_as(patch, false)
}

/// The same as who checks signatures, and so knows blocks.
///
/// # Errors
/// As [`parse`].
pub fn parse_signed(patch: &[u8]) -> Result<Header, Reject> {
    parse_as(patch, true)
}

fn parse_as(patch: &[u8], checks: bool) -> Result<Header, Reject> {
    let mut cursor = Cursor { patch, position: 0, fields: Vec::new() };

    let version = cursor.byte()?;
    cursor.name("version");
    if version < 0x80 {
        return Err(Reject::NotAPatch);
    }
    if version & 15 != 0 {
        return Err(Reject::Version);
    }
    let full = version >> 4 == 8;
    let in_place_wanted = version >> 4 == 10;
    if version >> 4 > 10 {
        return Err(Reject::Reserved);
    }

    let flags = cursor.byte()?;
    cursor.name("isa, flags");
    let isa = flags & 15;
    let regions_given = flags & 16 != 0;
    let target_address_given = flags & 32 != 0;
    let marks = flags & 64 != 0;
    let extensions = flags & 128 != 0;
    if target_address_given && (full || regions_given) {
        return Err(Reject::Reserved);
    }
    if isa == 0 && (regions_given || target_address_given) {
        return Err(Reject::Reserved);
    }

    let memory = cursor.byte()?;
    cursor.name("memory");
    let counted = cursor.varint()?;
    cursor.name("map entries");
    let (map_entries, lengths_differ) = (counted / 2, counted % 2 == 1);
    if Sizes::new(memory, map_entries, full, isa).is_none() || (isa == 0 && map_entries != 0) {
        return Err(Reject::Reserved);
    }

    let target_len = cursor.varint()?;
    cursor.name("target_len");
    let body_len = cursor.varint()?;
    cursor.name("body_len");
    let mut base_len = if full { 0 } else { target_len };
    if lengths_differ && full {
        return Err(Reject::Reserved);
    }
    if lengths_differ {
        base_len = target_len.wrapping_add(unzigzag(cursor.varint()?));
        cursor.name("base_len");
    }
    let mut epoch = None;
    if marks {
        let log2 = u32::from(cursor.byte()?);
        cursor.name("epoch");
        if !(8..=31).contains(&log2) {
            return Err(Reject::Epoch);
        }
        epoch = Some(log2);
    }

    let mut in_place = None;
    if in_place_wanted {
        in_place = Some(read_slot(&mut cursor, base_len, target_len, epoch)?);
        cursor.name("slot");
    }

    let mut base_regions = Regions::default();
    let mut target_regions = Regions::default();
    if isa != 0 && regions_given {
        if !full {
            base_regions = region_list(&mut cursor, base_len, &Regions::default())?;
            cursor.name("base regions");
        }
        target_regions = region_list(&mut cursor, target_len, &base_regions)?;
        cursor.name("target regions");
    } else if isa != 0 {
        let address = cursor.address()?;
        cursor.name("address");
        if !full {
            base_regions = Regions(vec![one_region(address, base_len)?]);
        }
        let mut target_address = address;
        if target_address_given {
            target_address ^= cursor.address()?;
            cursor.name("target address");
        }
        target_regions = Regions(vec![one_region(target_address, target_len)?]);
    }

    let mut trust = None;
    let mut self_digests = Vec::new();
    if extensions {
        trust = read_extensions(&mut cursor, checks, target_len, &mut self_digests)?;
        cursor.name("extensions");
    }

    let mut base_digest = Vec::new();
    if !full {
        base_digest = cursor.take(4)?;
        cursor.name("base digest");
    }
    let target_digest = cursor.take(8)?;
    cursor.name("target digest");
    if let Some(trust) = &mut trust {
        trust.signature = cursor.take(64)?;
        cursor.name("signature");
    }
    if let Some(slot) = &mut in_place {
        slot.check = u32::from_le_bytes(cursor.take(4)?.try_into().expect("four bytes"));
        cursor.name("check");
    }

    Ok(Header {
        full,
        isa,
        memory,
        map_entries,
        target_len,
        body_len,
        base_len,
        epoch,
        in_place,
        base_regions,
        target_regions,
        base_digest,
        target_digest,
        trust,
        self_digests,
        fields: cursor.fields,
    })
}

fn read_slot(
    cursor: &mut Cursor<'_>,
    base_len: u32,
    target_len: u32,
    epoch: Option<u32>,
) -> Result<InPlace, Reject> {
    let form = cursor.byte()?;
    if form >= 0x80 {
        return Err(Reject::Reserved);
    }
    let slot_pages = cursor.varint()?;
    if slot_pages > 0xFFFF {
        return Err(Reject::InPlace);
    }
    let reserve_pages = cursor.varint()?;
    let page_log2 = u32::from(form & 0x1F);
    let page = 1_u64 << page_log2;
    let slot = InPlace {
        page,
        slot: page * u64::from(slot_pages),
        scratch: form & 0x20 != 0,
        resets: form & 0x40 != 0,
        reserve: page * u64::from(reserve_pages),
        check: 0,
    };
    let whole = |len: u32| u64::from(len).div_ceil(page) * page;
    let moved = if slot.scratch { 0 } else { slot.reserve };
    let sound = (7..=24).contains(&page_log2)
        && (1..=0xFFFF).contains(&reserve_pages)
        && slot.slot <= 1 << 31
        && whole(base_len) + moved <= slot.slot
        && whole(target_len) <= slot.slot
        && epoch.is_none_or(|log2| log2 >= page_log2);
    if sound { Ok(slot) } else { Err(Reject::InPlace) }
}

fn one_region(address: u32, len: u32) -> Result<Region, Reject> {
    if address.checked_add(len).is_none() {
        return Err(Reject::Regions);
    }
    Ok(Region { start: 0, len, address, code: true })
}

/// A list of regions, told by how its numbers differ from those of `other`.
fn region_list(
    cursor: &mut Cursor<'_>,
    image_len: u32,
    other: &Regions,
) -> Result<Regions, Reject> {
    let count = cursor.byte()?;
    if !(1..=8).contains(&count) {
        return Err(Reject::Regions);
    }
    let code = cursor.byte()?;
    if u32::from(code) >= 1 << count {
        return Err(Reject::Reserved);
    }
    let mut regions = Vec::new();
    let mut start = 0_u32;
    for index in 0..count {
        let (other_len, other_address) =
            other.0.get(usize::from(index)).map_or((0, 0), |other| (other.len, other.address));
        let address = cursor.address()? ^ other_address;
        let left = image_len - start;
        let len = if index + 1 == count { left } else { cursor.varint()? ^ other_len };
        if len > left {
            return Err(Reject::Regions);
        }
        let code = code >> index & 1 == 1;
        regions.push(Region { start, code, ..one_region(address, len)? });
        start += len;
    }
    Ok(Regions(regions))
}

fn read_extensions(
    cursor: &mut Cursor<'_>,
    checks: bool,
    target_len: u32,
    self_digests: &mut Vec<SelfDigest>,
) -> Result<Option<Trust>, Reject> {
    let len = usize::try_from(cursor.varint()?).expect("32 bits");
    let end = cursor.position + len;
    let mut trust: Option<Trust> = None;
    while cursor.position < end {
        let kind = cursor.byte()?;
        let len = usize::from(cursor.byte()?);
        let value_end = cursor.position + len;
        if value_end > end {
            return Err(Reject::Reserved);
        }
        match kind {
            0x81 if !checks => {
                cursor.take(len)?;
                trust = Some(Trust::default());
            }
            0x82 if !checks => {
                cursor.take(len)?;
            }
            0x81 => {
                if trust.is_some() || len < 21 {
                    return Err(Reject::Trust);
                }
                let mut read = Trust { key_id: cursor.take(4)?, ..Trust::default() };
                read.body_digest = cursor.take(16)?;
                read.security_counter = cursor.varint()?;
                let left = value_end.checked_sub(cursor.position).ok_or(Reject::Trust)?;
                if left > 32 {
                    return Err(Reject::Trust);
                }
                read.hardware_id = cursor.take(left)?;
                trust = Some(read);
            }
            0x82 => {
                let trust = trust.as_mut().ok_or(Reject::Trust)?;
                if trust.certificate.is_some() || trust.blocks.is_some() || len < 98 {
                    return Err(Reject::Trust);
                }
                let start = cursor.position;
                let public_key = cursor.take(33)?;
                let last_counter = cursor.varint()?;
                if cursor.position + 64 != value_end {
                    return Err(Reject::Trust);
                }
                let signed = cursor.patch[start..cursor.position].to_vec();
                let signature = cursor.take(64)?;
                trust.certificate =
                    Some(Certificate { public_key, last_counter, signed, signature });
            }
            0x83 if checks => {
                let trust = trust.as_mut().ok_or(Reject::Trust)?;
                if trust.blocks.is_some() || len != 1 {
                    return Err(Reject::Trust);
                }
                let k = u32::from(cursor.byte()?);
                if !(6..=15).contains(&k) {
                    return Err(Reject::Trust);
                }
                trust.blocks = Some(k);
            }
            0x84 => {
                if len == 0 || !self_digests.is_empty() {
                    return Err(Reject::Reserved);
                }
                while cursor.position < value_end {
                    let digest = read_self_digest(cursor, target_len)?;
                    let free = self_digests.last().map_or(0, |last| last.at + last.len_bytes());
                    if digest.at < free || self_digests.len() == 2 {
                        return Err(Reject::Reserved);
                    }
                    self_digests.push(digest);
                }
                if cursor.position > value_end {
                    return Err(Reject::Reserved);
                }
            }
            _ => {
                cursor.take(len)?;
                if kind & 0x80 != 0 {
                    return Err(Reject::Extension);
                }
            }
        }
    }
    Ok(trust)
}

fn read_self_digest(cursor: &mut Cursor<'_>, target_len: u32) -> Result<SelfDigest, Reject> {
    let distance = cursor.varint()?;
    let form = cursor.varint()?;
    let (kind, between) = (form % 4, form / 4);
    let at = target_len.checked_sub(distance).ok_or(Reject::Reserved)?;
    let covered = at.checked_sub(between).ok_or(Reject::Reserved)?;
    let digest = SelfDigest { kind, at, covered };
    if kind == 3 || digest.len_bytes() > distance {
        return Err(Reject::Reserved);
    }
    Ok(digest)
}
