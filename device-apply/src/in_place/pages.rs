//! Slot and scratch: base pages moved and saved, target pages written, both read.

use embedded_storage::nor_flash::NorFlash;
use patcher_core::container::in_place::Form;
use patcher_core::crc::Crc32;

use super::error::InPlaceError;
use super::plan::{Move, Place, Plan};
use super::record::Steps;
use crate::apply::read::read;
use crate::apply::writer::{BUFFER_BYTES, batch};
use crate::journal::Journal;

/// Bytes moved in one call.
const SLICE_BYTES: u32 = 1024;

/// What the update changes, page by page, and how far it is.
#[derive(Debug)]
pub(super) struct Pages<S> {
    pub(super) slot: S,
    pub(super) scratch: Option<S>,
    pub(super) erased_value: u8,
    /// Target bytes on their way into the slot.
    buffer: [u8; BUFFER_BYTES],
    /// Target bytes made.
    position: u32,
    /// Of those, the ones not in the buffer any more.
    written: u32,
    /// Steps that are done.
    place: Place,
    /// Of the base bytes moved, or the target bytes written.
    crc: Crc32,
    /// Bytes moved of the page that is being moved.
    moved_bytes: u32,
}

type Outcome<T, P, S> = Result<T, InPlaceError<P, S>>;

impl<S: NorFlash> Pages<S> {
    pub(super) fn new(slot: S, scratch: Option<S>) -> Self {
        Self {
            slot,
            scratch,
            erased_value: 0xFF,
            buffer: [0; BUFFER_BYTES],
            position: 0,
            written: 0,
            place: Place::Moving { moved: 0 },
            crc: Crc32::new(),
            moved_bytes: 0,
        }
    }

    /// Goes on with `place`, up to which the CRC is `crc`.
    pub(super) fn go_on(&mut self, place: Place, crc: Crc32) {
        (self.place, self.crc) = (place, crc);
        self.moved_bytes = 0;
    }

    /// The decoder starts at target offset `at`.
    pub(super) fn start(&mut self, at: u32) {
        (self.position, self.written) = (at, at);
    }

