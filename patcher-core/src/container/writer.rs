//! Writes a header, the mirror of [`Header::parse`].

use super::header::{
    FLAG_MARKS, FLAG_REGIONS, FLAG_TARGET_ADDRESS, Header, KIND_SHIFT, Kind, VERSION,
};
use super::region::Regions;
use super::varint;
use crate::model::number::zigzag;
use crate::reference;

/// The address of a default layout: one region of code over the image.
fn default_address(regions: &Regions) -> Option<u32> {
    match regions.iter().next() {
        Some(region) if regions.len() == 1 && region.code => Some(region.address),
        _ => None,
    }
}

fn write_regions(out: &mut Vec<u8>, regions: &Regions) {
    out.push(u8::try_from(regions.len()).unwrap_or(u8::MAX));
    let code = regions.iter().rev().fold(0u8, |bits, region| bits << 1 | u8::from(region.code));
    out.push(code);
    for (index, region) in regions.iter().enumerate() {
        varint::write(out, region.address.swap_bytes());
        if index + 1 < regions.len() {
            varint::write(out, region.len);
        }
    }
}

/// The header as bytes. Fields must be legal: [`Header::parse`] of the result gives the same value.
#[must_use]
pub fn write(header: &Header) -> Vec<u8> {
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
    let mut out = vec![0x80 | u8::from(delta) << KIND_SHIFT | VERSION, flags, header.memory];
    varint::write(&mut out, header.map_entries);
    varint::write(&mut out, header.target_len);
    varint::write(&mut out, header.body_len);
    if delta {
        varint::write(&mut out, zigzag(header.base_len.wrapping_sub(header.target_len)));
    }
    if header.epoch_log2 != 0 {
        out.push(header.epoch_log2);
    }
    if addressed && !default {
        if delta {
            write_regions(&mut out, &header.base_regions);
        }
        write_regions(&mut out, &header.target_regions);
    } else if addressed {
        let first = if delta { base } else { target };
        varint::write(&mut out, first.unwrap_or(0).swap_bytes());
        if flags & FLAG_TARGET_ADDRESS != 0 {
            varint::write(&mut out, target.unwrap_or(0).swap_bytes());
        }
    }
    if delta {
        out.extend(header.base_digest);
    }
    out.extend(header.target_digest);
    out
}
