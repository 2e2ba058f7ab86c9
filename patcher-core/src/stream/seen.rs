//! The images as extras see them, and the way back.

use super::engine::Engine;
use super::images::Images;
use super::state::State;
use super::{MAX_COPIED, Scratch, length32};
use crate::container::header::Header;
use crate::error::Error;
use crate::reference::call::{self, View, Views};

/// Bytes around a place that tell whether it is part of a call.
pub(super) const AROUND: usize = call::LEN - 1;
/// Last bytes that are known, stored or not; in a [`Scratch`] they stand before those that are made.
pub(super) const HELD: usize = size_of::<u32>();

const _: () = assert!(HELD >= AROUND && HELD + MAX_COPIED + AROUND <= size_of::<Scratch>());

impl Engine<'_> {
    /// Puts the `len` bytes, at most [`MAX_COPIED`], that extras see at `at` of the base, or of the target so far, into `scratch`
    /// behind [`HELD`] others. `false` if they do not all exist.
    pub(crate) fn seen<I: Images>(
        &self,
        images: &mut I,
        from_base: bool,
        at: u32,
        len: usize,
        scratch: &mut Scratch,
    ) -> Result<bool, Error<I::Error>> {
        let State { position, last, held, .. } = self.state;
        let end = if from_base { self.header.base_len } else { position };
        let start = at.saturating_sub(length32(AROUND));
        let stop = at.saturating_add(length32(len + AROUND)).min(end);
        let stored = if from_base { stop } else { stop.min(position.wrapping_sub(held)) };
        let stored = stored.saturating_sub(start) as usize;
        let first = HELD.saturating_sub(at.saturating_sub(start) as usize);
        let window = scratch.get_mut(first..).unwrap_or(&mut []);
        let known = window.get_mut(..stop.saturating_sub(start) as usize).unwrap_or(&mut []);
        let read = known.get_mut(..stored).unwrap_or(&mut []);
        if from_base {
            self.read_base(images, start, read)?;
        } else if stored > 0 {
            images.read_target(start, read).map_err(Error::Images)?;
        }
        if !from_base {
            // What is held is in none of them yet.
            let mut recent = last;
            for back in 1..=held {
                let ahead = position.wrapping_sub(back).wrapping_sub(start) as usize;
                let [byte, ..] = recent.to_le_bytes();
                if let Some(slot) = known.get_mut(ahead) {
                    *slot = byte;
                }
                recent >>= 8;
            }
        }
        let view = if from_base { View::Base } else { View::Target };
        self.turn(view, start, known);
        Ok(stop >= at.saturating_add(length32(len)))
    }

    /// Turns calls, see [`Views::turn`]. Without an instruction set all bytes are certain.
    fn turn(&self, view: View, offset: u32, bytes: &mut [u8]) -> usize {
        let Header { base_regions: base, target_regions: target, .. } = &self.header;
        match self.isa {
            Some(isa) => Views { isa, base, target, map: &self.map }.turn(view, offset, bytes),
            None => bytes.len(),
        }
    }

    /// Writes the `len` bytes of the extra, at most [`MAX_COPIED`], that are in `scratch` as seen behind [`HELD`] others. The last
    /// ones are held while a call may begin in them and the extra goes on.
    pub(crate) fn write_seen<I: Images>(
        &mut self,
        images: &mut I,
        len: usize,
        scratch: &mut Scratch,
    ) -> Result<(), Error<I::Error>> {
        let held = self.state.held as usize;
        let start = self.state.position.wrapping_sub(length32(held));
        if let Some(recent) = scratch.first_chunk_mut() {
            *recent = self.state.last.to_be_bytes();
        }
        let all = scratch.get_mut(HELD.saturating_sub(held)..HELD + len).unwrap_or(&mut []);
        let new = all.get(held..).unwrap_or(&[]);
        let State { position, last, .. } = self.state;
        self.state.advance(new);
        if let Some(isa) = self.isa {
            if self.halfwords {
                let [low, ..] = last.to_le_bytes();
                self.state.halfwords.step(position, low, new);
            } else {
                isa.follow(&mut self.state.inside, new);
            }
        }
        self.state.left = self.state.left.saturating_sub(length32(len));
        let mut certain = self.turn(View::Back, start, all);
        if self.state.left == 0 {
            certain = all.len();
        }
        self.state.held = length32(all.len()).saturating_sub(length32(certain));
        let certain = all.get(..certain).unwrap_or(&[]);
        if certain.is_empty() {
            return Ok(());
        }
        images.write_target(certain).map_err(Error::Images)
    }
}
