//! Bytes on their way into a record.

use embedded_storage::nor_flash::NorFlash;

use crate::apply::writer::BUFFER_BYTES;
use patcher_core::crc::Crc32;

/// Writes a record in write units; the CRC over all of it comes last.
#[derive(Debug)]
pub(crate) struct RecordWriter<'j, J> {
    region: &'j mut J,
    buffer: [u8; BUFFER_BYTES],
    held: usize,
    offset: u32,
    /// Where the record ends.
    end: u32,
    crc: Crc32,
}

/// Where writing failed, and how.
pub(crate) type Failed<E> = (u32, E);

impl<'j, J: NorFlash> RecordWriter<'j, J> {
    /// Of the record at `offset..end`, which is erased.
    pub(crate) fn new(region: &'j mut J, offset: u32, end: u32) -> Self {
        Self { region, buffer: [0; BUFFER_BYTES], held: 0, offset, end, crc: Crc32::new() }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Failed<J::Error>> {
        self.crc.update(bytes);
        self.append(bytes)
    }

    /// Fills up with zeros, then commits.
    pub(crate) fn commit(mut self) -> Result<(), Failed<J::Error>> {
        while self.left() > CHECK_BYTES {
            self.push(&[0])?;
        }
        let check = self.crc.value().to_le_bytes();
        self.append(&check)
    }

    /// Bytes of the record that are missing.
    fn left(&self) -> u32 {
        let held = u32::try_from(self.held).unwrap_or(0);
        self.end.saturating_sub(self.offset).saturating_sub(held)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed<J::Error>> {
        for &byte in bytes {
            if let Some(slot) = self.buffer.get_mut(self.held) {
                *slot = byte;
                self.held = self.held.saturating_add(1);
            }
            if self.held >= J::WRITE_SIZE {
                let unit = self.buffer.get(..J::WRITE_SIZE).unwrap_or_default();
                let written = self.region.write(self.offset, unit);
                written.map_err(|error| (self.offset, error))?;
                let count = u32::try_from(J::WRITE_SIZE).unwrap_or(0);
                self.offset = self.offset.saturating_add(count);
                self.held = 0;
            }
        }
        Ok(())
    }
}

/// Bytes of the CRC at a record's end.
pub(crate) const CHECK_BYTES: u32 = 4;
