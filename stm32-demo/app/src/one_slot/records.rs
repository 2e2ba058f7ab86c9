//! The boot metadata of one slot: docs/flash-layout.md §2.1.

use bsp::flash::FlashArea;
use device_apply::Class;
use device_apply::boot::Reason;
use device_apply::boot::single::{Ended, Record, State};
use device_apply::journal::Journal;
use device_apply::update::{Failure, Started};
use layout::single::{BOOT_LOG, SLOT};

use crate::images::{NO_RECORD, NOT_ON_TRIAL, failure, identify, journal_failure};

fn record() -> Option<Record> {
    Journal::open(FlashArea::new(BOOT_LOG)).ok()?.latest().copied()
}

/// Whether there is any.
pub(crate) fn readable() -> bool {
    record().is_some()
}

/// Whether no update is under way as far as the bootloader knows.
pub(crate) fn idle() -> bool {
    record().is_some_and(|record| record.state() == State::Idle)
}

/// Whether the running image has proved itself: reads all of it.
pub(crate) fn confirmed() -> bool {
    let Some(record) = record().filter(|record| record.state() == State::Idle) else {
        return false;
    };
    identify(SLOT).is_some_and(|image| image.digest == record.image().digest)
}

/// What the bootloader made of the update that was asked for last.
pub(crate) fn started() -> Started {
    let Some(record) = record() else { return Started::Old };
    match (record.state(), record.ended()) {
        (State::Trial { .. }, _) => Started::Trial,
        (_, Ended::Not) => Started::Old,
        (_, Ended::Confirmed) => Started::Confirmed,
        (_, Ended::Refused { .. }) => Started::Rejected(Reason::Invalid),
        (_, Ended::GivenUp(reason)) => Started::Rejected(reason),
    }
}

/// Number of the error with which the bootloader refused the patch.
pub(crate) fn refused() -> Option<u16> {
    match record()?.ended() {
        Ended::Refused { code } => Some(code),
        Ended::Not | Ended::Confirmed | Ended::GivenUp(_) => None,
    }
}

/// Writes the record that `next` makes of the newest one, unless that says the same already.
fn change(next: impl FnOnce(Record) -> Result<Record, Failure>) -> Result<(), Failure> {
    let mut log = Journal::open(FlashArea::new(BOOT_LOG)).map_err(journal_failure)?;
    let record = *log.latest().ok_or(failure(Class::Flash, NO_RECORD))?;
    let next = next(record)?;
    if next == record { Ok(()) } else { log.append(&next).map_err(journal_failure) }
}

/// Whether nothing was asked for since [`vacate`].
pub(crate) fn vacant() -> bool {
    record().is_some_and(|record| record == record.vacate())
}

/// Other patches are about to come.
pub(crate) fn vacate() -> Result<(), Failure> {
    change(|record| Ok(record.vacate()))
}

/// The patch that waits is to be applied at the next start.
pub(crate) fn request(reverse: bool) -> Result<(), Failure> {
    change(|record| Ok(record.request(reverse)))
}

/// The running image works.
pub(crate) fn confirm() -> Result<(), Failure> {
    let not_on_trial = |_| failure(Class::Bug, NOT_ON_TRIAL);
    change(|record| match record.state() {
        // A cut came between the record and the state machine.
        State::Idle if record.ended() == Ended::Confirmed => Ok(record),
        _ => record.confirm().map_err(not_on_trial),
    })
}

/// It does not.
pub(crate) fn fail() -> Result<(), Failure> {
    let not_on_trial = |_| failure(Class::Bug, NOT_ON_TRIAL);
    change(|record| record.fail().map_err(not_on_trial))
}
