//! Updates that overwrite their own base: one slot, the patch staged elsewhere.
//!
//! Target pages are written in order where the base was. Base pages stay readable for a while: they move up into the slack of
//! the slot first, or go to a scratch as the target comes to them. What an epoch may read is everything that neither it nor an
//! epoch before has overwritten, so that it can be done again after any cut: [`Reach`] tells the planner.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`reach`] | which base bytes a target byte may be made of |
//! | [`wear`] | erases of each page, and the flash that journals take |
//!
//! **Reference**: docs/format.md §2.2, docs/flash-layout.md §8, docs/adr/0013.

pub mod reach;
pub mod wear;

pub use reach::Reach;
pub use wear::Wear;

use crate::resume::{Epoch, Resume};
use patcher_core::container::in_place::{Form, InPlace, PAGE_LOG2};

/// The slot of a device, as `create` is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Bytes of the slot: whole pages.
    pub slot_bytes: u32,
    /// Bytes of a page: a power of two.
    pub page_bytes: u32,
    /// Bytes of the scratch, whole pages, if the slot has no slack.
    pub scratch_bytes: Option<u32>,
}

/// Why there is no in-place patch for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// The page is no page.
    #[error("expected a page of 128 bytes to 16 MiB that is a power of two, found {found}")]
    Page {
        /// Bytes asked for.
        found: u32,
    },
    /// Slot or scratch is not a whole number of pages, or too many.
    #[error("expected a {what} of 1 to 65535 pages of {page} bytes, found {found} bytes")]
    Pages {
        /// Slot or scratch.
        what: &'static str,
        /// Bytes of a page.
        page: u32,
        /// Bytes asked for.
        found: u32,
    },
    /// An image does not fit.
    #[error("the {image} image takes {expected} bytes in whole pages, the slot has {found}")]
    TooSmall {
        /// Which image.
        image: &'static str,
        /// Bytes that it takes.
        expected: u32,
        /// Bytes of the slot.
        found: u32,
    },
    /// The base fills the slot.
    #[error(
        "the base fills the slot: expected a slot with at least a page of slack, or a scratch (--scratch)"
    )]
    NoSlack,
    /// The scratch would wear out.
    #[error(
        "each page of the scratch would be erased {erases} times: expected a scratch of at least {expected} bytes, found {found}"
    )]
    Scratch {
        /// Erases of a page.
        erases: u32,
        /// Bytes of a scratch that is enough.
        expected: u32,
        /// Bytes asked for.
        found: u32,
    },
    /// Marks within pages.
    #[error("expected an epoch of at least a page, {page} bytes, found {found}")]
    Epoch {
        /// Bytes of a page.
        page: u32,
        /// Bytes asked for.
        found: u32,
    },
}

impl Slot {
    /// What the header says for images of these lengths.
    ///
    /// # Errors
    /// [`SlotError`].
    pub fn geometry(&self, base_len: u32, target_len: u32) -> Result<InPlace, SlotError> {
        let page = self.page_bytes;
        let page_log2 = u8::try_from(page.max(1).ilog2()).unwrap_or(u8::MAX);
        if !page.is_power_of_two() || !PAGE_LOG2.contains(&page_log2) {
            return Err(SlotError::Page { found: page });
        }
        let slot_pages = pages("slot", page, self.slot_bytes)?;
        for (image, len) in [("base", base_len), ("target", target_len)] {
            let expected = len.next_multiple_of(page);
            if expected > self.slot_bytes {
                let found = self.slot_bytes;
                return Err(SlotError::TooSmall { image, expected, found });
            }
        }
        let (form, reserve_pages) = match self.scratch_bytes {
            Some(scratch) => (Form::Scratch, pages("scratch", page, scratch)?),
            None => {
                let slack = (self.slot_bytes - base_len.next_multiple_of(page)) / page;
                (Form::Slide, u16::try_from(slack).unwrap_or(slot_pages))
            }
        };
        if reserve_pages == 0 {
            return Err(SlotError::NoSlack);
        }
        let slot = InPlace { page_log2, slot_pages, form, reserve_pages, resets: false, check: 0 };
        self.spare_the_scratch(&slot, base_len, target_len)?;
        Ok(slot)
    }

    /// Refuses a scratch whose pages would be erased too often.
    fn spare_the_scratch(
        &self,
        slot: &InPlace,
        base_len: u32,
        target_len: u32,
    ) -> Result<(), SlotError> {
        let erases = wear::scratch(slot, base_len, target_len);
        let Some(found) = self.scratch_bytes.filter(|_| erases > wear::MOST) else {
            return Ok(());
        };
        let saved = slot.pages(base_len).min(slot.pages(target_len));
        let expected = saved.div_ceil(wear::MOST) * self.page_bytes;
        Err(SlotError::Scratch { erases, expected, found })
    }
}

