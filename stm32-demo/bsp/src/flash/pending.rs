//! The operation that was begun last, and one that failed, until the area that it was for is told.

use core::sync::atomic::{AtomicU32, Ordering};

use layout::{Area, Bank};

use super::FlashError;
use super::controller::{BSY, PROGERR, WRPERR};
use super::place::{NONE, Place};

/// What the driver keeps between calls: together, as it is needed together.
pub(super) struct State {
    /// The operation's [`Place`], with [`ERASE`] if it is one; [`NONE`] once it was waited for.
    begun: AtomicU32,
    /// Where an operation failed that was not told of yet, and what `FLASH_SR` said of it.
    failed: AtomicU32,
    flags: AtomicU32,
    /// What an order has besides, if the core sleeps while the flash is busy.
    pub(super) wakes: AtomicU32,
}

// Used as a whole, or the compiler would lay its fields apart, each with an address to load.
#[used]
pub(super) static STATE: State = State {
    begun: AtomicU32::new(NONE),
    failed: AtomicU32::new(NONE),
    flags: AtomicU32::new(0),
    wakes: AtomicU32::new(0),
};

const ERASE: u32 = 1 << 30;

/// An operation that was begun.
pub(super) struct Begun(u32);

impl Begun {
    pub(super) const fn is_erase(&self) -> bool {
        self.0 & ERASE != 0
    }

    /// It failed: the error, if it was for `asker`; else it is kept for the area that it was for. Only one that posts leaves
    /// an operation to others, and none is begun for it before it was told; so there is one to keep.
    pub(super) fn failed(self, flags: u32, asker: Option<Area>) -> Result<(), FlashError> {
        let place = Place::of(self.0);
        if let Some(offset) = asker.and_then(|area| place.within(area)) {
            return Err(error(flags, offset));
        }
        if STATE.failed.load(Ordering::Relaxed) == NONE {
            STATE.failed.store(place.0, Ordering::Relaxed);
            STATE.flags.store(flags, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What `FLASH_SR` said of an operation that failed.
const fn error(flags: u32, offset: u32) -> FlashError {
    match flags {
        flags if flags & BSY != 0 => FlashError::Timeout,
        flags if flags & WRPERR != 0 => FlashError::Protected,
        flags if flags & PROGERR != 0 => FlashError::NotErased { offset },
        flags => FlashError::Sequence { flags },
    }
}

pub(super) fn erase(bank: Bank, offset: u32) {
    STATE.begun.store(Place::new(bank, offset).0 | ERASE, Ordering::Relaxed);
}

pub(super) fn program(place: Place) {
    STATE.begun.store(place.0, Ordering::Relaxed);
}

/// Whether an operation was begun that nobody has waited for.
pub(super) fn any() -> bool {
    STATE.begun.load(Ordering::Relaxed) != NONE
}

/// Whether it programs.
pub(super) fn is_program() -> bool {
    const { assert!(NONE & ERASE != 0) };
    STATE.begun.load(Ordering::Relaxed) & ERASE == 0
}

/// Whether it is in `bank`.
pub(super) fn is_in(bank: Bank) -> bool {
    any() && Place::of(STATE.begun.load(Ordering::Relaxed)).bank() == bank
}

/// Whether a read of `bank` has anything to wait for or to tell.
#[inline(always)]
pub(super) fn concerns(bank: Bank) -> bool {
    any_failed() || is_in(bank)
}

/// The operation, to be waited for.
pub(super) fn take() -> Option<Begun> {
    let begun = STATE.begun.load(Ordering::Relaxed);
    STATE.begun.store(NONE, Ordering::Relaxed);
    (begun != NONE).then_some(Begun(begun))
}

/// Whether an operation failed that nobody was told of.
pub(super) fn any_failed() -> bool {
    STATE.failed.load(Ordering::Relaxed) != NONE
}

/// Whether no operation in `area` has failed, of those that were waited for; an area is told once.
pub(super) fn check(area: Area) -> Result<(), FlashError> {
    let failed = STATE.failed.load(Ordering::Relaxed);
    if failed == NONE {
        return Ok(());
    }
    let Some(offset) = Place(failed).within(area) else { return Ok(()) };
    STATE.failed.store(NONE, Ordering::Relaxed);
    Err(error(STATE.flags.load(Ordering::Relaxed), offset))
}
