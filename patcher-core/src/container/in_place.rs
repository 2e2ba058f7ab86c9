//! What a patch that is applied in place says of the slot it is made for.
//!
//! ```text
//! form        1   bits 0-4 log2 of the page, bit 5 scratch, bit 6 every mark resets the model, bit 7 reserved
//! slot pages  v   pages of the slot
//! reserve     v   pages that the base moves up by; with bit 5 pages of the scratch
//! …               the rest of the header, its signature included
//! check       4   CRC-32 of all bytes of the patch but these
//! ```
//!
//! Target pages are written in order over a base that is read meanwhile. Of the base, an epoch may read what no page of that
//! epoch, or of one before, has overwritten when the epoch is done again after a cut: everything from [`InPlace::floor`] on.
//!
//! **Reference**: docs/format.md §2.2.

use core::ops::RangeInclusive;

use super::reader::Reader;
use crate::error::HeaderError;

/// Range of the log2 of the page.
pub const PAGE_LOG2: RangeInclusive<u8> = 7..=24;
/// Bytes of the check at the header's end.
pub const CHECK_BYTES: usize = 4;

const PAGE_BITS: u8 = 0x1F;
const SCRATCH: u8 = 1 << 5;
const RESETS: u8 = 1 << 6;

/// Where base pages stay readable once target pages lie where they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The whole base moves up into the slack of the slot before the first target page is written.
    Slide,
    /// Each base page is copied to a scratch, whose pages are used in turn, just before the target page of its place is
    /// written.
    Scratch,
}

/// The slot that a patch is made for, and how it is overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InPlace {
    /// Log2 of the bytes of a page of the slot.
    pub page_log2: u8,
    /// Pages of the slot.
    pub slot_pages: u16,
    /// Where base pages go.
    pub form: Form,
    /// Pages that the base moves up by, or pages of the scratch; at least 1.
    pub reserve_pages: u16,
    /// Whether every restart mark resets the model: little has to be kept of the decoder there.
    pub resets: bool,
    /// CRC-32 of all bytes of the patch but those of the check.
    pub check: u32,
}

impl InPlace {
    /// Bytes of a page.
    #[must_use]
    pub fn page_bytes(&self) -> u32 {
        1u32.checked_shl(self.page_log2.into()).unwrap_or(0)
    }

    /// Pages that `len` bytes take.
    #[must_use]
    pub fn pages(&self, len: u32) -> u32 {
        len.div_ceil(self.page_bytes().max(1))
    }

    /// Bytes of the slot.
    #[must_use]
    pub fn slot_bytes(&self) -> u32 {
        self.page_bytes().saturating_mul(self.slot_pages.into())
    }

    /// Bytes that the base moves up by, or bytes of the scratch.
    #[must_use]
    pub fn reserve_bytes(&self) -> u32 {
        self.page_bytes().saturating_mul(self.reserve_pages.into())
    }

    /// Bytes at the start of the base that may be gone within the epoch that ends at target offset `epoch_end`: they read as
    /// zeros, and no op may name them.
    #[must_use]
    pub fn floor(&self, epoch_end: u32) -> u32 {
        let written = self.pages(epoch_end).saturating_mul(self.page_bytes());
        written.saturating_sub(self.reserve_bytes())
    }

    /// Whether images of these lengths, with marks every 2^`epoch_log2` bytes or none, can be handled in such a slot.
    #[must_use]
    pub fn is_sound(&self, base_len: u32, target_len: u32, epoch_log2: u8) -> bool {
        let slot = u32::from(self.slot_pages);
        let moved = match self.form {
            Form::Slide => u32::from(self.reserve_pages),
            Form::Scratch => 0,
        };
        PAGE_LOG2.contains(&self.page_log2)
            && u64::from(slot) << self.page_log2 <= 1 << 31
            && self.reserve_pages > 0
            && self.pages(base_len).saturating_add(moved) <= slot
            && self.pages(target_len) <= slot
            && (epoch_log2 == 0 || epoch_log2 >= self.page_log2)
    }

    /// Reads all but the check.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let form = reader.byte()?;
        reader.check(form & 0x80 == 0, HeaderError::Reserved)?;
        let slot_pages = pages(reader)?;
        let reserve_pages = pages(reader)?;
        Some(Self {
            page_log2: form & PAGE_BITS,
            slot_pages,
            form: if form & SCRATCH == 0 { Form::Slide } else { Form::Scratch },
            reserve_pages,
            resets: form & RESETS != 0,
            check: 0,
        })
    }

    /// The first byte.
    #[cfg(feature = "encode")]
    pub(super) fn form_byte(&self) -> u8 {
        let scratch = if self.form == Form::Scratch { SCRATCH } else { 0 };
        let resets = if self.resets { RESETS } else { 0 };
        self.page_log2 & PAGE_BITS | scratch | resets
    }
}

fn pages(reader: &mut Reader<'_>) -> Option<u16> {
    let pages = reader.varint()?;
    match u16::try_from(pages) {
        Ok(pages) => Some(pages),
        Err(_) => reader.fail(HeaderError::InPlace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: InPlace = InPlace {
        page_log2: 11,
        slot_pages: 100,
        form: Form::Slide,
        reserve_pages: 8,
        resets: false,
        check: 0,
    };

    #[test]
    fn what_may_be_gone_ends_a_reserve_before_the_epoch() {
        assert_eq!(SLOT.floor(0), 0);
        assert_eq!(SLOT.floor(8 * 2048), 0);
        assert_eq!(SLOT.floor(8 * 2048 + 1), 2048, "the last page counts as a whole");
        assert_eq!(SLOT.floor(20 * 2048), 12 * 2048);
    }

    #[test]
    fn a_slot_holds_the_moved_base_and_the_target() {
        assert!(SLOT.is_sound(92 * 2048, 100 * 2048, 0));
        assert!(!SLOT.is_sound(92 * 2048 + 1, 1, 0));
        assert!(!SLOT.is_sound(1, 100 * 2048 + 1, 0));
        let scratch = InPlace { form: Form::Scratch, ..SLOT };
        assert!(scratch.is_sound(100 * 2048, 1, 0));
        assert!(!scratch.is_sound(100 * 2048 + 1, 1, 0));
        assert!(SLOT.is_sound(1, 1, 11) && !SLOT.is_sound(1, 1, 10), "marks lie on pages");
        assert!(!InPlace { reserve_pages: 0, ..SLOT }.is_sound(1, 1, 0));
        for page_log2 in [0, 6, 25, 31] {
            assert!(!InPlace { page_log2, slot_pages: 1, ..SLOT }.is_sound(0, 0, 0), "{page_log2}");
        }
        let huge = InPlace { page_log2: 24, slot_pages: 129, ..SLOT };
        assert!(!huge.is_sound(0, 0, 0), "beyond 2 GiB");
    }
}
