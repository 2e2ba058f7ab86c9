//! What an earlier run left: whether the slot is as the journal of steps says, and the decoder's state.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use patcher_core::Decoder;
use patcher_core::container::in_place::Form;
use patcher_core::crc::Crc32;

use super::error::InPlaceError;
use super::plan::{Place, Plan};
use crate::apply::read::read;
use crate::resume::journal::Journal;
use crate::resume::marks::Saved;

/// Bytes read at once, and in one call.
const READ_BYTES: u32 = 64;
const SLICE_BYTES: u32 = 4096;

/// A comparison of the slot with a record of the journal of steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recover {
    place: Place,
    /// Base pages that the CRC is of; `None` if it is of target bytes.
    moved: Option<u32>,
    expected: u32,
    crc: Crc32,
    /// Base pages read, and bytes of the next one, or of the target.
    pages: u32,
    bytes: u32,
}

/// What came out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    /// It is not decided yet.
    Open,
    /// The slot is as the record says; the CRC to go on with.
    Right(Place, Crc32),
    /// It is not.
    Wrong,
}

impl Recover {
    /// With a record that says `place` and the CRC `expected`.
    pub(super) fn new(place: Place, expected: u32, plan: &Plan) -> Self {
        let moved = match place {
            Place::Moving { moved } => Some(moved),
            // The record of the last move still has the CRC of all that was moved.
            Place::Writing { pages: 0, .. } if plan.slot().form == Form::Slide => {
                Some(plan.base_pages())
            }
            Place::Writing { .. } => None,
        };
        Self { place, moved, expected, crc: Crc32::new(), pages: 0, bytes: 0 }
    }

    /// Reads a slice more. What cannot be read is not as it should be.
    pub(super) fn advance<S: ReadNorFlash>(&mut self, slot: &mut S, plan: &Plan) -> Verdict {
        let mut budget = SLICE_BYTES;
        while budget > 0 {
            let Some((at, left)) = self.next(plan) else { return self.verdict() };
            let count = left.min(READ_BYTES).min(budget);
            let mut buffer = [0; READ_BYTES as usize];
            let bytes = buffer.get_mut(..count as usize).unwrap_or_default();
            if read(slot, at, bytes).is_err() {
                return Verdict::Wrong;
            }
            self.crc.update(bytes);
            self.bytes = self.bytes.saturating_add(count);
            budget = budget.saturating_sub(count);
        }
        Verdict::Open
    }

    /// Where the next bytes are, and how many; `None` after the last.
    fn next(&mut self, plan: &Plan) -> Option<(u32, u32)> {
        let Some(moved) = self.moved else {
            let Place::Writing { pages, .. } = self.place else { return None };
            let left = plan.written(pages).saturating_sub(self.bytes);
            return (left > 0).then_some((self.bytes, left));
        };
        while self.pages < moved {
            let page = plan.next_move(self.pages)?;
            let left = page.len.saturating_sub(self.bytes);
            if left > 0 {
                return Some((page.to.saturating_add(self.bytes), left));
            }
            (self.pages, self.bytes) = (self.pages.saturating_add(1), 0);
        }
        None
    }

    fn verdict(&self) -> Verdict {
        if self.crc.value() != self.expected {
            return Verdict::Wrong;
        }
        match self.place {
            Place::Writing { pages: 0, .. } => Verdict::Right(self.place, Crc32::new()),
            Place::Moving { .. } | Place::Writing { .. } => Verdict::Right(self.place, self.crc),
        }
    }
}

/// Loads into `decoder`, which is fresh, the state of the newest mark that the slot can be continued from with `pages` target pages
/// written; the target offset where it starts.
///
/// # Errors
/// [`InPlaceError::Lost`] when it would need base bytes that are gone.
pub(super) fn load<P, J: NorFlash>(
    marks: Option<&mut Journal<J>>,
    header_digest: &[u8; 32],
    saved: Saved,
    (plan, pages): (&Plan, u32),
    decoder: &mut Decoder<'_>,
) -> Result<u32, InPlaceError<P, J::Error>> {
    if let Some(journal) = marks
        && let Some(found) = journal.find(header_digest)
    {
        let mut position = [0; 4];
        let failed = |offset| move |error| InPlaceError::Marks { offset, error };
        journal.read(found.state, &mut position).map_err(failed(found.state))?;
        let position = u32::from_le_bytes(position);
        // A newer mark is of the same update in an earlier life: the target was written, and the base came back.
        if plan.can_start(position, pages) {
            let mut at = found.state;
            saved.load(decoder, |bytes| {
                let read = journal.read(at, bytes);
                at = at.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                read.is_ok()
            })?;
            return Ok(position);
        }
    }
    if plan.can_start(0, pages) { Ok(0) } else { Err(InPlaceError::Lost) }
}
