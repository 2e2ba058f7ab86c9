//! The decision taken to its end, with its records written.

use embedded_storage::nor_flash::NorFlash;

use super::decide::{Evidence, Found, Image, MAX_STEPS, Patch, Step, Way, decide};
use super::record::Record;
use crate::boot::Start;
use crate::journal::Journal;

/// What the bootloader can do, besides deciding and writing its metadata.
pub trait Device {
    /// Reads an image and checks its signature. Asked once for the golden image, and for the slot once more after each patch that was
    /// applied.
    fn verify(&mut self, image: Image) -> Found;

    /// Applies a staged patch to its end, or goes on with it after a cut; `record` is what is recorded now.
    ///
    /// It must not erase anything before it knows that the patch is whole, signed, for this slot and for what is in it. A reverse patch
    /// must have the confirmed image as its target, [`Record::image`]: nothing else may ever be brought back.
    fn apply(&mut self, way: Way, record: &Record) -> Patch;
}

/// The image to start; `None` if there is none that may be started.
///
/// **Cost**: of a start in normal operation one `verify` and no write; of a trial one write more.
///
/// # Power loss
/// A trial is counted before this returns. After a cut anywhere, the next start decides anew, and goes on with a patch that was being
/// applied.
pub fn select<F: NorFlash>(
    journal: &mut Journal<F, Record>,
    start: &Start,
    device: &mut impl Device,
) -> Option<Image> {
    let Start { reset, trial_boots } = *start;
    let mut record = journal.latest().copied().unwrap_or_default();
    let mut evidence = Evidence {
        slot: Found::Unknown,
        golden: Found::Unknown,
        forward: Patch::Unknown,
        reverse: Patch::Unknown,
        reset,
        writable: true,
        trial_boots,
    };
    for _ in 0..MAX_STEPS {
        let (change, then) = match decide(&record, &evidence) {
            Step::Verify(image) => {
                let found = match device.verify(image) {
                    // Who does not know does not start it.
                    Found::Unknown => Found::Invalid,
                    known @ (Found::Invalid | Found::Valid(_)) => known,
                };
                match image {
                    Image::Slot => evidence.slot = found,
                    Image::Golden => evidence.golden = found,
                }
                continue;
            }
            Step::Apply(way) => {
                let patch = match device.apply(way, &record) {
                    Patch::Unknown => Patch::Failed,
                    known @ (Patch::Refused { .. } | Patch::Failed | Patch::Applied) => known,
                };
                match way {
                    Way::Forward => evidence.forward = patch,
                    Way::Reverse => evidence.reverse = patch,
                }
                evidence.slot = Found::Unknown;
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
