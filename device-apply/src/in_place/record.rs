//! What the journal of steps keeps.

use crate::journal::{Reader, Record, Writer};

/// How many steps of an update are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// SHA-256 of the patch's header.
    pub(super) header_digest: [u8; 32],
    /// Steps done.
    pub(super) done: u32,
    /// CRC-32 of the base bytes moved so far, in the order of moving; once target pages are written, of those.
    pub(super) crc: u32,
}

impl Record for Steps {
    const KIND: u8 = 0xB2;
    const BYTES: usize = 40;

    fn encode(&self, bytes: &mut [u8]) {
        let mut rest = Writer(bytes);
        rest.put(&self.header_digest);
        rest.put(&self.done.to_le_bytes());
        rest.put(&self.crc.to_le_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader(bytes);
        Some(Self { header_digest: fields.take()?, done: fields.u32()?, crc: fields.u32()? })
    }
}
