//! The decoder's view of the two slots.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use patcher_core::Images;
use patcher_core::container::self_digest::SelfDigests;

use super::read::read;
use super::self_digest::Filler;
use super::writer::Writer;
use crate::ApplyError;
use crate::resume::Past;

/// Base slot and staging slot; target bytes go through the writer.
#[derive(Debug)]
pub(crate) struct SlotImages<'s, B, S, P> {
    base: &'s mut B,
    staging: &'s mut S,
    writer: &'s mut Writer,
    filler: &'s mut Filler,
    digests: SelfDigests,
    past: &'s mut P,
    /// Whether bytes that come fill up the last write unit.
    last: bool,
}

impl<'s, B: ReadNorFlash, S: NorFlash, P: Past> SlotImages<'s, B, S, P> {
    pub(crate) fn new(
        base: &'s mut B,
        staging: &'s mut S,
        writer: &'s mut Writer,
        (filler, digests): (&'s mut Filler, SelfDigests),
        past: &'s mut P,
    ) -> Self {
        Self { base, staging, writer, filler, digests, past, last: false }
    }

    /// Writes what is left, filled up to a write unit with erased bytes, at the end of the target or of a page.
    pub(crate) fn flush(&mut self) -> Result<(), ApplyError<B::Error, S::Error>> {
        let (bytes, len) = self.writer.padding::<S>();
        self.last = true;
        self.write_target(bytes.get(..len).unwrap_or_default())
    }
}

impl<B: ReadNorFlash, S: NorFlash, P: Past> Images for SlotImages<'_, B, S, P> {
    type Error = ApplyError<B::Error, S::Error>;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        read(self.base, offset, bytes).map_err(|error| ApplyError::BaseRead { offset, error })
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.writer.read(self.staging, offset, bytes)
    }

    // The only place that programs: one copy of what drives the flash.
    #[inline(never)]
    fn write_target(&mut self, mut bytes: &[u8]) -> Result<(), Self::Error> {
        loop {
            let position = self.writer.position();
            let read = |offset, bytes: &mut [u8]| self.writer.read(self.staging, offset, bytes);
            let (count, digest) = self.filler.next(&self.digests, position, bytes.len(), read)?;
            let (given, later) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
            let now = digest.unwrap_or(given);
            self.writer.push(self.staging, self.past, now, self.last)?;
            if later.is_empty() {
                return Ok(());
            }
            bytes = later;
        }
    }
}
