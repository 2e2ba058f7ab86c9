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
    /// Where the base image lies.
    pub base_regions: Regions,
    /// Where the target image lies.
    pub target_regions: Regions,
    /// First bytes of the SHA-256 of the base; empty for a full image.
    pub base_digest: Vec<u8>,
    /// First bytes of the SHA-256 of the target.
    pub target_digest: Vec<u8>,
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
        Ok(u32::from_be_bytes(self.varint()?.to_le_bytes()))
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

/// Reads the header at the start of `patch`.
///
/// # Errors
/// The first rule of §2 that it breaks, in the order of its bytes.
pub fn parse(patch: &[u8]) -> Result<Header, Reject> {
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
    if version >> 4 > 9 {
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
    let map_entries = cursor.varint()?;
    cursor.name("map entries");
    if Sizes::new(memory, map_entries, full, isa).is_none() || (isa == 0 && map_entries != 0) {
        return Err(Reject::Reserved);
    }

    let target_len = cursor.varint()?;
    cursor.name("target_len");
    let body_len = cursor.varint()?;
    cursor.name("body_len");
    let mut base_len = 0;
    if !full {
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

    let mut base_regions = Regions::default();
    let mut target_regions = Regions::default();
    if isa != 0 && regions_given {
        if !full {
            base_regions = region_list(&mut cursor, base_len)?;
            cursor.name("base regions");
        }
        target_regions = region_list(&mut cursor, target_len)?;
        cursor.name("target regions");
    } else if isa != 0 {
        let address = cursor.address()?;
        cursor.name("address");
        let mut target_address = address;
        if target_address_given {
            target_address = cursor.address()?;
            cursor.name("target address");
        }
        if !full {
            base_regions = Regions(vec![one_region(address, base_len)?]);
        }
        target_regions = Regions(vec![one_region(target_address, target_len)?]);
    }

    if extensions {
        check_extensions(&mut cursor)?;
        cursor.name("extensions");
    }

    let mut base_digest = Vec::new();
    if !full {
        base_digest = cursor.take(8)?;
        cursor.name("base digest");
    }
    let target_digest = cursor.take(16)?;
    cursor.name("target digest");

    Ok(Header {
        full,
        isa,
        memory,
        map_entries,
        target_len,
        body_len,
        base_len,
        epoch,
        base_regions,
        target_regions,
        base_digest,
        target_digest,
        fields: cursor.fields,
    })
}

fn one_region(address: u32, len: u32) -> Result<Region, Reject> {
    if address.checked_add(len).is_none() {
        return Err(Reject::Regions);
    }
    Ok(Region { start: 0, len, address, code: true })
}

fn region_list(cursor: &mut Cursor<'_>, image_len: u32) -> Result<Regions, Reject> {
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
        let address = cursor.address()?;
        let left = image_len - start;
        let len = if index + 1 == count { left } else { cursor.varint()? };
        if len > left {
            return Err(Reject::Regions);
        }
        regions.push(Region { start, len, address, code: code >> index & 1 == 1 });
        start += len;
    }
    for region in &regions {
        one_region(region.address, region.len)?;
    }
    Ok(Regions(regions))
}

fn check_extensions(cursor: &mut Cursor<'_>) -> Result<(), Reject> {
    let mut left = cursor.varint()?;
    while left > 0 {
        let kind = cursor.byte()?;
        let len = cursor.byte()?;
        left = left.checked_sub(2 + u32::from(len)).ok_or(Reject::Reserved)?;
        cursor.take(usize::from(len))?;
        if kind & 0x80 != 0 {
            return Err(Reject::Extension);
        }
    }
    Ok(())
}
