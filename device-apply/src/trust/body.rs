//! The body's digest, or those of its blocks, as the bytes come.

use patcher_core::container::trust::{BLOCK_DIGEST_BYTES, Seal};
use patcher_core::error::{DecodeError, HeaderError, TrustError};
use sha2::{Digest as _, Sha256};

use crate::apply::gate::{Refusal, SLICE_BYTES, first};

type Prefix = [u8; BLOCK_DIGEST_BYTES];

/// How far the payload of a signed patch is, and the digest of the block it is in.
///
/// A block is checked when its last byte is in. With a buffer that takes it, none of its bytes is handed out before; the
/// buffer is the caller's and not kept here.
#[derive(Debug)]
pub(crate) struct BodyCheck {
    hash: Sha256,
    /// Digest of this block.
    expected: Prefix,
    /// Digest of the next, as far as it has come.
    next: Prefix,
    next_len: u8,
    /// Bytes of the payload, and of this block, that have not come.
    payload_left: u32,
    block_left: u32,
    /// Bytes of a block that is not the last.
    block_bytes: u32,
    /// Where this block begins in the payload.
    block_at: u32,
    /// Whether this block begins with the digest of another.
    linked: bool,
    /// Whether blocks wait in a buffer until they are checked.
    buffered: bool,
    /// Whether the buffer holds a checked block.
    checked: bool,
    /// What of the buffer is filled, and handed out.
    filled: u32,
    passed: u32,
}

impl BodyCheck {
    /// Of a payload whose first block has the digest `expected`. `buffer` is how many bytes the caller can keep; `late`
    /// allows to check a block as it ends where it does not fit.
    pub(crate) fn new(
        seal: &Seal,
        body_len: u32,
        expected: Prefix,
        buffer: usize,
        late: bool,
    ) -> Result<Self, Refusal> {
        // More than 4 GiB cannot come.
        let payload_left = u32::try_from(seal.payload_bytes(body_len))
            .map_err(|_| Refusal::Header(HeaderError::Trust))?;
        let block_bytes = seal.block_bytes().unwrap_or(u32::MAX);
        let longest = block_bytes.min(payload_left);
        let got = u32::try_from(buffer).unwrap_or(u32::MAX);
        let buffered = longest <= got;
        if !buffered && !late {
            return Err(Refusal::BlockTooLong { expected: longest, got });
        }
        let mut check = Self {
            hash: Sha256::new(),
            expected,
            next: Prefix::default(),
            next_len: 0,
            payload_left,
            block_left: 0,
            block_bytes,
            block_at: 0,
            linked: false,
            buffered,
            checked: false,
            filled: 0,
            passed: 0,
        };
        check.begin();
        if payload_left == 0 {
            check.end()?;
        }
        Ok(check)
    }

    /// Bytes of a block that is not the last.
    pub(crate) fn block_bytes(&self) -> u32 {
        self.block_bytes
    }

    /// Bytes after the header.
    pub(crate) fn payload_left(&self) -> u32 {
        self.payload_left
    }

    /// Takes from `chunk` digests between blocks, and what must wait in the buffer.
    pub(crate) fn fill(&mut self, chunk: &mut &[u8], buffer: &mut [u8]) -> Result<(), Refusal> {
        if self.pending() {
            return Ok(());
        }
        if self.payload_left == 0 {
            let excess = if chunk.is_empty() { Ok(()) } else { Err(DecodeError::TrailingData) };
            return excess.map_err(Refusal::Decode);
        }
        if self.checked {
            (self.checked, self.filled, self.passed) = (false, 0, 0);
        }
        if self.linked && usize::from(self.next_len) < BLOCK_DIGEST_BYTES {
            let room = self.next.get_mut(self.next_len.into()..).unwrap_or_default();
            let bytes = first(chunk, room.len());
            for (slot, &byte) in room.iter_mut().zip(bytes) {
                *slot = byte;
            }
            let count = bytes.len();
            self.hash.update(bytes);
            self.next_len = self.next_len.saturating_add(u8::try_from(count).unwrap_or(0));
            self.advance(count, chunk)?;
        }
        if self.buffered {
            let bytes = first(chunk, self.block_left as usize);
            let room = buffer.get_mut(self.filled as usize..).unwrap_or_default();
            for (slot, &byte) in room.iter_mut().zip(bytes) {
                *slot = byte;
            }
            let count = bytes.len();
            self.hash.update(bytes);
            self.filled = self.filled.saturating_add(u32::try_from(count).unwrap_or(0));
            self.advance(count, chunk)?;
        }
        Ok(())
    }

    /// Bytes of the body that may be decoded now.
    pub(crate) fn ready<'s>(&self, chunk: &'s [u8], buffer: &'s [u8]) -> &'s [u8] {
        if self.buffered {
            let checked = self.passed as usize..self.filled as usize;
            let bytes = if self.checked { buffer.get(checked) } else { None };
            first(bytes.unwrap_or_default(), SLICE_BYTES)
        } else if self.linked && usize::from(self.next_len) < BLOCK_DIGEST_BYTES {
            &[]
        } else {
            first(first(chunk, SLICE_BYTES), self.block_left as usize)
        }
    }

    /// The first `count` bytes of what was ready are decoded.
    pub(crate) fn taken(&mut self, count: usize, chunk: &mut &[u8]) -> Result<(), Refusal> {
        if self.buffered {
            self.passed = self.passed.saturating_add(u32::try_from(count).unwrap_or(0));
            return Ok(());
        }
        self.hash.update(first(chunk, count));
        self.advance(count, chunk)
    }

    /// Whether checked bytes wait in the buffer.
    pub(crate) fn pending(&self) -> bool {
        self.checked && self.passed < self.filled
    }

    /// `count` bytes of `chunk` have come.
    fn advance(&mut self, count: usize, chunk: &mut &[u8]) -> Result<(), Refusal> {
        *chunk = chunk.get(count..).unwrap_or_default();
        let count = u32::try_from(count).unwrap_or(0);
        self.payload_left = self.payload_left.saturating_sub(count);
        self.block_left = self.block_left.saturating_sub(count);
        if self.block_left == 0 && count > 0 { self.end() } else { Ok(()) }
    }

    fn begin(&mut self) {
        self.linked = self.payload_left > self.block_bytes;
        self.block_left = self.block_bytes.min(self.payload_left);
        self.next_len = 0;
    }

    /// Compares the digest of a block and goes on to the next.
    fn end(&mut self) -> Result<(), Refusal> {
        let digest: [u8; 32] = self.hash.finalize_reset().into();
        if !digest.starts_with(&self.expected) {
            return Err(Refusal::Trust(TrustError::Body { block_at: self.block_at }));
        }
        self.checked = self.buffered;
        self.block_at = self.block_at.saturating_add(self.block_bytes);
        self.expected = self.next;
        self.begin();
        Ok(())
    }
}
