//! Images in flash, and numbers of this application's own errors.

use bsp::flash::FlashArea;
use bsp::watchdog;
use device_apply::Class;
use device_apply::boot::ImageRecord;
use device_apply::journal::JournalError;
use device_apply::update::Failure;
use embedded_storage::nor_flash::ReadNorFlash;
use layout::header::FIELD_BYTES;
use layout::{Area, ImageHeader};
use sha2::{Digest, Sha256};

/// Numbers of errors behind those of `device_apply`: there is no boot metadata to change.
pub(crate) const NO_RECORD: u16 = 0xFF00;
/// The other slot holds no image.
pub(crate) const NO_IMAGE: u16 = 0xFF01;
/// It holds another one than was offered.
pub(crate) const OTHER_IMAGE: u16 = 0xFF02;
/// The image is neither on trial nor confirmed.
pub(crate) const NOT_ON_TRIAL: u16 = 0xFF03;
/// What came is no patch for one slot, or damaged.
pub(crate) const NO_PATCH: u16 = 0xFF04;
/// The patch does not fit where it would wait.
pub(crate) const PATCH_TOO_LONG: u16 = 0xFF05;

pub(crate) const fn failure(class: Class, code: u16) -> Failure {
    Failure::Patch { class, code }
}

/// What a journal's error is for an update.
pub(crate) fn journal_failure<E>(error: JournalError<E>) -> Failure {
    failure(error.class(), error.code())
}

/// The header of the image in an area.
pub(crate) fn header(area: Area) -> Option<ImageHeader> {
    let mut fields = [0; FIELD_BYTES];
    FlashArea::new(area).read(0, &mut fields).ok()?;
    ImageHeader::decode(&fields)
}

/// The image in an area: reads all of it.
pub(crate) fn identify(area: Area) -> Option<ImageRecord> {
    let mut flash = FlashArea::new(area);
    let header = header(area).filter(|header| header.len <= area.len())?;
    let (mut hasher, mut chunk, mut offset) = (Sha256::new(), [0; 256], 0);
    while offset < header.len {
        watchdog::feed();
        let bytes = chunk.get_mut(..(header.len - offset).min(256) as usize)?;
        flash.read(offset, bytes).ok()?;
        hasher.update(&*bytes);
        offset += 256;
    }
    Some(ImageRecord {
        len: header.len,
        version: header.version,
        security_counter: header.security_counter,
        digest: hasher.finalize().into(),
    })
}
