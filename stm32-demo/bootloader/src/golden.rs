//! The golden image into a slot, from where images run.

use bsp::flash::{FlashArea, FlashError};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use layout::{Area, PAGE_BYTES};

use crate::verify;

/// Bytes that are copied at once; a page is a multiple.
const CHUNK: usize = 256;

/// Copies the golden image to a slot of the same size, page by page where they differ, and verifies it there. `None` when that did not
/// work.
///
/// # Power loss
/// The slot has no image that is right: the next start comes here again.
#[must_use]
pub fn restore(golden: Area, slot: Area) -> Option<()> {
    let (mut from, mut to) = (FlashArea::new(golden), FlashArea::new(slot));
    let mut page = 0;
    while page < slot.len() {
        if !equal(&mut from, &mut to, page).ok()? {
            copy(&mut from, &mut to, page).ok()?;
        }
        page += PAGE_BYTES;
    }
    verify::examine(slot, slot).map(|_| ())
}

fn chunks(page: u32) -> impl Iterator<Item = u32> {
    (page..page + PAGE_BYTES).step_by(CHUNK)
}

/// Whether a page has the same bytes. One that cannot be read has not.
fn equal(from: &mut FlashArea, to: &mut FlashArea, page: u32) -> Result<bool, FlashError> {
    let (mut ours, mut theirs) = ([0; CHUNK], [0; CHUNK]);
    for offset in chunks(page) {
        from.read(offset, &mut ours)?;
        if to.read(offset, &mut theirs).is_err() || ours != theirs {
            return Ok(false);
        }
    }
    Ok(true)
}

fn copy(from: &mut FlashArea, to: &mut FlashArea, page: u32) -> Result<(), FlashError> {
    to.erase(page, page + PAGE_BYTES)?;
    let mut bytes = [0; CHUNK];
    for offset in chunks(page) {
        from.read(offset, &mut bytes)?;
        to.write(offset, &bytes)?;
    }
    Ok(())
}
