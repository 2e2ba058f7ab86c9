//! The images as extras see them, and the way back.

use super::engine::Engine;
use super::images::Images;
use super::state::State;
use super::{MAX_COPIED, length32};
use crate::container::header::Header;
use crate::error::Error;
use crate::reference::call::{self, View, Views};

/// Bytes around a place that tell whether it is part of a call.
pub(super) const AROUND: usize = call::LEN - 1;
/// Last bytes that are known, stored or not.
const HELD: usize = size_of::<u32>();
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
        let State { position, last, held, .. } = self.state;
        let end = if from_base { self.header.base_len } else { position };
        let start = at.saturating_sub(length32(AROUND));
        let stop = at.saturating_add(length32(bytes.len() + AROUND)).min(end);
        let mut window = [0u8; WINDOW];
        let stored = if from_base { stop } else { stop.min(position.wrapping_sub(held)) };
        let stored = stored.saturating_sub(start) as usize;
        let read = window.get_mut(..stored).unwrap_or(&mut []);
        if from_base {
            self.read_base(images, start, read)?;
        } else if stored > 0 {
            images.read_target(start, read).map_err(Error::Images)?;
        }
        // What is held is in none of them yet.
        let ahead = start.saturating_add(length32(stored + HELD)).saturating_sub(position);
        let rest = window.iter_mut().skip(stored);
        for (slot, &byte) in rest.zip(last.to_be_bytes().iter().skip(ahead as usize)) {
            *slot = byte;
        }
        let view = if from_base { View::Base } else { View::Target };
        let known = window.get_mut(..stop.saturating_sub(start) as usize).unwrap_or(&mut []);
        self.turn(view, start, known);
        let skipped = at.saturating_sub(start) as usize;
        if let Some(middle) = known.get(skipped..skipped + bytes.len()) {
            bytes.copy_from_slice(middle);
        }
        Ok(())
    }

    /// Turns calls, see [`Views::turn`]. Without an instruction set all bytes are certain.
    fn turn(&self, view: View, offset: u32, bytes: &mut [u8]) -> usize {
        let Header { base_regions: base, target_regions: target, .. } = &self.header;
        match self.isa {
            Some(isa) => Views { isa, base, target, map: &self.map }.turn(view, offset, bytes),
            None => bytes.len(),
        }
    }

    /// Writes bytes of the extra, at most [`MAX_COPIED`], given as seen. The last ones are held while a call may begin in
    /// them and the extra goes on.
    pub(crate) fn write_seen<I: Images>(
        &mut self,
        images: &mut I,
        bytes: &[u8],
    ) -> Result<(), Error<I::Error>> {
        let held = self.state.held;
        let start = self.state.position.wrapping_sub(held);
        let mut window = [0u8; call::LEN + MAX_COPIED];
        let (recent, new) = window.split_at_mut(call::LEN);
        recent.copy_from_slice(&self.state.last.to_be_bytes());
        if let Some(new) = new.get_mut(..bytes.len()) {
            new.copy_from_slice(bytes);
        }
        self.state.advance(bytes);
        self.state.left = self.state.left.saturating_sub(length32(bytes.len()));
        let all = call::LEN.saturating_sub(held as usize)..call::LEN + bytes.len();
        let all = window.get_mut(all).unwrap_or(&mut []);
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
