//! Target bytes on their way into the staging slot.

use embedded_storage::nor_flash::NorFlash;

use super::read::read;
use crate::ApplyError;

/// Most bytes programmed by one call of the driver, and largest write unit that is served.
pub(crate) const BUFFER_BYTES: usize = 32;

/// Collects target bytes, erases page by page just before the first write into a page, and
/// programs whole write units.
///
/// ```text
/// 0             written    position             end         whole pages
/// ├── in flash ────┼─ buffer ─┼─ not made yet ───┤               │
/// ├── erased by us ─────────────────┤ erased                     │
/// ```
///
/// # Power loss
/// The staging slot holds whole pages of the target, then perhaps a torn page, then what it held
/// before. Nothing tells how far it came: apply again from the beginning.
#[derive(Debug)]
pub(crate) struct Writer {
    buffer: [u8; BUFFER_BYTES],
    /// Bytes of the target.
    end: u32,
    /// Target bytes made.
    position: u32,
    /// Target bytes in flash: where the buffer starts, a multiple of the write unit.
    written: u32,
    /// Bytes erased, from the start of the slot on.
    erased: u32,
    /// What an erased byte reads as.
    pub(crate) erased_value: u8,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            buffer: [0; BUFFER_BYTES],
            end: 0,
            position: 0,
            written: 0,
            erased: 0,
            erased_value: 0xFF,
        }
    }

    /// Target bytes made.
    pub(crate) fn position(&self) -> u32 {
        self.position
    }

    /// Prepares for a target of `end` bytes, if it fits the slot.
    pub(crate) fn open<B, S: NorFlash>(
        &mut self,
        staging: &S,
        end: u32,
    ) -> Result<(), ApplyError<B, S::Error>> {
        let pages = erase_bytes::<S>().and_then(|page| end.checked_next_multiple_of(page));
        let expected = pages.unwrap_or(u32::MAX);
        let got = u32::try_from(staging.capacity()).unwrap_or(u32::MAX);
        if pages.is_none() || expected > got {
            return Err(ApplyError::TargetTooLong { expected, got });
        }
        self.end = end;
        Ok(())
    }

    /// Takes the next target bytes.
    pub(crate) fn push<B, S: NorFlash>(
        &mut self,
        staging: &mut S,
        mut bytes: &[u8],
    ) -> Result<(), ApplyError<B, S::Error>> {
        while !bytes.is_empty() {
            let held = self.held();
            let room = self.buffer.get_mut(held..batch::<S>()).unwrap_or_default();
            let (now, later) =
                bytes.split_at_checked(room.len().min(bytes.len())).unwrap_or_default();
            for (slot, byte) in room.iter_mut().zip(now) {
                *slot = *byte;
            }
            let full = now.len() == room.len();
            self.advance(now.len())?;
            if full {
                self.program(staging)?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Writes what is left, filled up to a write unit with erased bytes.
    pub(crate) fn finish<B, S: NorFlash>(
        &mut self,
        staging: &mut S,
    ) -> Result<(), ApplyError<B, S::Error>> {
        if self.position != self.end {
            return Err(ApplyError::Internal);
        }
        if self.held() > 0 { self.program(staging) } else { Ok(()) }
    }

    /// Fills `bytes` with target bytes made earlier, from flash or from the buffer.
    pub(crate) fn read<B, S: NorFlash>(
        &self,
        staging: &mut S,
        offset: u32,
        bytes: &mut [u8],
    ) -> Result<(), ApplyError<B, S::Error>> {
        let in_flash = (self.written.saturating_sub(offset) as usize).min(bytes.len());
        let (stored, held) = bytes.split_at_mut_checked(in_flash).unwrap_or_default();
        if !stored.is_empty() {
            read(staging, offset, stored)
                .map_err(|error| ApplyError::StagingRead { offset, error })?;
        }
        let start = offset.saturating_sub(self.written) as usize;
        let buffered = self.buffer.get(start..self.held()).unwrap_or_default();
        let buffered = buffered.get(..held.len()).ok_or(ApplyError::Internal)?;
        held.copy_from_slice(buffered);
        Ok(())
    }

    /// Bytes in the buffer.
    fn held(&self) -> usize {
        self.position.saturating_sub(self.written) as usize
    }

    fn advance<B, S>(&mut self, bytes: usize) -> Result<(), ApplyError<B, S>> {
        let position = u32::try_from(bytes).ok().and_then(|len| self.position.checked_add(len));
        // The decoder stops at the end of the target; this keeps the rest of the slot safe from it.
        let position = position.filter(|&position| position <= self.end);
        self.position = position.ok_or(ApplyError::Internal)?;
        Ok(())
    }

    /// Programs the buffer.
    fn program<B, S: NorFlash>(&mut self, staging: &mut S) -> Result<(), ApplyError<B, S::Error>> {
        let held = self.held();
        let len = held.next_multiple_of(S::WRITE_SIZE.max(1));
        self.buffer.get_mut(held..len).unwrap_or_default().fill(self.erased_value);
        let offset = self.written;
        let end = u32::try_from(len).ok().and_then(|len| offset.checked_add(len));
        let end = end.ok_or(ApplyError::Internal)?;
        self.erase_up_to(staging, end)?;
        let units = self.buffer.get(..len).ok_or(ApplyError::Internal)?;
        staging.write(offset, units).map_err(|error| ApplyError::StagingWrite { offset, error })?;
        self.written = end;
        Ok(())
    }

    fn erase_up_to<B, S: NorFlash>(
        &mut self,
        staging: &mut S,
        end: u32,
    ) -> Result<(), ApplyError<B, S::Error>> {
        while self.erased < end {
            let offset = self.erased;
            let next = erase_bytes::<S>().and_then(|page| offset.checked_add(page));
            let next = next.ok_or(ApplyError::Internal)?;
            staging
                .erase(offset, next)
                .map_err(|error| ApplyError::StagingErase { offset, error })?;
            self.erased = next;
        }
        Ok(())
    }
}

/// Bytes programmed at once: as many write units as the buffer holds.
const fn batch<S: NorFlash>() -> usize {
    match BUFFER_BYTES.checked_rem(S::WRITE_SIZE) {
        Some(rest) => BUFFER_BYTES.saturating_sub(rest),
        None => 0,
    }
}

fn erase_bytes<S: NorFlash>() -> Option<u32> {
    u32::try_from(S::ERASE_SIZE).ok()
}
