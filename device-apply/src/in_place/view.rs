//! The decoder's view of slot and scratch.

use core::marker::PhantomData;

use embedded_storage::nor_flash::NorFlash;
use patcher_core::Images;
use patcher_core::container::self_digest::SelfDigests;

use super::error::InPlaceError;
use super::pages::Pages;
use super::plan::Plan;
use super::record::Steps;
use crate::apply::self_digest::Filler;
use crate::journal::Journal;

/// Base and target, both in the slot.
#[derive(Debug)]
pub(super) struct View<'s, P, S, J> {
    pages: &'s mut Pages<S>,
    filler: &'s mut Filler,
    digests: SelfDigests,
    plan: &'s Plan,
    steps: &'s mut Journal<J, Steps>,
    patch: PhantomData<P>,
}

impl<'s, P, S, J> View<'s, P, S, J> {
    pub(super) fn new(
        pages: &'s mut Pages<S>,
        (filler, digests): (&'s mut Filler, SelfDigests),
        plan: &'s Plan,
        steps: &'s mut Journal<J, Steps>,
    ) -> Self {
        Self { pages, filler, digests, plan, steps, patch: PhantomData }
    }
}

impl<P, S: NorFlash, J: NorFlash<Error = S::Error>> Images for View<'_, P, S, J> {
    type Error = InPlaceError<P, S::Error>;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.pages.read_base(self.plan, offset, bytes)
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.pages.read_target(offset, bytes)
    }

    fn write_target(&mut self, mut bytes: &[u8]) -> Result<(), Self::Error> {
        while !bytes.is_empty() {
            let position = self.pages.position();
            let read = |offset, bytes: &mut [u8]| self.pages.read_target(offset, bytes);
            let (count, digest) = self.filler.next(&self.digests, position, bytes.len(), read)?;
            let (given, later) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
            self.pages.push(digest.unwrap_or(given), self.plan, self.steps)?;
            bytes = later;
        }
        Ok(())
    }
}
