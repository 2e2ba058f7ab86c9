//! The boot metadata: what runs, what is in the other slot, and what becomes of it. docs/flash-layout.md §2.

use bsp::bank::Mapping;
use bsp::flash::FlashArea;
use bsp::watchdog;
use device_apply::Class;
use device_apply::boot::{Image, ImageRecord, Record, Slot, State};
use device_apply::journal::{Journal, JournalError};
use device_apply::update::{Failure, ID_BYTES, Started};
use embedded_storage::nor_flash::ReadNorFlash;
use layout::header::FIELD_BYTES;
use layout::{Area, BOOT_LOG, ImageHeader, SLOT_A, SLOT_B};
use sha2::{Digest, Sha256};

/// Numbers of errors behind those of `device_apply`: there is no boot metadata to change.
const NO_RECORD: u16 = 0xFF00;
/// The other slot holds no image.
const NO_IMAGE: u16 = 0xFF01;
/// It holds another one than was offered.
const OTHER_IMAGE: u16 = 0xFF02;
/// The image is neither on trial nor confirmed.
const NOT_ON_TRIAL: u16 = 0xFF03;

const fn failure(class: Class, code: u16) -> Failure {
    Failure::Patch { class, code }
}

/// What a journal's error is for an update.
pub(crate) fn journal_failure<E>(error: JournalError<E>) -> Failure {
    failure(error.class(), error.code())
}

/// The slot that runs: the one whose bank is mapped low.
pub(crate) fn running() -> (Slot, Area) {
    let low = Mapping::now().low();
    if low == SLOT_A.bank() { (Slot::A, SLOT_A) } else { (Slot::B, SLOT_B) }
}

/// The slot that does not run: where an update goes.
pub(crate) fn other() -> (Slot, Area) {
    match running().0 {
        Slot::A => (Slot::B, SLOT_B),
        Slot::B => (Slot::A, SLOT_A),
    }
}

/// The header of the image that runs.
pub(crate) fn header() -> Option<ImageHeader> {
    header_in(&mut FlashArea::new(running().1))
}

fn header_in(flash: &mut FlashArea) -> Option<ImageHeader> {
    let mut fields = [0; FIELD_BYTES];
    flash.read(0, &mut fields).ok()?;
    ImageHeader::decode(&fields)
}

fn record() -> Option<Record> {
    Journal::open(FlashArea::new(BOOT_LOG)).ok()?.latest().copied()
}

/// Whether there is any.
pub(crate) fn readable() -> bool {
    record().is_some()
}

/// Whether the running image has proved itself.
pub(crate) fn confirmed() -> bool {
    record().is_some_and(|record| record.state(running().0) == State::Confirmed)
}

/// Whether it is the one that an update has as its target.
pub(crate) fn runs(id: [u8; ID_BYTES]) -> bool {
    record().is_some_and(|record| record.image(running().0).digest.starts_with(&id))
}

/// What runs after this start, as far as the update `id` is concerned.
pub(crate) fn started(id: [u8; ID_BYTES]) -> Started {
    let running = Image::Slot(running().0);
    record().map_or(Started::Old, |record| Started::of(&record, running, id))
}

/// Writes the record that `next` makes of the newest one, unless that says the same already.
fn change(next: impl FnOnce(Record) -> Result<Record, Failure>) -> Result<(), Failure> {
    let mut log = Journal::open(FlashArea::new(BOOT_LOG)).map_err(journal_failure)?;
    let record = *log.latest().ok_or(failure(Class::Flash, NO_RECORD))?;
    let next = next(record)?;
    if next == record { Ok(()) } else { log.append(&next).map_err(journal_failure) }
}

/// The other slot is about to be erased.
pub(crate) fn vacate() -> Result<(), Failure> {
    change(|record| Ok(record.vacate(other().0)))
}

/// The other slot holds the target of the update `id`: reads all of it to know.
pub(crate) fn stage(id: [u8; ID_BYTES]) -> Result<(), Failure> {
    let (slot, area) = other();
    let image = identify(area).ok_or(failure(Class::Malformed, NO_IMAGE))?;
    if !image.digest.starts_with(&id) {
        return Err(failure(Class::Malformed, OTHER_IMAGE));
    }
    change(|record| Ok(record.stage(slot, image)))
}

/// What was staged is to be tried at the next start.
pub(crate) fn request() -> Result<(), Failure> {
    let slot = other().0;
    change(|record| match record.image(slot) {
        ImageRecord { len: 0, .. } => Err(failure(Class::Bug, NO_IMAGE)),
        image => Ok(record.request(slot, image)),
    })
}

/// The running image works.
pub(crate) fn confirm() -> Result<(), Failure> {
    let not_on_trial = |_| failure(Class::Bug, NOT_ON_TRIAL);
    change(|record| record.confirm(running().0).map_err(not_on_trial))
}

/// It does not.
pub(crate) fn fail() -> Result<(), Failure> {
    let not_on_trial = |_| failure(Class::Bug, NOT_ON_TRIAL);
    change(|record| record.fail(running().0).map_err(not_on_trial))
}

fn identify(area: Area) -> Option<ImageRecord> {
    let mut flash = FlashArea::new(area);
    let header = header_in(&mut flash).filter(|header| header.len <= area.len())?;
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
