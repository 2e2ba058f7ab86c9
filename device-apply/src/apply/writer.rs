//! Target bytes on their way into the staging slot.

use embedded_storage::nor_flash::NorFlash;

use super::read::read;
use crate::ApplyError;
use crate::resume::Past;

/// Most bytes programmed by one call of the driver, and largest write unit that is served.
pub(crate) const BUFFER_BYTES: usize = 32;

/// Write units from this size on are programmed one by one. They are those of a part's own flash, which takes no more at
/// once; a driver that only begins a write, and lets the program go on, then hides decoding behind it. Smaller ones are
/// collected: a call for each byte would cost more than the byte. So is what is only compared.
const UNIT_BYTES: usize = 8;

/// Collects target bytes, erases page by page just before the first write into a page, and
/// programs whole write units.
///
/// ```text
/// 0             written    position             end         whole pages
/// ├── in flash ────┼─ buffer ─┼─ not made yet ───┤               │
/// ├── erased by us ─────────────────┤ erased                     │
/// ```
///
/// What `past` finds in flash already is not written again.
///
/// # Power loss
/// The staging slot holds whole pages of the target, then perhaps a torn page, then what it held
/// before. Nothing in it tells how far it came.
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

    /// Prepares for a target of `end` bytes, if it fits the slot; returns the offset behind all that is needed.
    pub(crate) fn open<B, S: NorFlash, P: Past>(
        &mut self,
        staging: &S,
        past: &mut P,
        end: u32,
    ) -> Result<u32, ApplyError<B, S::Error>> {
        let page = erase_bytes::<S>();
        let target = page.and_then(|page| end.checked_next_multiple_of(page));
        let spare = page.and_then(|page| page.checked_mul(P::SPARE_PAGES));
        let pages = target.zip(spare).and_then(|(target, spare)| target.checked_add(spare));
        let expected = pages.unwrap_or(u32::MAX);
        let got = u32::try_from(staging.capacity()).unwrap_or(u32::MAX);
        if pages.is_none() || expected > got {
            return Err(ApplyError::TargetTooLong { expected, got });
        }
        self.end = end;
        past.open(target.unwrap_or(u32::MAX));
        Ok(expected)
    }

    /// Goes on behind `position` target bytes that are in flash: whole pages.
    pub(crate) fn go_on(&mut self, position: u32) {
        (self.position, self.written, self.erased) = (position, position, position);
    }

    /// Takes the next target bytes; or the `last` that a write unit is filled up with, at the end of the target or of a page.
    pub(crate) fn push<B, S: NorFlash>(
        &mut self,
        staging: &mut S,
        past: &mut impl Past,
        mut bytes: &[u8],
        last: bool,
    ) -> Result<(), ApplyError<B, S::Error>> {
        let mut held = self.held();
        if !last {
            self.advance(bytes.len())?;
        }
        loop {
            // It changes when the buffer is empty only: a difference is found by programming it.
            let together = if past.compares() { batch::<S>() } else { unit::<S>() };
            let units = if held == 0 && bytes.len() >= together {
                let (units, later) = bytes.split_at_checked(together).unwrap_or_default();
                bytes = later;
                units
            } else {
                let room = self.buffer.get_mut(held..together).unwrap_or_default();
                let count = room.len().min(bytes.len());
                let (now, later) = bytes.split_at_checked(count).unwrap_or_default();
                for (slot, byte) in room.iter_mut().zip(now) {
                    *slot = *byte;
                }
                bytes = later;
                let filled = held.saturating_add(count);
                if filled < together && (!last || filled == 0) {
                    return Ok(());
                }
                held = 0;
                self.buffer.get(..filled).ok_or(ApplyError::Internal)?
            };
            let offset = self.written;
            let end = u32::try_from(units.len()).ok().and_then(|len| offset.checked_add(len));
            let end = end.ok_or(ApplyError::Internal)?;
            if !past.holds(staging, offset, units, &mut self.erased)? {
                if self.erased < end {
                    erase_up_to(&mut self.erased, staging, end)?;
                }
                let written = staging.write(offset, units);
                written.map_err(|error| ApplyError::StagingWrite { offset, error })?;
            }
            self.written = end;
        }
    }

    /// What is missing of the last write unit: erased bytes.
    pub(crate) fn padding<S: NorFlash>(&self) -> ([u8; BUFFER_BYTES], usize) {
        let held = self.held();
        let len = held.next_multiple_of(S::WRITE_SIZE.max(1)).saturating_sub(held);
        ([self.erased_value; BUFFER_BYTES], len)
    }

    /// Whether all of the target is made.
    pub(crate) fn is_at_end(&self) -> bool {
        self.position == self.end
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
}

/// Erases the pages from `erased` on where bytes before `end` lie.
#[inline(never)]
fn erase_up_to<B, S: NorFlash>(
    erased: &mut u32,
    staging: &mut S,
    end: u32,
) -> Result<(), ApplyError<B, S::Error>> {
    while *erased < end {
        *erased = erase_page(staging, *erased)?;
    }
    Ok(())
}

/// Erases the page at `offset`; returns its end.
pub(crate) fn erase_page<B, S: NorFlash>(
    staging: &mut S,
    offset: u32,
) -> Result<u32, ApplyError<B, S::Error>> {
    let end = erase_bytes::<S>().and_then(|page| offset.checked_add(page));
    let end = end.ok_or(ApplyError::Internal)?;
    staging.erase(offset, end).map_err(|error| ApplyError::StagingErase { offset, error })?;
    Ok(end)
}

/// Bytes programmed at once: a large write unit, or as many small ones as the buffer holds.
const fn unit<S: NorFlash>() -> usize {
    if S::WRITE_SIZE >= UNIT_BYTES { S::WRITE_SIZE } else { batch::<S>() }
}

/// As many write units as the buffer holds, bytes.
pub(crate) const fn batch<S: NorFlash>() -> usize {
    match BUFFER_BYTES.checked_rem(S::WRITE_SIZE) {
        Some(rest) => BUFFER_BYTES.saturating_sub(rest),
        None => 0,
    }
}

fn erase_bytes<S: NorFlash>() -> Option<u32> {
    u32::try_from(S::ERASE_SIZE).ok()
}
