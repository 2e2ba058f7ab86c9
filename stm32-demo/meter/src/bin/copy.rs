//! The least that an update by a plain image takes, so that patches can be measured by it.
//!
//! The image comes with a signature behind it, as from a link that costs nothing: it is read from the other bank. It is written
//! page by page as it comes, then read back, and its signature is checked over what is in flash. Nothing is checked before,
//! and no running image is hashed: a device would not do with less.
#![no_std]
#![no_main]

use bsp::flash::{FlashArea, FlashError};
use cortex_m_rt::entry;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use layout::{PAGE_BYTES, WRITE_BYTES};
use meter::{Answer, CHUNK, FAILED, Order, mark, serve};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

const SIGNATURE_BYTES: u32 = 64;

#[entry]
fn main() -> ! {
    serve(|order| {
        let mut target = FlashArea::new(order.target).posting();
        mark();
        copy(order, &mut target).map_err(|_| FAILED)?;
        mark();
        if !verify(order, &mut target).map_err(|_| FAILED)? {
            return Err(FAILED);
        }
        mark();
        Ok(Answer { workspace_words: 0, state_bytes: 0 })
    })
}

/// The next bytes, up to the end of what is copied.
fn chunk(bytes: &mut [u8; CHUNK], offset: u32, end: u32) -> &mut [u8] {
    let len = end.saturating_sub(offset).min(CHUNK as u32);
    bytes.get_mut(..len as usize).unwrap_or_default()
}

fn copy(order: &Order, target: &mut FlashArea) -> Result<(), FlashError> {
    let mut image = FlashArea::new(order.base);
    let mut bytes = [0; CHUNK];
    for offset in (0..order.len).step_by(CHUNK) {
        if offset.is_multiple_of(PAGE_BYTES) {
            target.erase(offset, offset + PAGE_BYTES)?;
        }
        let now = chunk(&mut bytes, offset, order.len);
        image.read(offset, now)?;
        // The last double word is filled up with whatever came before.
        let len = now.len().next_multiple_of(WRITE_BYTES as usize);
        target.write(offset, bytes.get(..len).unwrap_or_default())?;
    }
    target.flush()
}

/// Whether what is in flash is signed.
fn verify(order: &Order, target: &mut FlashArea) -> Result<bool, FlashError> {
    let end = order.len.saturating_sub(SIGNATURE_BYTES);
    let mut hasher = Sha256::new();
    let mut bytes = [0; CHUNK];
    for offset in (0..end).step_by(CHUNK) {
        let bytes = chunk(&mut bytes, offset, end);
        target.read(offset, bytes)?;
        hasher.update(&*bytes);
    }
    let mut signature = [0; SIGNATURE_BYTES as usize];
    target.read(end, &mut signature)?;
    let digest: [u8; 32] = hasher.finalize().into();
    let key = VerifyingKey::from_sec1_bytes(&order.key);
    let signed = key.ok().zip(Signature::from_slice(&signature).ok());
    Ok(signed.is_some_and(|(key, signature)| key.verify_prehash(&digest, &signature).is_ok()))
}
