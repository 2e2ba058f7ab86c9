//! The images as extras see them, and the way back.

use super::engine::Engine;
use super::images::Images;
use super::{MAX_COPIED, MAX_STEP_OUTPUT, length32};
use crate::error::Error;
use crate::reference::{Isa, call};

/// Bytes around a place that tell whether it is part of a call.
pub(super) const AROUND: usize = call::LEN - 1;
const WINDOW: usize = MAX_COPIED + 2 * AROUND;

impl Engine<'_> {
    /// Fills `bytes`, at most [`MAX_COPIED`], with what extras see at `at` of the base, or of the target so far.
    pub(crate) fn seen<I: Images>(
        &self,
        images: &mut I,
        from_base: bool,
        at: u32,
        bytes: &mut [u8],
    ) -> Result<(), Error<I::Error>> {
        let Some(isa) = self.isa else { return self.read(images, from_base, at, bytes) };
        let around = length32(AROUND);
        let end = if from_base { self.header.base_len } else { self.state.position };
        let start = at.saturating_sub(around);
        let stop = at.saturating_add(length32(bytes.len()) + around).min(end);
        let mut window = [0u8; WINDOW];
        let Some(window) = window.get_mut(..stop.saturating_sub(start) as usize) else {
            return Ok(());
        };
        self.read(images, from_base, start, window)?;
        let views = self.views(isa);
        if from_base {
            views.of_base(&self.map, start, window);
        } else {
            views.of_target(start, window, |_| {});
        }
        let skipped = at.saturating_sub(start) as usize;
        for (slot, &byte) in bytes.iter_mut().zip(window.get(skipped..).unwrap_or(&[])) {
            *slot = byte;
        }
        Ok(())
    }

    fn views<'a>(&'a self, isa: &'a dyn Isa) -> call::Views<'a> {
        call::Views { isa, base: &self.header.base_regions, target: &self.header.target_regions }
    }

    /// Reads an image; of the target also what is held.
    fn read<I: Images>(
        &self,
        images: &mut I,
        from_base: bool,
        at: u32,
        bytes: &mut [u8],
    ) -> Result<(), Error<I::Error>> {
        if from_base {
            return images.read_base(at, bytes).map_err(Error::Images);
        }
        let held = u32::from(self.state.held_len);
        let written = self.state.position.wrapping_sub(held).saturating_sub(at) as usize;
        let (first, rest) = bytes.split_at_mut(written.min(bytes.len()));
        if !first.is_empty() {
            images.read_target(at, first).map_err(Error::Images)?;
        }
        let skipped = at.saturating_add(held).saturating_sub(self.state.position) as usize;
        let held = self.state.held.get(skipped..).unwrap_or(&[]);
        for (slot, &byte) in rest.iter_mut().zip(held) {
            *slot = byte;
        }
        Ok(())
    }

    /// Writes bytes of the extra, at most [`MAX_COPIED`], given as seen. The last ones are held while a call may begin in
    /// them and the extra goes on.
    pub(crate) fn write_seen<I: Images>(
        &mut self,
        images: &mut I,
        bytes: &[u8],
    ) -> Result<(), Error<I::Error>> {
        let held = usize::from(self.state.held_len);
        let start = self.state.position.wrapping_sub(length32(held));
        self.state.advance(bytes);
        self.state.left = self.state.left.saturating_sub(length32(bytes.len()));
        let mut window = [0u8; MAX_STEP_OUTPUT];
        let all = self.state.held.iter().take(held).chain(bytes);
        let mut len = 0;
        for (slot, &byte) in window.iter_mut().zip(all) {
            *slot = byte;
            len += 1;
        }
        let window = window.get_mut(..len).unwrap_or(&mut []);
        let mut certain = len;
        if let Some(isa) = self.isa {
            certain = self.views(isa).back(start, window);
        }
        if self.state.left == 0 {
            certain = len;
        }
        let (certain, rest) = window.split_at_checked(certain).unwrap_or((window, &[]));
        for (slot, &byte) in self.state.held.iter_mut().zip(rest) {
            *slot = byte;
        }
        self.state.held_len = u8::try_from(rest.len()).unwrap_or(0);
        if certain.is_empty() {
            return Ok(());
        }
        images.write_target(certain).map_err(Error::Images)
    }
}
