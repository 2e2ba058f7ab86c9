//! The boot decision of one slot: docs/boot-decision.md, row by row.

use super::record::{Change, Record, State};
use crate::boot::{ImageRecord, Reason, Reset};

/// What can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// What is in the slot.
    Slot,
    /// The golden image, where the product has one: never updated, for recovery only. It goes to the slot before it starts.
    Golden,
}

/// Which of the staged patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the confirmed image to the target.
    Forward,
    /// From the target back.
    Reverse,
}

/// What a bootloader knows of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Found {
    /// Not looked at yet: looking costs time, so the decision asks for it only when it matters.
    #[default]
    Unknown,
    /// There is none, or nobody who may has signed it.
    Invalid,
    /// It is signed; what it says of itself, and the digest of what was read.
    Valid(ImageRecord),
}

/// What became of a staged patch in this start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patch {
    /// It was not looked at.
    #[default]
    Unknown,
    /// It is not for this device, or leads nowhere: applying it again will not change that.
    Refused {
        /// Number of the error.
        code: u16,
    },
    /// Flash failed on the way. The next start goes on.
    Failed,
    /// The slot holds its target.
    Applied,
}

/// What this start knows beside the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What is known of the image in the slot; unknown again once a patch was applied.
    pub slot: Found,
    /// What is known of the golden image; `Invalid` where the product has none.
    pub golden: Found,
    /// What became of the staged patch.
    pub forward: Patch,
    /// What became of the reverse patch.
    pub reverse: Patch,
    /// Why the device starts.
    pub reset: Reset,
    /// Whether boot metadata can be written. Where it cannot, nothing is tried: nobody would count.
    pub writable: bool,
    /// How often an image may be started without confirming itself; 0 counts as 1.
    pub trial_boots: u8,
}

/// What a bootloader does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Check this image and decide again.
    Verify(Image),
    /// Apply this patch, or go on with it, and decide again. Nothing is erased before it is known to be right for this device.
    Apply(Way),
    /// Write the record down with this change and decide again.
    Persist(Change),
    /// Start this image, after the record was written down with the change, if there is one.
    Boot {
        /// The image.
        image: Image,
        /// A trial is counted before it begins. If that cannot be written, decide again with `writable` false.
        first: Option<Change>,
    },
    /// There is nothing that may be started.
    Halt,
}

/// Most decisions of one start: both patches applied, the slot verified before and behind, three changes and one that could not be
/// written, the golden image verified and started.
pub const MAX_STEPS: usize = 10;

/// Decides what a bootloader with one slot does next.
///
/// Pure: no flash, no clock. It is asked again after each step but the last, with what it brought, and comes to an end within
/// [`MAX_STEPS`], whatever the record says; [`select`](super::select()) is that loop.
///
/// Started is only what is valid, and, but for the golden image, never what is older than a confirmed image.
///
/// **Reference**: docs/boot-decision.md, "One slot", of which this is the code; a test walks through the table there.
#[must_use]
pub fn decide(record: &Record, evidence: &Evidence) -> Step {
    let start = Known { record, evidence };
    None.or_else(|| start.asked_for())
        .or_else(|| start.on_trial())
        .or_else(|| start.taken_back())
        .or_else(|| start.proved())
        .or_else(|| start.not_recorded())
        .or_else(|| start.golden())
        .or_else(|| start.any())
        .unwrap_or(Step::Halt)
}

/// What the image in the slot is to this device.
enum Verdict {
    Unknown,
    Invalid,
    /// Its security counter is below the device's.
    Older,
    /// It is the one on trial.
    Target(ImageRecord),
    /// It is the one that was confirmed last.
    Proved(ImageRecord),
    /// Another one.
    New(ImageRecord),
}

struct Known<'a> {
    record: &'a Record,
    evidence: &'a Evidence,
}

