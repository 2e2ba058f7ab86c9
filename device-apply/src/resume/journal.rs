//! Records of restart marks in two areas of flash.
//!
//! ```text
//! region   area 0              area 1
//!          record record ...   record record ...       record n has sequence n, modulo all of them
//! record   sequence (4), CRC-32 of the target before the mark (4), SHA-256 of the header (32), state, zeros, CRC-32 (4)
//! ```
//!
//! One area is erased only when the other has a whole record. A record that a cut tore stays; the next one goes to the
//! other area, because its units must not be programmed again.
//!
//! **Reference**: docs/flash-layout.md §5.

use embedded_storage::nor_flash::NorFlash;

use super::record::{CHECK_BYTES, RecordWriter};
use crate::apply::read::read;
use patcher_core::crc::Crc32;

/// Bytes before the state.
const HEAD_BYTES: u32 = 40;

/// Bytes read at once, on the stack.
const READ_BYTES: u32 = 64;

/// Where an operation failed, and how.
pub(crate) type Failed<E> = (u32, E);

/// A region of flash, parted for records of one length.
#[derive(Debug)]
pub(crate) struct Journal<J> {
    region: J,
    /// Bytes of a record, whole write units.
    record_bytes: u32,
    /// Records of an area; 0 before the journal is opened.
    per_area: u32,
    /// Bytes of an area, whole pages.
    area_bytes: u32,
    /// Sequence of the record that is written next.
    next: u32,
}

/// The newest record of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    sequence: u32,
    /// CRC of the target before the mark.
    pub(crate) target_crc: u32,
    /// Offset of the state in the region.
    pub(crate) state: u32,
}

impl<J: NorFlash> Journal<J> {
    const CHECKED: () = {
        assert!(
            J::WRITE_SIZE.is_power_of_two() && J::WRITE_SIZE <= 32,
            "WRITE_SIZE of the journal's region"
        );
        assert!(
            J::READ_SIZE >= 1 && J::WRITE_SIZE.is_multiple_of(J::READ_SIZE),
            "READ_SIZE of the journal's region"
        );
        assert!(
            J::ERASE_SIZE >= 1 && J::ERASE_SIZE.is_multiple_of(J::WRITE_SIZE),
            "ERASE_SIZE of the journal's region"
        );
    };

    pub(crate) const fn new(region: J) -> Self {
        const { Self::CHECKED };
        Self { region, record_bytes: 0, per_area: 0, area_bytes: 0, next: 0 }
    }

    /// Bytes of the region.
    pub(crate) fn capacity(&self) -> u32 {
        word(self.region.capacity())
    }

    /// Bytes of the smallest region for states of `state_bytes`: two areas of whole pages.
    pub(crate) fn region_bytes(state_bytes: u32) -> u32 {
        let area = Self::record_bytes(state_bytes).checked_next_multiple_of(word(J::ERASE_SIZE));
        area.unwrap_or(u32::MAX).saturating_mul(2)
    }

    fn record_bytes(state_bytes: u32) -> u32 {
        let record = HEAD_BYTES.saturating_add(state_bytes).saturating_add(CHECK_BYTES);
        record.checked_next_multiple_of(word(J::WRITE_SIZE)).unwrap_or(u32::MAX)
    }

    /// Parts the region for states of `state_bytes`.
    ///
    /// # Errors
    /// The bytes that two areas take, if the region has fewer.
    pub(crate) fn open(&mut self, state_bytes: u32) -> Result<(), u32> {
        let (record, page) = (Self::record_bytes(state_bytes), word(J::ERASE_SIZE));
        let half = self.capacity() / 2;
        self.area_bytes = half.saturating_sub(half.checked_rem(page).unwrap_or(half));
        self.record_bytes = record;
        self.per_area = self.area_bytes.checked_div(record).unwrap_or(0);
        self.next = 0;
        if self.per_area == 0 {
            return Err(Self::region_bytes(state_bytes));
        }
        Ok(())
    }

