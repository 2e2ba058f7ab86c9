//! Erases of each page, and the flash that journals take.

use patcher_core::Header;
use patcher_core::container::in_place::{Form, InPlace};
use patcher_core::decode::REGISTER_BYTES;

/// Most erases of any page in an update, if the journals have the room that [`Wear`] says.
pub const MOST: u32 = 8;

/// Bytes of flash from one record of the journal of steps to the next, with write units of up to 16 bytes.
const STEP_BYTES: u32 = 48;
/// The same with write units of 32 bytes.
const STEP_BYTES_WIDE: u32 = 64;
/// Bytes of a mark's record beside the state; see docs/flash-layout.md §5.
const MARK_BYTES: u32 = 44;
/// Largest write unit.
const WRITE_BYTES: u32 = 32;

/// What an in-place update takes of the flash of a device whose journals have pages like the slot's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wear {
    /// Most erases of a page of the slot.
    pub slot: u32,
    /// Most erases of a page of the scratch; 0 without one.
    pub scratch: u32,
    /// Bytes of the region for steps.
    pub steps_bytes: u32,
    /// Most erases of a page of it.
    pub steps: u32,
    /// Bytes of the region for restart marks; 0 if there are none.
    pub marks_bytes: u32,
    /// Most erases of a page of it.
    pub marks: u32,
}

impl Wear {
    /// What the patch with this header takes without a cut; `None` if it is not applied in place.
    #[must_use]
    pub fn of(header: &Header) -> Option<Self> {
        let slot = header.in_place?;
        let (base, target) = (slot.pages(header.base_len), slot.pages(header.target_len));
        let page = slot.page_bytes();
        let records = match slot.form {
            Form::Slide => base.saturating_add(target),
            Form::Scratch => base.min(target).saturating_add(target),
        };
        let stride = if page < 1024 { STEP_BYTES } else { STEP_BYTES_WIDE };
        let filled = records.div_ceil((page / stride).max(1));
        let steps_pages = filled.div_ceil(MOST).max(2);
        let (marks_bytes, marks) = marks(header, page);
        Some(Self {
            slot: match slot.form {
                // Pages below the moved base, and above the target, are erased once.
                Form::Slide if target > u32::from(slot.reserve_pages) => 2,
                Form::Slide | Form::Scratch => 1,
            },
            scratch: scratch(&slot, header.base_len, header.target_len),
            steps_bytes: steps_pages.saturating_mul(page),
            steps: filled.div_ceil(steps_pages),
            marks_bytes,
            marks,
        })
    }

    /// Most erases of any page.
    #[must_use]
    pub fn worst(&self) -> u32 {
        self.slot.max(self.scratch).max(self.steps).max(self.marks)
    }
}

/// Erases of the first page of the scratch; 0 if there is none.
pub(super) fn scratch(slot: &InPlace, base_len: u32, target_len: u32) -> u32 {
    let saved = slot.pages(base_len).min(slot.pages(target_len));
    match slot.form {
        Form::Slide => 0,
        Form::Scratch => saved.div_ceil(u32::from(slot.reserve_pages).max(1)),
    }
}

/// The least region for marks whose pages are not erased too often, and their erases.
fn marks(header: &Header, page: u32) -> (u32, u32) {
    let Some(slot) = header.in_place else { return (0, 0) };
    let Some(epoch) = header.epoch() else { return (0, 0) };
    let marks = header.target_len.div_ceil(epoch).saturating_sub(1);
    let state = if slot.resets {
        header.map_entries.saturating_mul(8)
    } else {
        u32::try_from(2 * header.workspace_words()).unwrap_or(u32::MAX)
    };
    let registers = u32::try_from(REGISTER_BYTES).unwrap_or(0);
    let record = state.saturating_add(registers).saturating_add(MARK_BYTES);
    let record = record.next_multiple_of(WRITE_BYTES);
    // Each area must hold a record; more of them are erased less often.
    let erases = |area: u32| marks.div_ceil(area / record).div_ceil(2);
    let mut area = record.next_multiple_of(page);
    while erases(area) > MOST {
        area += page;
    }
    (2 * area, erases(area))
}

#[cfg(test)]
mod tests {
    use super::*;
    use patcher_core::container::header::{BASE_DIGEST_BYTES, TARGET_DIGEST_BYTES};
    use patcher_core::container::region::Regions;
    use patcher_core::container::self_digest::SelfDigests;
    use patcher_core::{Kind, reference};

    fn header(form: Form, reserve_pages: u16, epoch_log2: u8) -> Header {
        Header {
            kind: Kind::Delta,
            isa: reference::NO_ISA,
            memory: 16,
            map_entries: 0,
            base_len: 200 << 10,
            target_len: 210 << 10,
            body_len: 0,
            epoch_log2,
            in_place: Some(InPlace {
                page_log2: 11,
                slot_pages: 200,
                form,
                reserve_pages,
                resets: false,
                check: 0,
            }),
            base_regions: Regions::default(),
            target_regions: Regions::default(),
            base_digest: [0; BASE_DIGEST_BYTES],
            target_digest: [0; TARGET_DIGEST_BYTES],
            self_digests: SelfDigests::default(),
        }
    }

    #[test]
    fn a_slot_page_is_erased_twice_and_journals_as_often_as_is_said() {
        let wear = Wear::of(&header(Form::Slide, 32, 14)).expect("in place");
        assert_eq!((wear.slot, wear.scratch), (2, 0));
        // 100 + 105 steps, 32 to a page: 7 pages filled, in turn.
        assert_eq!((wear.steps_bytes, wear.steps), (2 * 2048, 4));
        // 13 marks, of which each takes three pages: 3,264 bytes of tables.
        assert_eq!((wear.marks_bytes, wear.marks), (2 * 4096, 7));
        assert_eq!(wear.worst(), 7);
    }

    #[test]
    fn short_epochs_want_a_larger_journal() {
        let wear = Wear::of(&header(Form::Slide, 32, 11)).expect("in place");
        assert!(wear.marks <= MOST && wear.marks_bytes > 2 * 4096, "{wear:?}");
    }

    #[test]
    fn a_scratch_is_used_in_turn() {
        let wear = Wear::of(&header(Form::Scratch, 30, 14)).expect("in place");
        assert_eq!((wear.slot, wear.scratch), (1, 4));
        let none = Header { in_place: None, ..header(Form::Scratch, 30, 14) };
        assert_eq!(Wear::of(&none), None);
    }
}