    /// Target bytes made.
    pub(super) fn position(&self) -> u32 {
        self.position
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Moves a slice of the base page that comes after `moved` others.
    pub(super) fn slide<P, J: NorFlash<Error = S::Error>>(
        &mut self,
        moved: u32,
        plan: &Plan,
        steps: &mut Journal<J, Steps>,
    ) -> Outcome<(), P, S::Error> {
        let whole = plan.next_move(moved).ok_or(InPlaceError::Internal)?;
        if self.moved_bytes == 0 {
            self.erase(whole.to)?;
        }
        let stop = add(self.moved_bytes, SLICE_BYTES)?.min(whole.len);
        while self.moved_bytes < stop {
            let part = whole.part(self.moved_bytes, stop).ok_or(InPlaceError::Internal)?;
            let mut buffer = [self.erased_value; BUFFER_BYTES];
            self.read_slot(part.from, slice(&mut buffer, part.len)?)?;
            self.crc.update(slice(&mut buffer, part.len)?);
            self.write(part.to, units::<S, P>(&buffer, part.len)?)?;
            self.moved_bytes = add(self.moved_bytes, part.len)?;
        }
        if self.moved_bytes >= whole.len {
            self.moved_bytes = 0;
            self.finish_step(plan, add(moved, 1)?, steps)?;
        }
        Ok(())
    }

    /// Copies the base page where target page `page` goes to the scratch, if there is one.
    fn save<P, J: NorFlash<Error = S::Error>>(
        &mut self,
        page: u32,
        plan: &Plan,
        steps: &mut Journal<J, Steps>,
    ) -> Outcome<(), P, S::Error> {
        let Some(whole) = plan.save(page) else { return Ok(()) };
        let scratch = self.scratch.as_mut().ok_or(InPlaceError::Internal)?;
        let failed = |offset| move |error| InPlaceError::ScratchFlash { offset, error };
        let end = add(whole.to, plan.page())?;
        scratch.erase(whole.to, end).map_err(failed(whole.to))?;
        let mut done = 0;
        while done < whole.len {
            let part = whole.part(done, whole.len).ok_or(InPlaceError::Internal)?;
            let mut buffer = [self.erased_value; BUFFER_BYTES];
            let offset = part.from;
            read(&mut self.slot, offset, slice(&mut buffer, part.len)?)
                .map_err(|error| InPlaceError::SlotRead { offset, error })?;
            let units = units::<S, P>(&buffer, part.len)?;
            scratch.write(part.to, units).map_err(failed(part.to))?;
            done = add(done, part.len)?;
        }
        let saved = Place::Writing { pages: page, saved: true };
        self.finish_step(plan, plan.done(saved), steps)
    }

    /// Notes that `done` steps are done.
    fn finish_step<P, J: NorFlash<Error = S::Error>>(
        &mut self,
        plan: &Plan,
        done: u32,
        steps: &mut Journal<J, Steps>,
    ) -> Outcome<(), P, S::Error> {
        let (header_digest, crc) = (plan.header_digest(), self.crc.value());
        steps.append(&Steps { header_digest, done, crc })?;
        let place = plan.place(done).ok_or(InPlaceError::Internal)?;
        if let (Place::Moving { .. }, Place::Writing { .. }) = (self.place, place) {
            self.crc = Crc32::new();
        }
        self.place = place;
        Ok(())
    }

    /// Takes the next target bytes.
    pub(super) fn push<P, J: NorFlash<Error = S::Error>>(
        &mut self,
        mut bytes: &[u8],
        plan: &Plan,
        steps: &mut Journal<J, Steps>,
    ) -> Outcome<(), P, S::Error> {
        while !bytes.is_empty() {
            let held = self.held();
            let room = self.buffer.get_mut(held..batch::<S>()).unwrap_or_default();
            let (now, later) =
                bytes.split_at_checked(room.len().min(bytes.len())).unwrap_or_default();
            for (slot, byte) in room.iter_mut().zip(now) {
                *slot = *byte;
            }
            let full = now.len() == room.len();
            let position =
                u32::try_from(now.len()).ok().and_then(|len| self.position.checked_add(len));
            // The decoder stops at the end of the target; this keeps the rest of the slot safe from it.
            let position = position.filter(|&position| position <= plan.target_len());
            self.position = position.ok_or(InPlaceError::Internal)?;
            if full || self.position == plan.target_len() {
                self.program(plan, steps)?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Programs the buffer, unless it belongs to a page that is finished.
    fn program<P, J: NorFlash<Error = S::Error>>(
        &mut self,
        plan: &Plan,
        steps: &mut Journal<J, Steps>,
    ) -> Outcome<(), P, S::Error> {
        let Place::Writing { pages, saved } = self.place else {
            return Err(InPlaceError::Internal);
        };
        let (held, offset) = (self.position.saturating_sub(self.written), self.written);
        let page = offset.checked_div(plan.page()).ok_or(InPlaceError::Internal)?;
        self.written = self.position;
        if page < pages {
            return Ok(());
        }
        if offset.checked_rem(plan.page()) == Some(0) {
            if !saved {
                self.save(page, plan, steps)?;
            }
            self.erase(offset)?;
        }
        let mut buffer = [self.erased_value; BUFFER_BYTES];
        let bytes = slice(&mut buffer, held)?;
        bytes.copy_from_slice(self.buffer.get(..bytes.len()).unwrap_or_default());
        self.crc.update(bytes);
        self.write(offset, units::<S, P>(&buffer, held)?)?;
        let whole = self.written.checked_rem(plan.page()) == Some(0);
        if whole || self.written == plan.target_len() {
            let finished = Place::Writing { pages: add(page, 1)?, saved: false };
            self.finish_step(plan, plan.done(finished), steps)?;
        }
        Ok(())
    }

    /// Fills `bytes` with base bytes from `offset` on, from wherever they are by now.
    pub(super) fn read_base<P>(
        &mut self,
        plan: &Plan,
        mut offset: u32,
        mut bytes: &mut [u8],
    ) -> Outcome<(), P, S::Error> {
        if plan.slot().form == Form::Slide {
            return self.read_slot(add(offset, plan.slot().reserve_bytes())?, bytes);
        }
        let Place::Writing { pages, saved } = self.place else {
            return Err(InPlaceError::Internal);
        };
        let gone = pages.saturating_add(saved.into()).saturating_mul(plan.page());
        while !bytes.is_empty() {
            let into = offset.checked_rem(plan.page()).ok_or(InPlaceError::Internal)?;
            let left = plan.page().saturating_sub(into) as usize;
            let (now, later) =
                bytes.split_at_mut_checked(left.min(bytes.len())).unwrap_or_default();
            if offset < gone {
                let at = plan.in_scratch(offset).ok_or(InPlaceError::Internal)?;
                let scratch = self.scratch.as_mut().ok_or(InPlaceError::Internal)?;
                read(scratch, at, now)
                    .map_err(|error| InPlaceError::ScratchFlash { offset: at, error })?;
            } else {
                self.read_slot(offset, now)?;
            }
            offset = offset.saturating_add(u32::try_from(left).unwrap_or(u32::MAX));
            bytes = later;
        }
        Ok(())
    }

    /// Fills `bytes` with target bytes made earlier, from the slot or from the buffer.
    pub(super) fn read_target<P>(
        &mut self,
        offset: u32,
        bytes: &mut [u8],
    ) -> Outcome<(), P, S::Error> {
        let in_flash = (self.written.saturating_sub(offset) as usize).min(bytes.len());
        let (stored, held) = bytes.split_at_mut_checked(in_flash).unwrap_or_default();
        if !stored.is_empty() {
            self.read_slot(offset, stored)?;
        }
        let start = offset.saturating_sub(self.written) as usize;
        let buffered = self.buffer.get(start..self.held()).unwrap_or_default();
        held.copy_from_slice(buffered.get(..held.len()).ok_or(InPlaceError::Internal)?);
        Ok(())
    }

    pub(super) fn read_slot<P>(
        &mut self,
        offset: u32,
        bytes: &mut [u8],
    ) -> Outcome<(), P, S::Error> {
        read(&mut self.slot, offset, bytes)
            .map_err(|error| InPlaceError::SlotRead { offset, error })
    }

    /// Bytes in the buffer.
    fn held(&self) -> usize {
        self.position.saturating_sub(self.written) as usize
    }

    fn erase<P>(&mut self, offset: u32) -> Outcome<(), P, S::Error> {
        let page = u32::try_from(S::ERASE_SIZE).map_err(|_| InPlaceError::Internal)?;
        let erased = self.slot.erase(offset, add(offset, page)?);
        erased.map_err(|error| InPlaceError::SlotErase { offset, error })
    }

    fn write<P>(&mut self, offset: u32, units: &[u8]) -> Outcome<(), P, S::Error> {
        let written = self.slot.write(offset, units);
        written.map_err(|error| InPlaceError::SlotWrite { offset, error })
    }
}

impl Move {
    /// What is moved at once from `done` bytes on, at most to `stop`.
    fn part(&self, done: u32, stop: u32) -> Option<Self> {
        let most = u32::try_from(BUFFER_BYTES).ok()?;
        Some(Self {
            from: self.from.checked_add(done)?,
            to: self.to.checked_add(done)?,
            len: stop.checked_sub(done)?.min(most),
        })
    }
}

fn add<P, S>(offset: u32, bytes: u32) -> Outcome<u32, P, S> {
    offset.checked_add(bytes).ok_or(InPlaceError::Internal)
}

/// The first `len` bytes.
fn slice<P, S>(buffer: &mut [u8; BUFFER_BYTES], len: u32) -> Outcome<&mut [u8], P, S> {
    buffer.get_mut(..len as usize).ok_or(InPlaceError::Internal)
}

/// The write units that the first `len` bytes take.
fn units<S: NorFlash, P>(buffer: &[u8; BUFFER_BYTES], len: u32) -> Outcome<&[u8], P, S::Error> {
    let len = (len as usize).next_multiple_of(S::WRITE_SIZE.max(1));
    buffer.get(..len).ok_or(InPlaceError::Internal)
}
