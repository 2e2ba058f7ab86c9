//! The decoder's view of slot and scratch.

use core::marker::PhantomData;

use embedded_storage::nor_flash::NorFlash;
use patcher_core::Images;

use super::error::InPlaceError;
use super::pages::Pages;
use super::plan::Plan;
use super::record::Steps;
use crate::journal::Journal;

/// Base and target, both in the slot.
#[derive(Debug)]
pub(super) struct View<'s, P, S, J> {
    pages: &'s mut Pages<S>,
    plan: &'s Plan,
    steps: &'s mut Journal<J, Steps>,
    patch: PhantomData<P>,
}

impl<'s, P, S, J> View<'s, P, S, J> {
    pub(super) fn new(
        pages: &'s mut Pages<S>,
        plan: &'s Plan,
        steps: &'s mut Journal<J, Steps>,
    ) -> Self {
        Self { pages, plan, steps, patch: PhantomData }
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

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.pages.push(bytes, self.plan, self.steps)
    }
}
