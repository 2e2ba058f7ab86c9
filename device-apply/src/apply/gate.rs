//! What stands between the bytes of a patch and the decoder.

use patcher_core::Header;
use patcher_core::error::{DecodeError, HeaderError, SetupError, TrustError};

/// Most body bytes that one call lets through.
pub(crate) const SLICE_BYTES: usize = 64;

/// Whether an [`Applier`](crate::Applier) checks who made the patch: [`Open`] or, with the feature `p256`,
/// `trust::Verify`. Implemented by these two and no others.
pub trait Gate: Pass {}

/// Takes every patch, signed or not, by whomever: signatures are not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open(());

impl Open {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Gate for Open {}

/// Proof that a gate let a header pass; a decoder is made for nothing less.
#[derive(Debug)]
pub(crate) struct Admitted(());

impl Admitted {
    /// For gates only, which call it last.
    pub(crate) fn new() -> Self {
        Self(())
    }
}

/// A header that the gate let pass.
#[derive(Debug)]
#[expect(unnameable_types, reason = "gates are made in this crate only")]
pub struct Opened {
    pub(crate) admitted: Admitted,
    pub(crate) header: Header,
    /// Bytes of the header.
    pub(crate) len: usize,
    /// Bytes after it.
    pub(crate) payload: u32,
}

/// Why the gate stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(unnameable_types, reason = "gates are made in this crate only")]
pub enum Refusal {
    /// The header is malformed, or not complete yet.
    Header(HeaderError),
    /// This device has no room for the header.
    Setup(SetupError),
    /// The body is too short or too long.
    Decode(DecodeError),
    /// It is not trusted.
    Trust(TrustError),
    /// A block is longer than the buffer for it.
    BlockTooLong {
        /// Bytes of the block.
        expected: u32,
        /// Bytes of the buffer.
        got: u32,
    },
    /// The patch is not the one that was authenticated before.
    Swapped,
}

/// The gate's work, in the order of the calls.
#[expect(unnameable_types, reason = "gates are made in this crate only")]
pub trait Pass {
    /// Reads and judges the header at the start of `bytes`.
    fn open(&mut self, bytes: impl Iterator<Item = u8> + Clone) -> Result<Opened, Refusal>;

    /// Takes bytes of `chunk` that the decoder shall not have, or not yet.
    fn fill(&mut self, chunk: &mut &[u8]) -> Result<(), Refusal>;

    /// What the decoder may have now: at most [`SLICE_BYTES`] of the gate's own, or of `chunk`.
    fn ready<'s>(&'s self, chunk: &'s [u8]) -> &'s [u8];

    /// The decoder took the first `count` bytes of what was [`ready`](Self::ready).
    fn taken(&mut self, count: usize, chunk: &mut &[u8]) -> Result<(), Refusal>;

    /// Whether bytes are ready without more input.
    fn pending(&self) -> bool;

    /// Bytes of a block of the payload that is not the last; anything if it is not cut into blocks.
    fn block_bytes(&self) -> u32;
}

impl Pass for Open {
    fn open(&mut self, bytes: impl Iterator<Item = u8> + Clone) -> Result<Opened, Refusal> {
        let (header, len) = Header::parse(bytes).map_err(Refusal::Header)?;
        Ok(Opened { admitted: Admitted::new(), header, len, payload: header.body_len })
    }

    fn fill(&mut self, _: &mut &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    fn ready<'s>(&'s self, chunk: &'s [u8]) -> &'s [u8] {
        first(chunk, SLICE_BYTES)
    }

    fn taken(&mut self, count: usize, chunk: &mut &[u8]) -> Result<(), Refusal> {
        *chunk = chunk.get(count..).unwrap_or_default();
        Ok(())
    }

    fn pending(&self) -> bool {
        false
    }

    fn block_bytes(&self) -> u32 {
        0
    }
}

/// At most `count` bytes of `bytes`.
pub(crate) fn first(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(..count).unwrap_or(bytes)
}
