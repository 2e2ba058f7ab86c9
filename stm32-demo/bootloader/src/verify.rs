//! Whether an image is whole, signed, and made for this device: docs/flash-layout.md §6.

use bsp::flash::{FlashArea, FlashError};
use device_apply::boot::ImageRecord;
use embedded_storage::nor_flash::ReadNorFlash;
use layout::header::{FIELD_BYTES, SIGNATURE_BYTES};
use layout::{Area, FLASH, IMAGE_HEADER_BYTES, ImageHeader, RAM};
use sha2::{Digest, Sha256};

use crate::keys;

/// Bytes that are read at once.
const CHUNK: usize = 256;

/// Digests of an image.
struct Digests {
    /// Of what is signed: all but the signature.
    signed: [u8; 32],
    /// Of everything, as metadata records it.
    whole: [u8; 32],
    signature: [u8; SIGNATURE_BYTES as usize],
}

/// The image in `area`, if all of it is right and it is made to run from `slot`. A torn word anywhere in it makes it wrong.
///
/// Its digest is for the caller to compare with what is recorded.
#[must_use]
pub fn examine(area: Area, slot: Area) -> Option<ImageRecord> {
    let mut flash = FlashArea::new(area);
    let mut fields = [0; FIELD_BYTES];
    flash.read(0, &mut fields).ok()?;
    let header = ImageHeader::decode(&fields)?;
    let fits = header.len <= area.len() && header.hardware_id == keys::HARDWARE_ID;
    if !fits || !starts(&mut flash, slot, header.len)? {
        return None;
    }
    let digests = digests(&mut flash, header.len).ok()?;
    let signed = |key| p256_verify::verifies(key, &digests.signed, &digests.signature);
    let ImageHeader { len, version, security_counter, .. } = header;
    let image = ImageRecord { len, version, security_counter, digest: digests.whole };
    keys::SIGNERS.iter().any(signed).then_some(image)
}

/// Whether the vector table can be one of an image of `len` bytes that runs from `slot`, mapped low.
fn starts(flash: &mut FlashArea, slot: Area, len: u32) -> Option<bool> {
    let mut vectors = [0; 8];
    flash.read(IMAGE_HEADER_BYTES, &mut vectors).ok()?;
    let (&stack, entry) = vectors.split_first_chunk()?;
    let (stack, entry) = (u32::from_le_bytes(stack), u32::from_le_bytes(*entry.first_chunk()?));
    let start = FLASH + slot.start();
    let code = start + IMAGE_HEADER_BYTES + 8..start.checked_add(len)?;
    let ram = RAM.start + 8..=RAM.start + RAM.len;
    Some(ram.contains(&stack) && stack % 8 == 0 && code.contains(&(entry & !1)) && entry & 1 == 1)
}

/// Reads the image once.
fn digests(flash: &mut FlashArea, len: u32) -> Result<Digests, FlashError> {
    let end = len.saturating_sub(SIGNATURE_BYTES);
    let mut hasher = Sha256::new();
    let mut chunk = [0; CHUNK];
    let mut offset = 0;
    while offset < end {
        let len = (end - offset).min(CHUNK as u32);
        let Some(bytes) = chunk.get_mut(..len as usize) else { break };
        flash.read(offset, bytes)?;
        hasher.update(&*bytes);
        offset += len;
    }
    let mut signature = [0; SIGNATURE_BYTES as usize];
    flash.read(end, &mut signature)?;
    let signed = hasher.clone().finalize().into();
    hasher.update(signature);
    Ok(Digests { signed, whole: hasher.finalize().into(), signature })
}