impl Known<'_> {
    /// Rows 1 to 6: an update was asked for.
    fn asked_for(&self) -> Option<Step> {
        if self.record.state != State::Pending || !self.evidence.writable {
            return None;
        }
        match self.evidence.forward {
            Patch::Unknown => Some(Step::Apply(Way::Forward)),
            Patch::Refused { code } => Some(Step::Persist(Change::Refuse { code })),
            Patch::Failed => None,
            Patch::Applied => Some(match self.verdict() {
                Verdict::Unknown => Step::Verify(Image::Slot),
                Verdict::Invalid => give_up(Reason::Invalid),
                Verdict::Older => give_up(Reason::Downgrade),
                Verdict::Target(image) | Verdict::Proved(image) | Verdict::New(image) => {
                    trial(image)
                }
            }),
        }
    }

    /// Rows 7 to 12: its target has not confirmed itself yet.
    fn on_trial(&self) -> Option<Step> {
        let State::Trial { boots } = self.record.state else { return None };
        if !self.evidence.writable {
            return None;
        }
        if self.evidence.reset == Reset::Watchdog {
            return Some(give_up(Reason::Watchdog));
        }
        if boots >= self.evidence.trial_boots.max(1) {
            return Some(give_up(Reason::Unconfirmed));
        }
        Some(match self.verdict() {
            Verdict::Unknown => Step::Verify(Image::Slot),
            Verdict::Older => give_up(Reason::Downgrade),
            Verdict::Target(image) => trial(image),
            Verdict::Invalid | Verdict::Proved(_) | Verdict::New(_) => give_up(Reason::Invalid),
        })
    }

    /// Rows 13 to 15: it was given up.
    fn taken_back(&self) -> Option<Step> {
        if self.record.state != State::Reverting || !self.evidence.writable {
            return None;
        }
        if !self.record.reverse {
            return Some(Step::Persist(Change::Settle));
        }
        match self.evidence.reverse {
            Patch::Unknown => Some(Step::Apply(Way::Reverse)),
            Patch::Refused { .. } | Patch::Applied => Some(Step::Persist(Change::Settle)),
            Patch::Failed => None,
        }
    }

    /// Rows 16 and 17: the image that was confirmed last.
    fn proved(&self) -> Option<Step> {
        if self.record.state == State::Unrecorded {
            return None;
        }
        match self.verdict() {
            Verdict::Unknown => Some(Step::Verify(Image::Slot)),
            Verdict::Proved(_) => Some(start(Image::Slot)),
            Verdict::Invalid | Verdict::Older | Verdict::Target(_) | Verdict::New(_) => None,
        }
    }

    /// Rows 18 and 19: nothing is recorded, so that the image has to prove itself.
    fn not_recorded(&self) -> Option<Step> {
        if self.record.state != State::Unrecorded || !self.evidence.writable {
            return None;
        }
        match self.verdict() {
            Verdict::Unknown => Some(Step::Verify(Image::Slot)),
            Verdict::Target(image) | Verdict::Proved(image) | Verdict::New(image) => {
                Some(trial(image))
            }
            Verdict::Invalid | Verdict::Older => None,
        }
    }

    /// Rows 20 and 21: the last resort.
    fn golden(&self) -> Option<Step> {
        match self.evidence.golden {
            Found::Unknown => Some(Step::Verify(Image::Golden)),
            Found::Invalid => None,
            Found::Valid(_) => Some(start(Image::Golden)),
        }
    }

    /// Rows 22 and 23: an image that did not prove itself, rather than none.
    fn any(&self) -> Option<Step> {
        match self.verdict() {
            Verdict::Unknown => Some(Step::Verify(Image::Slot)),
            Verdict::Invalid | Verdict::Older => None,
            Verdict::Target(_) | Verdict::Proved(_) | Verdict::New(_) => Some(start(Image::Slot)),
        }
    }

    fn verdict(&self) -> Verdict {
        let image = match self.evidence.slot {
            Found::Unknown => return Verdict::Unknown,
            Found::Invalid => return Verdict::Invalid,
            Found::Valid(image) => image,
        };
        let on_trial = matches!(self.record.state, State::Trial { .. });
        if image.security_counter < self.record.security_counter {
            Verdict::Older
        } else if on_trial && image.digest == self.record.target.digest {
            Verdict::Target(image)
        } else if image.digest == self.record.image.digest {
            Verdict::Proved(image)
        } else {
            Verdict::New(image)
        }
    }
}

const fn give_up(reason: Reason) -> Step {
    Step::Persist(Change::GiveUp(reason))
}

const fn trial(image: ImageRecord) -> Step {
    Step::Boot { image: Image::Slot, first: Some(Change::Try(image)) }
}

const fn start(image: Image) -> Step {
    Step::Boot { image, first: None }
}
