//! Collects the header in memory that nobody uses yet: the decoder's workspace.

use patcher_core::Header;
use patcher_core::container::header::MAX_HEADER_BYTES;
use patcher_core::error::{HeaderError, SetupError};
use patcher_core::model::LEAST_WORDS;

use super::gate::{Admitted, Opened, Pass, Refusal};
use crate::resume::Binding;

// The smallest workspace that a patch can declare holds the longest header, one byte a word.
const _: () = assert!(LEAST_WORDS >= MAX_HEADER_BYTES);

/// The header as far as it has come.
#[derive(Debug)]
pub(crate) struct HeaderBuffer<'w> {
    /// The workspace; the first `len` words hold a byte each.
    words: &'w mut [u16],
    len: usize,
}

/// A complete header.
#[derive(Debug)]
pub(crate) struct Collected<'w> {
    pub(crate) header: Header,
    /// Bytes of the header.
    pub(crate) len: u32,
    /// Bytes after it.
    pub(crate) payload: u32,
    /// The gate's word.
    pub(crate) admitted: Admitted,
    /// The workspace, free again.
    pub(crate) workspace: &'w mut [u16],
}

impl<'w> HeaderBuffer<'w> {
    pub(crate) fn new(workspace: &'w mut [u16]) -> Self {
        Self { words: workspace, len: 0 }
    }

    /// Takes the header's bytes, and no more, from `chunk`; `None` as long as some are missing.
    ///
    /// **Cost**: parses from the first byte on, so a header pushed byte by byte costs the square
    /// of its length (at most 512 bytes).
    pub(crate) fn push(
        &mut self,
        chunk: &mut &[u8],
        gate: &mut impl Pass,
        bound: &mut impl Binding,
    ) -> Result<Option<Collected<'w>>, Refusal> {
        let stored = self.words.iter().take(self.len).map(|word| {
            let [byte, _] = word.to_le_bytes();
            byte
        });
        let bytes = stored.chain(chunk.iter().copied());
        match gate.open(bytes.clone()) {
            Ok(Opened { admitted, header, len, payload }) => {
                bound.see(bytes.take(len));
                let taken = len.saturating_sub(self.len);
                *chunk = chunk.get(taken..).unwrap_or_default();
                let workspace = core::mem::take(&mut self.words);
                Ok(Some(Collected { header, len: count(len), payload, admitted, workspace }))
            }
            Err(Refusal::Header(HeaderError::Incomplete)) => {
                self.store(chunk).map(|()| None).map_err(Refusal::Setup)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps all of `chunk`.
    fn store(&mut self, chunk: &mut &[u8]) -> Result<(), SetupError> {
        let too_small = SetupError::Workspace {
            expected: count(MAX_HEADER_BYTES),
            got: count(self.words.len()),
        };
        let free = self.words.get_mut(self.len..).ok_or(too_small)?;
        let room = free.get_mut(..chunk.len()).ok_or(too_small)?;
        for (word, &byte) in room.iter_mut().zip(*chunk) {
            *word = u16::from(byte);
        }
        self.len = self.len.saturating_add(chunk.len());
        *chunk = &[];
        Ok(())
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