    /// The newest whole record with this header's digest; the next one will be written to the other area.
    pub(crate) fn find(&mut self, header_digest: &[u8; 32]) -> Option<Found> {
        let mut best: Option<Found> = None;
        for index in 0..self.per_area.saturating_mul(2) {
            let found = self.read_record(self.offset(index), header_digest);
            if let Some(found) = found
                && best.is_none_or(|best| best.sequence < found.sequence)
            {
                best = Some(found);
            }
        }
        let newest = best?;
        let area = newest.sequence.checked_div(self.per_area)?;
        self.next = area.saturating_add(1).saturating_mul(self.per_area);
        Some(newest)
    }

    /// Appends a record; `state` writes what it holds.
    pub(crate) fn append(
        &mut self,
        target_crc: u32,
        header_digest: &[u8; 32],
        state: impl FnOnce(&mut RecordWriter<'_, J>) -> Result<(), Failed<J::Error>>,
    ) -> Result<(), Failed<J::Error>> {
        let sequence = self.next;
        let begins_area = sequence.checked_rem(self.per_area) == Some(0);
        let offset = self.offset(sequence);
        if begins_area {
            self.erase_area(offset)?;
        }
        let end = offset.saturating_add(self.record_bytes);
        let mut record = RecordWriter::new(&mut self.region, offset, end);
        record.push(&sequence.to_le_bytes())?;
        record.push(&target_crc.to_le_bytes())?;
        record.push(header_digest)?;
        state(&mut record)?;
        record.commit()?;
        self.next = sequence.saturating_add(1);
        Ok(())
    }

    /// Fills `bytes` from the region.
    pub(crate) fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), J::Error> {
        read(&mut self.region, offset, bytes)
    }

    /// Forgets all records.
    pub(crate) fn clear(&mut self) -> Result<(), Failed<J::Error>> {
        self.next = 0;
        if self.per_area == 0 {
            return Ok(());
        }
        self.erase_area(0)?;
        self.erase_area(self.area_bytes)
    }

    /// Erases the pages of an area that records take.
    fn erase_area(&mut self, offset: u32) -> Result<(), Failed<J::Error>> {
        let taken = self.per_area.saturating_mul(self.record_bytes);
        let taken = taken.checked_next_multiple_of(word(J::ERASE_SIZE)).unwrap_or(0);
        let end = offset.saturating_add(taken);
        self.region.erase(offset, end).map_err(|error| (offset, error))
    }

    /// Offset of the record with this sequence.
    fn offset(&self, sequence: u32) -> u32 {
        let area = sequence.checked_div(self.per_area).unwrap_or(0);
        let index = sequence.checked_rem(self.per_area).unwrap_or(0);
        let start = if area & 1 == 0 { 0 } else { self.area_bytes };
        start.saturating_add(index.saturating_mul(self.record_bytes))
    }

    fn read_record(&mut self, offset: u32, header_digest: &[u8; 32]) -> Option<Found> {
        let mut head = [0; HEAD_BYTES as usize];
        self.read(offset, &mut head).ok()?;
        let (sequence, rest) = head.split_first_chunk()?;
        let (target_crc, digest) = rest.split_first_chunk()?;
        if digest != header_digest {
            return None;
        }
        let end = offset.saturating_add(self.record_bytes).saturating_sub(CHECK_BYTES);
        let crc = crc_of(&mut self.region, offset, end, Crc32::new()).ok()?;
        let mut check = [0; CHECK_BYTES as usize];
        self.read(end, &mut check).ok()?;
        (u32::from_le_bytes(check) == crc.value()).then(|| Found {
            sequence: u32::from_le_bytes(*sequence),
            target_crc: u32::from_le_bytes(*target_crc),
            state: offset.saturating_add(HEAD_BYTES),
        })
    }
}

/// Takes the bytes of `from..to` into `crc`.
///
/// # Errors
/// Where reading failed, and how.
pub(crate) fn crc_of<F: embedded_storage::nor_flash::ReadNorFlash>(
    flash: &mut F,
    from: u32,
    to: u32,
    mut crc: Crc32,
) -> Result<Crc32, Failed<F::Error>> {
    let mut buffer = [0; READ_BYTES as usize];
    let mut at = from;
    while at < to {
        let count = to.saturating_sub(at).min(READ_BYTES);
        let bytes = buffer.get_mut(..count as usize).unwrap_or_default();
        read(flash, at, bytes).map_err(|error| (at, error))?;
        crc.update(bytes);
        at = at.saturating_add(count);
    }
    Ok(crc)
}

fn word(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
