//! Boot metadata and the boot decision.

use core::ffi::c_void;

use device_apply::boot::{
    self, Check, Image, ImageRecord as CoreImage, Record, Reset, Slot, Start,
};
use device_apply::journal::Journal;

use crate::code;
use crate::flash::{Callbacks, Flash};

/// What identifies the image in a slot.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageRecord {
    /// Version in whatever form the product has.
    pub version: u64,
    /// Bytes of the image.
    pub len: u32,
    /// Its security counter.
    pub security_counter: u32,
    /// Its SHA-256.
    pub digest: [u8; 32],
}

/// What is recorded of a slot.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotRecord {
    /// What identifies its image.
    pub image: ImageRecord,
    /// How far it has come.
    pub state: u32,
    /// Boots of a trial, or why it was rejected.
    pub detail: u32,
}

/// Boot metadata.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BootRecord {
    /// Slot A and slot B.
    pub slots: [SlotRecord; 2],
    /// The slot whose image was confirmed last.
    pub active: u32,
    /// Highest security counter of a confirmed image.
    pub security_counter: u32,
}

/// Verifies an image: 1 if digest and signature are right, with its security counter, 0 if not.
pub type Verify = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        image: u32,
        record: *const SlotRecord,
        security_counter: *mut u32,
    ) -> i32,
>;

const NO_IMAGE: i32 = -2;

impl From<CoreImage> for ImageRecord {
    fn from(image: CoreImage) -> Self {
        let CoreImage { len, version, security_counter, digest } = image;
        Self { version, len, security_counter, digest }
    }
}

impl From<ImageRecord> for CoreImage {
    fn from(image: ImageRecord) -> Self {
        let ImageRecord { version, len, security_counter, digest } = image;
        Self { len, version, security_counter, digest }
    }
}

fn slot_record(record: &Record, slot: Slot) -> SlotRecord {
    let (state, detail) = match record.state(slot) {
        boot::State::Unrecorded => (0, 0),
        boot::State::Empty => (1, 0),
        boot::State::Pending => (2, 0),
        boot::State::Trial { boots } => (3, boots),
        boot::State::Confirmed => (4, 0),
        boot::State::Rejected(reason) => (5, reason.number()),
    };
    SlotRecord { image: record.image(slot).into(), state, detail: detail.into() }
}

const fn slot_of(number: u32) -> Option<Slot> {
    match number {
        0 => Some(Slot::A),
        1 => Some(Slot::B),
        _ => None,
    }
}

const fn slot_number(slot: Slot) -> u32 {
    match slot {
        Slot::A => 0,
        Slot::B => 1,
    }
}

pub(crate) type Metadata = Journal<Callbacks, Record>;

/// # Safety
/// `region` is NULL or valid.
pub(crate) unsafe fn open(region: *const Flash) -> Result<Metadata, i32> {
    // SAFETY: NULL or valid, the caller says.
    let callbacks = unsafe { Callbacks::new(region, true) }?;
    let journal = Journal::open(callbacks).map_err(|error| i32::from(error.code()))?;
    Ok(journal.with_erased_value(callbacks.erased_value()))
}

/// Chooses the image to start: 0 and 1 for slot A and B, 2 for the golden image, -2 if there is none; or an error.
///
/// # Safety
/// As the header says: `region` is NULL or valid, `verify` may be called with `context`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_boot_select(
    region: *const Flash,
    watchdog: bool,
    trial_boots: u8,
    verify: Verify,
    context: *mut c_void,
) -> i32 {
    let Some(verify) = verify else { return code::ERROR_ARGUMENT };
    // SAFETY: NULL or valid, the caller says.
    let mut journal = match unsafe { open(region) } {
        Ok(journal) => journal,
        Err(code) => return code,
    };
    let reset = if watchdog { Reset::Watchdog } else { Reset::Other };
    let check = |image: Image, record: &Record| {
        let (number, recorded) = match image {
            Image::Slot(slot) => (slot_number(slot), slot_record(record, slot)),
            Image::Golden => (2, SlotRecord::default()),
        };
        let mut security_counter = recorded.image.security_counter;
        // SAFETY: the caller vouches for the callback; both references are valid while it runs.
        let right =
            unsafe { verify(context, number, &raw const recorded, &raw mut security_counter) };
        if right == 1 { Check::Valid { security_counter } } else { Check::Invalid }
    };
    match boot::select(&mut journal, &Start { reset, trial_boots }, check) {
        Some(Image::Slot(Slot::A)) => 0,
        Some(Image::Slot(Slot::B)) => 1,
        Some(Image::Golden) => 2,
        None => NO_IMAGE,
    }
}

/// Reads the boot metadata.
///
/// # Safety
/// As the header says: `region` and `record` are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_boot_read(region: *const Flash, record: *mut BootRecord) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    let Some(out) = (unsafe { record.as_mut() }) else { return code::ERROR_ARGUMENT };
    // SAFETY: NULL or valid, the caller says.
    match unsafe { open(region) } {
        Ok(journal) => {
            let found = journal.latest().copied().unwrap_or_default();
            *out = BootRecord {
                slots: [slot_record(&found, Slot::A), slot_record(&found, Slot::B)],
                active: slot_number(found.active()),
                security_counter: found.security_counter(),
            };
            code::OK
        }
        Err(code) => code,
    }
}

/// Writes the metadata of a new device.
///
/// # Safety
/// As the header says: `region` and `image` are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_boot_factory(
    region: *const Flash,
    slot: u32,
    image: *const ImageRecord,
) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    let Some(image) = (unsafe { image.as_ref() }) else { return code::ERROR_ARGUMENT };
    // SAFETY: NULL or valid, the caller says.
    unsafe { change(region, slot, |_, slot| Ok(Record::factory(slot, (*image).into()))) }
}

/// Records that a slot is about to be written.
///
/// # Safety
/// As the header says: `region` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_boot_vacate(region: *const Flash, slot: u32) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    unsafe { change(region, slot, |record, slot| Ok(record.vacate(slot))) }
}

/// Asks for the image in a slot at the next start.
///
/// # Safety
/// As the header says: `region` and `image` are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_boot_request(
    region: *const Flash,
    slot: u32,
    image: *const ImageRecord,
) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    let Some(image) = (unsafe { image.as_ref() }) else { return code::ERROR_ARGUMENT };
    // SAFETY: NULL or valid, the caller says.
    unsafe { change(region, slot, |record, slot| Ok(record.request(slot, (*image).into()))) }
}

/// Confirms the image in a slot, which runs.
///
/// # Safety
/// As the header says: `region` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_boot_confirm(region: *const Flash, slot: u32) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    unsafe { change(region, slot, Record::confirm) }
}

/// Gives the image in a slot up, which runs on trial.
///
/// # Safety
/// As the header says: `region` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_boot_fail(region: *const Flash, slot: u32) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    unsafe { change(region, slot, Record::fail) }
}

/// # Safety
/// `region` is NULL or valid.
unsafe fn change(
    region: *const Flash,
    slot: u32,
    make: impl FnOnce(Record, Slot) -> Result<Record, boot::RequestError>,
) -> i32 {
    let Some(slot) = slot_of(slot) else { return code::ERROR_ARGUMENT };
    // SAFETY: NULL or valid, the caller says.
    let mut journal = match unsafe { open(region) } {
        Ok(journal) => journal,
        Err(code) => return code,
    };
    let record = journal.latest().copied().unwrap_or_default();
    let Ok(next) = make(record, slot) else { return code::ERROR_NOT_ON_TRIAL };
    match journal.append(&next) {
        Ok(()) => code::OK,
        Err(error) => error.code().into(),
    }
}
