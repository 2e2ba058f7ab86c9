//! Bytes and states, stored in chunks that are copied only when written: a snapshot costs one
//! pointer per 2 KiB, and so does a blank device.

use std::sync::Arc;

use crate::{FlashError, Geometry, UnitState};

/// Bytes per chunk: a multiple of every write unit, unrelated to pages.
const CHUNK_BYTES: usize = 2048;

#[derive(Clone, Debug)]
struct Chunk {
    bytes: Vec<u8>,
    units: Vec<UnitState>,
    /// How many of `units` are poisoned, so that reads need not look.
    poisoned: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Cells {
    chunks: Vec<Arc<Chunk>>,
    /// What every erased chunk shares.
    blank: Arc<Chunk>,
    unit_bytes: usize,
}

impl Cells {
    pub(crate) fn new(geometry: &Geometry, size: u32) -> Self {
        let unit_bytes = index(geometry.write_bytes());
        let blank = Arc::new(Chunk {
            bytes: vec![geometry.erased_value(); CHUNK_BYTES],
            units: vec![UnitState::Erased; CHUNK_BYTES / unit_bytes],
            poisoned: 0,
        });
        let chunks = vec![Arc::clone(&blank); index(size).div_ceil(CHUNK_BYTES)];
        Self { chunks, blank, unit_bytes }
    }

    /// Reads bytes, as the ECC lets it. `address` and `buffer` are within the device.
    pub(crate) fn read(&self, address: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        let mut at = index(address);
        let mut rest = buffer;
        while !rest.is_empty() {
            let chunk = &self.chunks[at / CHUNK_BYTES];
            let offset = at % CHUNK_BYTES;
            let len = rest.len().min(CHUNK_BYTES - offset);
            if chunk.poisoned > 0 {
                let units = offset / self.unit_bytes..(offset + len).div_ceil(self.unit_bytes);
                let start = at - offset;
                for unit in units {
                    if chunk.units[unit] == UnitState::Poisoned {
                        return Err(FlashError::Ecc {
                            address: address_of(start + unit * self.unit_bytes),
                        });
                    }
                }
            }
            let (now, later) = rest.split_at_mut(len);
            now.copy_from_slice(&chunk.bytes[offset..offset + len]);
            rest = later;
            at += len;
        }
        Ok(())
    }

    /// Whether the bytes from `address` on, and what their write units have been through, are those of `other`.
    pub(crate) fn equal(&self, other: &Self, address: u32, len: u32) -> bool {
        let (start, end) = (index(address), index(address) + index(len));
        (start / CHUNK_BYTES..end.div_ceil(CHUNK_BYTES)).all(|number| {
            let (ours, theirs) = (&self.chunks[number], &other.chunks[number]);
            let first = number * CHUNK_BYTES;
            let bytes = start.max(first) - first..end.min(first + CHUNK_BYTES) - first;
            let units = bytes.start / self.unit_bytes..bytes.end.div_ceil(self.unit_bytes);
            Arc::ptr_eq(ours, theirs)
                || ours.bytes[bytes.clone()] == theirs.bytes[bytes]
                    && ours.units[units.clone()] == theirs.units[units]
        })
    }

    /// The write unit at `address`: its bytes, whatever their ECC, and its state.
    pub(crate) fn unit(&self, address: u32) -> (&[u8], UnitState) {
        let at = index(address);
        let chunk = &self.chunks[at / CHUNK_BYTES];
        let offset = at % CHUNK_BYTES;
        (&chunk.bytes[offset..offset + self.unit_bytes], chunk.units[offset / self.unit_bytes])
    }

    /// Lets `change` rewrite the bytes of the write unit at `address`; it returns the new state.
    pub(crate) fn change_unit(
        &mut self,
        address: u32,
        change: impl FnOnce(&mut [u8], UnitState) -> UnitState,
    ) {
        let at = index(address);
        let chunk = Arc::make_mut(&mut self.chunks[at / CHUNK_BYTES]);
        let offset = at % CHUNK_BYTES;
        let state = &mut chunk.units[offset / self.unit_bytes];
        chunk.poisoned -= usize::from(*state == UnitState::Poisoned);
        *state = change(&mut chunk.bytes[offset..offset + self.unit_bytes], *state);
        chunk.poisoned += usize::from(*state == UnitState::Poisoned);
    }

    /// Erases whole write units.
    pub(crate) fn erase(&mut self, address: u32, len: u32) {
        let erased = self.blank.bytes[0];
        let mut at = index(address);
        let end = at + index(len);
        while at < end {
            if at.is_multiple_of(CHUNK_BYTES) && end - at >= CHUNK_BYTES {
                self.chunks[at / CHUNK_BYTES] = Arc::clone(&self.blank);
                at += CHUNK_BYTES;
            } else {
                self.change_unit(address_of(at), |bytes, _| {
                    bytes.fill(erased);
                    UnitState::Erased
                });
                at += self.unit_bytes;
            }
        }
    }
}

/// An address as an index.
pub(crate) fn index(address: u32) -> usize {
    usize::try_from(address).expect("flash-model runs on hosts with at least 32-bit addresses")
}

/// An index as an address.
pub(crate) fn address_of(index: usize) -> u32 {
    u32::try_from(index).expect("a device is smaller than 4 GiB")
}
