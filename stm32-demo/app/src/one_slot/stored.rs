//! A patch, and the patch of the way back behind it, to where the bootloader finds them.
//!
//! Whether they are whole is found out here; who made them, and for which image, is for the bootloader to find out before it erases
//! anything.
//!
//! # Power loss
//! How much has come is not kept: after a cut, and after a connection that broke, the host begins again.

use bsp::flash::{FlashArea, FlashError};
use bsp::watchdog;
use device_apply::Class;
use device_apply::update::{Failure, ID_BYTES};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use layout::single::{PATCH, REVERSE};
use layout::{Area, PAGE_BYTES, WRITE_BYTES};
use patcher_core::Header;
use patcher_core::container::header::MAX_HEADER_BYTES;
use patcher_core::container::in_place::CHECK_BYTES;
use patcher_core::crc::Crc32;

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
}

impl Stored {
    pub(crate) fn begin(sizes: Option<Sizes>) -> Self {
        Self { sizes, done: 0, unit: [0xFF; UNIT] }
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
        let mut flash = FlashArea::new(area);
        if start.is_multiple_of(PAGE_BYTES) {
            flash.erase(start, start + PAGE_BYTES)?;
        }
        flash.write(start, &unit)
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
        let flash = |error: FlashError| failure(Class::Flash, code(error));
        if self.done == 0 {
            // What was there belongs to another patch.
            FlashArea::new(REVERSE).erase(0, PAGE_BYTES).map_err(flash)?;
        }
        watchdog::feed();
        for &byte in block.get(known as usize..).unwrap_or_default() {
            if self.is_complete() {
                break;
            }
            self.push(&sizes, byte).map_err(flash)?;
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
        let malformed = failure(Class::Malformed, NO_PATCH);
        let sizes = self.sizes.ok_or(malformed)?;
        let header = whole(PATCH, sizes.patch).ok_or(malformed)?;
        if sizes.reverse > 0 {
            whole(REVERSE, sizes.reverse).ok_or(malformed)?;
        }
        if header.target_digest.starts_with(&id) {
            Ok(())
        } else {
            Err(failure(Class::Malformed, OTHER_IMAGE))
        }
    }
}

/// Whether a patch waits, and one for the way back.
pub(crate) fn waiting() -> (bool, bool) {
    (header(PATCH).is_some(), header(REVERSE).is_some())
}

/// The header of the patch in place that begins at the start of an area, and its length.
fn header(area: Area) -> Option<(Header, u32)> {
    let mut bytes = [0; MAX_HEADER_BYTES];
    FlashArea::new(area).read(0, &mut bytes).ok()?;
    let (header, _, len) = Header::parse_sealed(bytes.into_iter()).ok()?;
    header.in_place.is_some().then_some((header, u32::try_from(len).ok()?))
}

/// The header of a patch of `len` bytes none of which is another than when it was made.
fn whole(area: Area, len: u32) -> Option<Header> {
    let (header, header_len) = header(area)?;
    let expected = header.in_place?.check;
    let check_at = header_len.checked_sub(u32::try_from(CHECK_BYTES).ok()?)?;
    let (mut flash, mut crc) = (FlashArea::new(area), Crc32::new());
    for (start, end) in [(0, check_at), (header_len, len)] {
        let mut offset = start;
        while offset < end {
            watchdog::feed();
            let mut chunk = [0; 64];
            let bytes = chunk.get_mut(..(end - offset).min(64) as usize)?;
            flash.read(offset, bytes).ok()?;
            crc.update(bytes);
            offset += 64;
        }
    }
    (crc.value() == expected).then_some(header)
}

/// Number of a flash error: that of a journal, which has met the same.
fn code(error: FlashError) -> u16 {
    device_apply::journal::JournalError::Flash { offset: 0, error }.code()
}