fn pages(what: &'static str, page: u32, found: u32) -> Result<u16, SlotError> {
    let whole = found.is_multiple_of(page);
    let pages = u16::try_from(found / page).ok().filter(|&pages| whole && pages > 0);
    pages.ok_or(SlotError::Pages { what, page, found })
}

/// What of `slot` is tried for a target of `target_len` bytes: distances of marks, and what marks do.
///
/// Short epochs let each target byte read base bytes further back, long ones need fewer marks: both are tried.
///
/// # Errors
/// [`SlotError::Epoch`].
pub(crate) fn ways(
    slot: InPlace,
    target_len: u32,
    wanted: Resume,
) -> Result<Vec<(Resume, InPlace)>, SlotError> {
    let page = slot.page_bytes();
    let slot = InPlace { resets: wanted.resets(), ..slot };
    if let Resume::Snapshot(epoch) | Resume::Reset(epoch) = wanted {
        let found = epoch.bytes();
        let sound = found >= page;
        return if sound {
            Ok(vec![(wanted, slot)])
        } else {
            Err(SlotError::Epoch { page, found })
        };
    }
    let reserve = slot.reserve_bytes();
    if reserve >= slot.pages(target_len) * page {
        // Nothing is overwritten that is read: one epoch is all.
        return Ok(vec![(Resume::Redecode, slot)]);
    }
    let least = page.max(256);
    let longest = 1u32 << (reserve / 2).max(least).ilog2();
    let epochs = [longest, (longest / 2).max(least)].into_iter().filter_map(Epoch::of_bytes);
    let mut ways: Vec<_> = epochs.map(|epoch| (Resume::Snapshot(epoch), slot)).collect();
    ways.dedup();
    Ok(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot = Slot { slot_bytes: 100 << 10, page_bytes: 2 << 10, scratch_bytes: None };

    #[test]
    fn all_slack_is_used() {
        let slot = SLOT.geometry((60 << 10) + 1, 99 << 10).expect("fits");
        assert_eq!((slot.slot_pages, slot.reserve_pages, slot.form), (50, 19, Form::Slide));
        let ways = ways(slot, 99 << 10, Resume::Redecode).expect("epochs");
        let epochs: Vec<_> = ways.iter().map(|(resume, _)| resume.epoch(99 << 10)).collect();
        assert_eq!(epochs, [Epoch::of_bytes(16 << 10), Epoch::of_bytes(8 << 10)]);
    }

    #[test]
    fn a_small_target_needs_no_marks() {
        let slot = SLOT.geometry(20 << 10, 30 << 10).expect("fits");
        assert_eq!(ways(slot, 30 << 10, Resume::Redecode), Ok(vec![(Resume::Redecode, slot)]));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let error = |slot: Slot, base, target| slot.geometry(base, target).expect_err("refused");
        let page = |page_bytes| Slot { page_bytes, ..SLOT };
        assert_eq!(error(page(3 << 10), 1, 1), SlotError::Page { found: 3 << 10 });
        assert_eq!(error(page(64), 1, 1), SlotError::Page { found: 64 });
        assert_eq!(error(page(0), 1, 1), SlotError::Page { found: 0 });
        let pages = |what, found| SlotError::Pages { what, page: 2 << 10, found };
        assert_eq!(error(Slot { slot_bytes: 5000, ..SLOT }, 1, 1), pages("slot", 5000));
        let scratch = Slot { scratch_bytes: Some(100), ..SLOT };
        assert_eq!(error(scratch, 1, 1), pages("scratch", 100));
        let (expected, found) = (102 << 10, 100 << 10);
        let small = |image| SlotError::TooSmall { image, expected, found };
        assert_eq!(error(SLOT, (100 << 10) + 1, 1), small("base"));
        assert_eq!(error(SLOT, 1, (100 << 10) + 1), small("target"));
        assert_eq!(error(SLOT, 100 << 10, 1), SlotError::NoSlack);
        let short = Slot { scratch_bytes: Some(6 << 10), ..SLOT };
        let (erases, expected, found) = (17, 14 << 10, 6 << 10);
        let worn = SlotError::Scratch { erases, expected, found };
        assert_eq!(error(short, 100 << 10, 100 << 10), worn);
        let enough = Slot { scratch_bytes: Some(expected), ..SLOT };
        assert!(enough.geometry(100 << 10, 100 << 10).is_ok());
    }

    #[test]
    fn marks_within_pages_are_refused() {
        let slot = SLOT.geometry(60 << 10, 60 << 10).expect("fits");
        let epoch = Epoch::of_bytes(1024).expect("an epoch");
        let expected = SlotError::Epoch { page: 2 << 10, found: 1024 };
        assert_eq!(ways(slot, 60 << 10, Resume::Reset(epoch)), Err(expected));
    }
}
