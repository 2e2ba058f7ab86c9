//! The stored patch: its header, its check and digests before the first erase, its body afterwards.

use embedded_storage::nor_flash::ReadNorFlash;
use patcher_core::container::in_place::CHECK_BYTES;
use patcher_core::container::trust::BLOCK_DIGEST_BYTES;
use patcher_core::crc::Crc32;
use patcher_core::error::DecodeError;

use super::error::InPlaceError;
use crate::apply::gate::Gate;
use crate::apply::read::read;

/// Bytes read at once.
pub(super) const CHUNK_BYTES: usize = 64;

/// Bytes checked in one call.
const SLICE_BYTES: u32 = 1024;

/// Where the parts of the patch are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stored {
    /// Bytes of the header.
    pub(super) header_len: u32,
    /// Bytes after it.
    pub(super) payload: u32,
    /// Bytes of the body.
    pub(super) body_len: u32,
    /// Bytes of a block that begins with a digest; 0 if the body is not cut into blocks.
    pub(super) block_bytes: u32,
}

impl Stored {
    /// Bytes of the patch.
    pub(super) fn total(&self) -> u32 {
        self.header_len.saturating_add(self.payload)
    }

    /// Where the body byte at `offset` is in the patch, and how many follow it there without a digest between them.
    fn place(&self, offset: u32) -> Option<(u32, u32)> {
        let link = u32::try_from(BLOCK_DIGEST_BYTES).ok()?;
        let links = self.payload.checked_sub(self.body_len)?.checked_div(link)?;
        let left = self.body_len.checked_sub(offset)?;
        let at = self.header_len.checked_add(offset)?;
        if links == 0 {
            return Some((at, left));
        }
        let room = self.block_bytes.checked_sub(link)?;
        let block = offset.checked_div(room)?.min(links);
        let before = block.saturating_add(1).min(links).checked_mul(link)?;
        let end =
            if block == links { self.body_len } else { block.checked_add(1)?.checked_mul(room)? };
        Some((at.checked_add(before)?, left.min(end.checked_sub(offset)?)))
    }

    /// Reads body bytes from `offset` on into `room`: how many, at least one unless the body ends there.
    pub(super) fn body<P: ReadNorFlash, S>(
        &self,
        patch: &mut P,
        offset: u32,
        room: &mut [u8; CHUNK_BYTES],
    ) -> Result<usize, InPlaceError<P::Error, S>> {
        let (at, run) = self.place(offset).ok_or(InPlaceError::Internal)?;
        let count = (run as usize).min(room.len());
        let bytes = room.get_mut(..count).unwrap_or_default();
        if !bytes.is_empty() {
            read(patch, at, bytes)
                .map_err(|error| InPlaceError::PatchRead { offset: at, error })?;
        }
        Ok(count)
    }
}

/// The check of the whole patch, and what the gate demands of it, as far as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Check {
    crc: Crc32,
    pub(super) checked: u32,
}

impl Check {
    pub(super) fn new() -> Self {
        Self { crc: Crc32::new(), checked: 0 }
    }

    /// Checks a slice more; whether all of it is right.
    pub(super) fn advance<P: ReadNorFlash, S>(
        &mut self,
        patch: &mut P,
        stored: &Stored,
        expected: u32,
        gate: &mut impl Gate,
    ) -> Result<bool, InPlaceError<P::Error, S>> {
        let total = stored.total();
        let check_at =
            u32::try_from(CHECK_BYTES).ok().and_then(|len| stored.header_len.checked_sub(len));
        let check_at = check_at.ok_or(InPlaceError::Internal)?;
        let stop = self.checked.saturating_add(SLICE_BYTES).min(total);
        let mut room = [0; CHUNK_BYTES];
        while self.checked < stop {
            let at = self.checked;
            let end =
                [check_at, stored.header_len].into_iter().find(|&end| end > at).unwrap_or(stop);
            let count = (end.min(stop).saturating_sub(at) as usize).min(CHUNK_BYTES);
            let bytes = room.get_mut(..count).unwrap_or_default();
            read(patch, at, bytes)
                .map_err(|error| InPlaceError::PatchRead { offset: at, error })?;
            if !(check_at..stored.header_len).contains(&at) {
                self.crc.update(bytes);
            }
            if at >= stored.header_len {
                pass(gate, bytes)?;
            }
            self.checked = at.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
        if self.checked < total {
            return Ok(false);
        }
        if self.crc.value() == expected { Ok(true) } else { Err(DecodeError::Check.into()) }
    }
}

/// Lets the gate see bytes of the payload.
fn pass<P, S>(gate: &mut impl Gate, mut chunk: &[u8]) -> Result<(), InPlaceError<P, S>> {
    while !chunk.is_empty() {
        let before = chunk.len();
        gate.fill(&mut chunk)?;
        let count = gate.ready(chunk).len();
        gate.taken(count, &mut chunk)?;
        if chunk.len() == before {
            return Err(InPlaceError::Internal);
        }
    }
    Ok(())
}
