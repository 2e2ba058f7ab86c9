//! Records in flash of which the newest counts: boot metadata, the state of an update.
//!
//! ```text
//! region = page page ...            two at least; used in turn
//! page   = record record ... rest   a record does not cross pages
//! record = sequence u32 │ bytes │ CRC-32 u32 │ filled up to the write unit
//! ```
//!
//! A record is written into erased flash and never changed. A page is erased when the one before it is full, and never the page
//! that holds the newest record; the older ones are the log of what went before.
//!
//! # Power loss
//! The newest whole record counts: after a cut anywhere that is the one before or the new one. What cannot be read (ECC), fails its
//! CRC or says what no record says is no record; a place that only looks erased is passed over when it refuses to be written.
//!
//! **Reference**: docs/flash-layout.md §1; why not a crate of the registry: docs/adr/0009.

mod bytes;
mod error;
mod frame;
mod log;

pub(crate) use bytes::{Reader, Writer};
pub use error::JournalError;
pub use log::Journal;

/// What a journal keeps.
///
/// A journal reads records of its own `KIND` only.
pub trait Record: Sized {
    /// Tells the records of one journal from those of another.
    const KIND: u8;
    /// Bytes of a record in flash; at most [`MAX_RECORD_BYTES`].
    const BYTES: usize;

    /// Fills `bytes`, of which there are [`BYTES`](Self::BYTES).
    fn encode(&self, bytes: &mut [u8]);

    /// Reads what [`encode`](Self::encode) wrote; `None` for bytes that it never writes.
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// Longest record, without sequence number and CRC.
pub const MAX_RECORD_BYTES: usize = frame::MAX_BYTES - frame::OVERHEAD;
