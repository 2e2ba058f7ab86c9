//! The boot metadata: what runs, what is in the other slot, and what becomes of it. docs/flash-layout.md §2.

use bsp::bank::Mapping;
use bsp::flash::FlashArea;
use device_apply::Class;
use device_apply::boot::{Image, ImageRecord, Record, Slot, State};
use device_apply::journal::Journal;
use device_apply::update::{Failure, ID_BYTES, Started};
use layout::{Area, BOOT_LOG, SLOT_A, SLOT_B};

use crate::images::{
    NO_IMAGE, NO_RECORD, NOT_ON_TRIAL, OTHER_IMAGE, failure, identify, journal_failure,
};

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
