//! The decision taken to its end, with its records written.

use embedded_storage::nor_flash::NorFlash;

use super::decide::{Check, Evidence, MAX_STEPS, Step, decide};
use super::record::{Image, Record, Slot};
use crate::journal::Journal;

/// Why the device starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// A watchdog. On an STM32 the flag stays until it is cleared: clear it once it is read, or the next start is blamed.
    Watchdog,
    /// Power, pin, software and all else.
    Other,
}

/// What the bootloader is told about this start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Why the device starts.
    pub reset: Reset,
    /// How often an image may be started without confirming itself; 0 counts as 1.
    pub trial_boots: u8,
}

/// The image to start; `None` if there is none that may be started.
///
/// `verify` reads an image, compares its digest with the record's and checks its signature. It is called at most once for each of
/// the three images, and only if its answer matters; for a golden image that the product does not have it says [`Check::Invalid`].
///
/// **Cost**: of a start in normal operation one `verify` and no write; of a trial one write more, of a revert two.
///
/// # Power loss
/// A trial is counted before this returns. After a cut anywhere, the next start decides anew.
pub fn select<F: NorFlash>(
    journal: &mut Journal<F, Record>,
    start: &Start,
    mut verify: impl FnMut(Image, &Record) -> Check,
) -> Option<Image> {
    let Start { reset, trial_boots } = *start;
    let mut record = journal.latest().copied().unwrap_or_default();
    let (a, b, golden) = (Check::Unknown, Check::Unknown, Check::Unknown);
    let mut evidence = Evidence { a, b, golden, reset, writable: true, trial_boots };
    for _ in 0..MAX_STEPS {
        let (change, then) = match decide(&record, &evidence) {
            Step::Verify(image) => {
                let check = match verify(image, &record) {
                    // Who does not know does not start it.
                    Check::Unknown => Check::Invalid,
                    known @ (Check::Invalid | Check::Valid { .. }) => known,
                };
                match image {
                    Image::Slot(Slot::A) => evidence.a = check,
                    Image::Slot(Slot::B) => evidence.b = check,
                    Image::Golden => evidence.golden = check,
                }
                continue;
            }
            Step::Persist(change) => (change, None),
            Step::Boot { image, first: Some(change) } => (change, Some(image)),
            Step::Boot { image, first: None } => return Some(image),
            Step::Halt => return None,
        };
        let next = record.with(change);
        if journal.append(&next).is_err() {
            evidence.writable = false;
            continue;
        }
        if then.is_some() {
            return then;
        }
        record = next;
    }
    None
}
