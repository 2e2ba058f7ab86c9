//! Images in memory that notice a decoder out of bounds.

use patcher_core::container::self_digest::SelfDigests;
use patcher_core::stream::MAX_STEP_OUTPUT;
use patcher_core::{Header, Images};

use crate::seal::prefix;

/// The target has grown to the limit of the test: not an error of the patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// Base and target of one patch. Every range that [`Images`] rules out is a panic here.
#[derive(Debug, Clone)]
pub struct Memory<'a> {
    base: &'a [u8],
    base_len: usize,
    target_len: usize,
    limit: usize,
    self_digests: SelfDigests,
    target: Vec<u8>,
}

impl<'a> Memory<'a> {
    /// Images of the lengths that `header` declares. `base` may be shorter: it goes on with zeros. Writing more than
    /// `limit` target bytes fails with [`Full`].
    #[must_use]
    pub fn new(header: &Header, base: &'a [u8], limit: usize) -> Self {
        Self {
            base,
            base_len: header.base_len as usize,
            target_len: header.target_len as usize,
            limit,
            self_digests: header.self_digests,
            target: Vec::new(),
        }
    }

    /// As if `len` bytes had been written already.
    pub fn resume(&mut self, len: u32) {
        self.target.resize(len as usize, 0);
    }

    /// The target so far.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        &self.target
    }

    /// The target so far, by value.
    #[must_use]
    pub fn into_target(self) -> Vec<u8> {
        self.target
    }
}

impl Images for Memory<'_> {
    type Error = Full;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Full> {
        let start = offset as usize;
        let end = start + bytes.len();
        assert!(end <= self.base_len, "base read at {start}..{end} of {}", self.base_len);
        for (index, slot) in bytes.iter_mut().enumerate() {
            *slot = self.base.get(start + index).copied().unwrap_or(0);
        }
        Ok(())
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Full> {
        let start = offset as usize;
        let end = start + bytes.len();
        let written = self.target.len();
        assert!(end <= written, "target read at {start}..{end} of {written} written");
        bytes.copy_from_slice(&self.target[start..end]);
        Ok(())
    }

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.target.len() + bytes.len();
        assert!(bytes.len() <= MAX_STEP_OUTPUT, "{} bytes in one step", bytes.len());
        assert!(end <= self.target_len, "target byte {end} of {}", self.target_len);
        if end > self.limit {
            return Err(Full);
        }
        self.self_digests.extend(&mut self.target, bytes, prefix);
        Ok(())
    }
}
