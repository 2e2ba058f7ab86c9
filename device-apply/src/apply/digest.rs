//! SHA-256 over the start of a slot, a slice at a time.

use embedded_storage::nor_flash::ReadNorFlash;
use sha2::{Digest, Sha256};

use super::read::read;

/// Bytes hashed in one call: about 0.3 M cycles on a Cortex-M4, 4 ms at 80 MHz.
const SLICE_BYTES: u32 = 4096;

/// Bytes read at once, on the stack.
const READ_BYTES: usize = 128;

/// A digest in progress.
#[derive(Debug)]
pub(crate) struct SlotDigest {
    hash: Sha256,
    checked: u32,
    total: u32,
}

impl SlotDigest {
    /// Of the first `total` bytes.
    pub(crate) fn new(total: u32) -> Self {
        Self { hash: Sha256::new(), checked: 0, total }
    }

    /// Bytes hashed.
    pub(crate) fn checked(&self) -> u32 {
        self.checked
    }

    /// Bytes to be hashed.
    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    /// Hashes one slice more; returns the digest after the last one.
    ///
    /// An error is one of reading at [`checked`](Self::checked).
    pub(crate) fn advance<F: ReadNorFlash>(
        &mut self,
        flash: &mut F,
    ) -> Result<Option<[u8; 32]>, F::Error> {
        let stop = self.checked.saturating_add(SLICE_BYTES).min(self.total);
        let mut buffer = [0; READ_BYTES];
        while self.checked < stop {
            let left = stop.saturating_sub(self.checked) as usize;
            let bytes = buffer.get_mut(..left.min(READ_BYTES)).unwrap_or_default();
            read(flash, self.checked, bytes)?;
            self.hash.update(&*bytes);
            self.checked = self.checked.saturating_add(u32::try_from(bytes.len()).unwrap_or(0));
        }
        let complete = self.checked == self.total;
        Ok(complete.then(|| self.hash.finalize_reset().into()))
    }
}
