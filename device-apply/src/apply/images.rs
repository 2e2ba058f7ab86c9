//! The decoder's view of the two slots.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use patcher_core::Images;

use super::read::read;
use super::writer::Writer;
use crate::ApplyError;
use crate::resume::Past;

/// Base slot and staging slot; target bytes go through the writer.
#[derive(Debug)]
pub(crate) struct SlotImages<'s, B, S, P> {
    pub(crate) base: &'s mut B,
    pub(crate) staging: &'s mut S,
    pub(crate) writer: &'s mut Writer,
    pub(crate) past: &'s mut P,
}

impl<B: ReadNorFlash, S: NorFlash, P: Past> Images for SlotImages<'_, B, S, P> {
    type Error = ApplyError<B::Error, S::Error>;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        read(self.base, offset, bytes).map_err(|error| ApplyError::BaseRead { offset, error })
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.writer.read(self.staging, offset, bytes)
    }

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.writer.push(self.staging, self.past, bytes)
    }
}
