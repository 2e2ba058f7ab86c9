//! A patch, and the patch of the way back behind it, to where the bootloader finds them.
//!
//! Whether they are whole is found out here; who made them, and for which image, is for the bootloader to find out before it erases
//! anything.
//!
//! # Power loss
//! After a cut, and after a connection that broke, the page that was under way is erased and sent again, and nothing before it:
//! [`waiting::brought`] finds it. Whether what came at several times belongs together, the CRC of a patch says in the end; if it does
//! not, the next attempt begins anew.

use bsp::flash::{FlashArea, FlashError};
use bsp::watchdog;
use device_apply::Class;
use device_apply::journal::JournalError;
use device_apply::update::{Failure, ID_BYTES};
use embedded_storage::nor_flash::NorFlash;
use layout::single::{PATCH, REVERSE};
use layout::{Area, PAGE_BYTES, WRITE_BYTES};

use super::waiting;
use crate::images::{NO_PATCH, OTHER_IMAGE, PATCH_TOO_LONG, failure};
use crate::scheme::{Download, Progress, Sizes};

const UNIT: usize = WRITE_BYTES as usize;

/// Patches that are coming in.
pub(crate) struct Stored {
    sizes: Option<Sizes>,
    /// Bytes that came, of both.
    done: u32,
    /// The double word that is not full yet; filled up with erased bytes.
    unit: [u8; UNIT],
    /// Pages before this one, of the area that is written, are not erased any more.
    erased: u32,
}

impl Stored {
    pub(crate) fn begin(sizes: Option<Sizes>) -> Self {
        let done = sizes.as_ref().and_then(waiting::brought).unwrap_or(0);
        let erased = sizes.map_or(0, |sizes| done.checked_sub(sizes.patch).unwrap_or(done));
        Self { sizes, done, unit: [0xFF; UNIT], erased }
    }

    /// Takes a byte: with the last of a double word, or of a patch, that is written.
    fn push(&mut self, sizes: &Sizes, byte: u8) -> Result<(), FlashError> {
        let (area, offset, len) = match self.done.checked_sub(sizes.patch) {
            None => (PATCH, self.done, sizes.patch),
            Some(offset) => (REVERSE, offset, sizes.reverse),
        };
        let at = offset % WRITE_BYTES;
        if let Some(place) = self.unit.get_mut(at as usize) {
            *place = byte;
        }
        self.done = self.done.saturating_add(1);
        let end = offset.saturating_add(1);
        if end % WRITE_BYTES != 0 && end != len {
            return Ok(());
        }
        let (start, unit) = (offset - at, core::mem::replace(&mut self.unit, [0xFF; UNIT]));
        if start.is_multiple_of(PAGE_BYTES) {
            self.make_room(area, start)?;
        }
        FlashArea::new(area).write(start, &unit)
    }

    /// Erases the page that begins at `start`, if it is not, and the one behind it.
    fn make_room(&mut self, area: Area, start: u32) -> Result<(), FlashError> {
        let from = if start == 0 { 0 } else { self.erased };
        self.erased = start.saturating_add(2 * PAGE_BYTES).min(area.len());
        FlashArea::new(area).erase(from, self.erased)?;
        if area == PATCH && start == 0 {
            // What is there is the way back of another update.
            FlashArea::new(REVERSE).erase(0, PAGE_BYTES)?;
        }
        Ok(())
    }
}

impl Download for Stored {
    fn expect(&mut self, sizes: Sizes) {
        if self.sizes != Some(sizes) {
            *self = Self::begin(Some(sizes));
        }
    }

    fn take(&mut self, offset: u32, block: &[u8]) -> Result<(), Failure> {
        let Some(sizes) = self.sizes else { return Ok(()) };
        if sizes.patch > PATCH.len() || sizes.reverse > REVERSE.len() {
            return Err(failure(Class::Limit, PATCH_TOO_LONG));
        }
        let Some(known) = self.done.checked_sub(offset) else { return Ok(()) };
        watchdog::feed();
        for &byte in block.get(known as usize..).unwrap_or_default() {
            if self.is_complete() {
                break;
            }
            self.push(&sizes, byte).map_err(flash_failure)?;
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        Progress { offset: self.done, target_done: 0, target_total: 0 }
    }

    fn is_complete(&self) -> bool {
        self.sizes.is_some_and(|sizes| self.done >= sizes.patch.saturating_add(sizes.reverse))
    }

    fn verify(&mut self, id: [u8; ID_BYTES]) -> Result<(), Failure> {
        let checked = check(self.sizes, id);
        if checked.is_err() {
            forget()?;
        }
        checked
    }
}

fn check(sizes: Option<Sizes>, id: [u8; ID_BYTES]) -> Result<(), Failure> {
    let malformed = failure(Class::Malformed, NO_PATCH);
    let sizes = sizes.ok_or(malformed)?;
    let header = waiting::whole(PATCH, sizes.patch).ok_or(malformed)?;
    if sizes.reverse > 0 {
        waiting::whole(REVERSE, sizes.reverse).ok_or(malformed)?;
    }
    if header.target_digest.starts_with(&id) {
        Ok(())
    } else {
        Err(failure(Class::Malformed, OTHER_IMAGE))
    }
}

/// What is there is no patch any more: the next one begins at its first byte.
pub(crate) fn forget() -> Result<(), Failure> {
    FlashArea::new(PATCH).erase(0, PAGE_BYTES).map_err(flash_failure)
}

/// With the number of a journal's flash error: that has met the same.
fn flash_failure(error: FlashError) -> Failure {
    failure(Class::Flash, JournalError::Flash { offset: 0, error }.code())
}
