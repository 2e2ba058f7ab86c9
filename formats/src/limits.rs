//! What a patch may ask for.

use crate::Error;

/// What a patch may ask for; more is refused before it is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest target image, and largest memory of an in-place patch, in bytes.
    pub target_len: u64,
    /// Largest window of the codec in bytes: what the decoder has to remember.
    pub window: u64,
}

impl Default for Limits {
    /// Targets of 256 MiB, windows of 64 MiB: eight times what detools' own LZMA asks for.
    fn default() -> Self {
        Self { target_len: 256 << 20, window: 64 << 20 }
    }
}

impl Limits {
    /// `len` as a length in memory, if it is not too large.
    pub(crate) fn target(&self, len: u64) -> Result<usize, Error> {
        let fits = usize::try_from(len).ok().filter(|_| len <= self.target_len);
        fits.ok_or(Error::TargetLength { expected: self.target_len, found: len })
    }

    /// Refuses a window that is too large.
    pub(crate) fn window(&self, found: u64) -> Result<(), Error> {
        if found > self.window {
            return Err(Error::Window { expected: self.window, found });
        }
        Ok(())
    }

    /// Most bytes of a delta before coding: ops that make nothing must end somewhere.
    pub(crate) fn delta_len(target_len: u64) -> u64 {
        target_len.saturating_mul(16).saturating_add(1 << 16)
    }
}
