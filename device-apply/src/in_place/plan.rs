//! The steps of an update, numbered.

use patcher_core::Header;
use patcher_core::container::in_place::{Form, InPlace};

/// What is where, and in which order it changes.
///
/// ```text
/// slide     base pages moved, from the last to the first │ target pages written, from the first on
/// scratch   base page 0 saved │ target page 0 written │ base page 1 saved │ …        two numbers a page
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    slot: InPlace,
    base_len: u32,
    target_len: u32,
    epoch: Option<u32>,
    header_digest: [u8; 32],
}

/// How far a number of steps is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// So many base pages are moved; there are more.
    Moving {
        /// Pages.
        moved: u32,
    },
    /// So many target pages are written.
    Writing {
        /// Pages.
        pages: u32,
        /// Whether the base page in the place of the next one is saved.
        saved: bool,
    },
}

/// Some base bytes, and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Move {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) len: u32,
}

impl Plan {
    /// Of a header for an in-place update, whose bytes have this SHA-256.
    pub(super) fn new(header: &Header, header_digest: [u8; 32]) -> Option<Self> {
        let (slot, epoch) = (header.in_place?, header.epoch());
        let Header { base_len, target_len, .. } = *header;
        Some(Self { slot, base_len, target_len, epoch, header_digest })
    }

    /// SHA-256 of the patch's header.
    pub(super) fn header_digest(&self) -> [u8; 32] {
        self.header_digest
    }

    pub(super) fn slot(&self) -> &InPlace {
        &self.slot
    }

    pub(super) fn base_len(&self) -> u32 {
        self.base_len
    }

    pub(super) fn target_len(&self) -> u32 {
        self.target_len
    }

    /// Bytes of a page.
    pub(super) fn page(&self) -> u32 {
        self.slot.page_bytes()
    }

    pub(super) fn base_pages(&self) -> u32 {
        self.slot.pages(self.base_len)
    }

    fn target_pages(&self) -> u32 {
        self.slot.pages(self.target_len)
    }

    /// All steps.
    pub(super) fn total(&self) -> u32 {
        match self.slot.form {
            Form::Slide => self.base_pages().saturating_add(self.target_pages()),
            Form::Scratch => self.target_pages().saturating_mul(2),
        }
    }

    /// How far `done` steps are; `None` for more than there are.
    pub(super) fn place(&self, done: u32) -> Option<Place> {
        if done > self.total() {
            return None;
        }
        Some(match self.slot.form {
            Form::Slide => match done.checked_sub(self.base_pages()) {
                None => Place::Moving { moved: done },
                Some(pages) => Place::Writing { pages, saved: false },
            },
            Form::Scratch => Place::Writing { pages: done >> 1, saved: done & 1 == 1 },
        })
    }

    /// The number of a place.
    pub(super) fn done(&self, place: Place) -> u32 {
        match (place, self.slot.form) {
            (Place::Moving { moved }, _) => moved,
            (Place::Writing { pages, .. }, Form::Slide) => self.base_pages().saturating_add(pages),
            (Place::Writing { pages, saved }, Form::Scratch) => {
                pages.saturating_mul(2).saturating_add(saved.into())
            }
        }
    }

    /// The base page that is moved once `moved` are; `None` when all are.
    pub(super) fn next_move(&self, moved: u32) -> Option<Move> {
        let page = self.base_pages().checked_sub(moved)?.checked_sub(1)?;
        let from = page.checked_mul(self.page())?;
        let to = from.checked_add(self.slot.reserve_bytes())?;
        Some(Move { from, to, len: self.page().min(self.base_len.saturating_sub(from)) })
    }

    /// The base page that is saved before target page `page` is written; `None` if there is none.
    pub(super) fn save(&self, page: u32) -> Option<Move> {
        if self.slot.form == Form::Slide || page >= self.base_pages() {
            return None;
        }
        let from = page.checked_mul(self.page())?;
        let to = self.in_scratch(from)?;
        Some(Move { from, to, len: self.page().min(self.base_len.saturating_sub(from)) })
    }

    /// Where the base byte at `offset` is in the scratch, if it is there.
    pub(super) fn in_scratch(&self, offset: u32) -> Option<u32> {
        offset.checked_rem(self.slot.reserve_bytes())
    }

    /// Target bytes of `pages` whole pages, or of all.
    pub(super) fn written(&self, pages: u32) -> u32 {
        pages.saturating_mul(self.page()).min(self.target_len)
    }

    /// Whether a decoder that starts at target offset `at`, 0 or a mark, still finds the base that it reads, once `pages` target
    /// pages are written.
    pub(super) fn can_start(&self, at: u32, pages: u32) -> bool {
        let last = self.epoch.map_or(u32::MAX, |epoch| at | epoch.wrapping_sub(1));
        let end = last.saturating_add(1).min(self.target_len);
        at <= self.written(pages) && pages <= self.slot.pages(end)
    }
}
