//! The boot decision: docs/boot-decision.md, row by row.

use super::record::{Change, Image, Reason, Record, Slot, State};
use super::select::Reset;

/// What a bootloader knows of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Check {
    /// Not looked at yet: looking costs time, so the decision asks for it only when it matters.
    #[default]
    Unknown,
    /// There is none, its digest is not the recorded one, or nobody who may has signed it.
    Invalid,
    /// Digest and signature are right.
    Valid {
        /// The security counter that the signature covers.
        security_counter: u32,
    },
}

/// What this start knows beside the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What is known of the image in slot A.
    pub a: Check,
    /// What is known of the image in slot B.
    pub b: Check,
    /// What is known of the golden image; `Invalid` where the product has none.
    pub golden: Check,
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

/// Most decisions of one start: three images verified, two rejected, a change that could not be written, a last one.
pub const MAX_STEPS: usize = 7;

/// Decides what a bootloader does next.
///
/// Pure: no flash, no clock. It is asked again after each [`Step::Verify`] and [`Step::Persist`], with what they brought, and comes to
/// an end within [`MAX_STEPS`], whatever the record says; [`select`](super::select) is that loop.
///
/// Started is only what is valid, and, but for the golden image, never what is older than a confirmed image.
///
/// **Reference**: docs/boot-decision.md, of which this is the code; a test walks through the table there.
#[must_use]
pub fn decide(record: &Record, evidence: &Evidence) -> Step {
    let start = Known { record, evidence };
    let (active, other) = (record.active, record.active.other());
    None.or_else(|| start.proposed(other))
        .or_else(|| start.proposed(active))
        .or_else(|| start.confirmed(active))
        .or_else(|| start.confirmed(other))
        .or_else(|| start.unrecorded(active, other))
        .or_else(|| start.golden())
        .or_else(|| start.any(active))
        .or_else(|| start.any(other))
        .unwrap_or(Step::Halt)
}

/// A check, compared with the device's security counter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Unknown,
    Invalid,
    Older,
    Good { security_counter: u32 },
}

struct Known<'a> {
    record: &'a Record,
    evidence: &'a Evidence,
}

impl Known<'_> {
    /// Rows 1 to 6: what an update asked for.
    fn proposed(&self, slot: Slot) -> Option<Step> {
        if !self.evidence.writable {
            return None;
        }
        let boots = match self.record.state(slot) {
            State::Pending => 0,
            State::Trial { .. } if self.evidence.reset == Reset::Watchdog => {
                return Some(reject(slot, Reason::Watchdog));
            }
            State::Trial { boots } if boots >= self.evidence.trial_boots.max(1) => {
                return Some(reject(slot, Reason::Unconfirmed));
            }
            State::Trial { boots } => boots,
            State::Unrecorded | State::Empty | State::Confirmed | State::Rejected(_) => {
                return None;
            }
        };
        Some(match self.verdict(slot) {
            Verdict::Unknown => Step::Verify(Image::Slot(slot)),
            Verdict::Invalid => reject(slot, Reason::Invalid),
            Verdict::Older => reject(slot, Reason::Downgrade),
            Verdict::Good { security_counter } => trial(slot, boots, security_counter),
        })
    }

    /// Rows 7 and 8: what has proved itself.
    fn confirmed(&self, slot: Slot) -> Option<Step> {
        (self.record.state(slot) == State::Confirmed).then(|| self.start(slot)).flatten()
    }

    /// Rows 9 and 10: nothing is recorded, so that the image has to prove itself; the newer one first.
    fn unrecorded(&self, active: Slot, other: Slot) -> Option<Step> {
        if !self.evidence.writable {
            return None;
        }
        let verdict = |slot| match self.record.state(slot) {
            State::Unrecorded => self.verdict(slot),
            State::Empty
            | State::Pending
            | State::Trial { .. }
            | State::Confirmed
            | State::Rejected(_) => Verdict::Invalid,
        };
        match (verdict(active), verdict(other)) {
            (Verdict::Unknown, _) => Some(Step::Verify(Image::Slot(active))),
            (_, Verdict::Unknown) => Some(Step::Verify(Image::Slot(other))),
            (Verdict::Good { security_counter: ours }, Verdict::Good { security_counter }) => {
                let newer = security_counter > ours;
                Some(if newer { trial(other, 0, security_counter) } else { trial(active, 0, ours) })
            }
            (Verdict::Good { security_counter }, _) => Some(trial(active, 0, security_counter)),
            (_, Verdict::Good { security_counter }) => Some(trial(other, 0, security_counter)),
            (Verdict::Invalid | Verdict::Older, Verdict::Invalid | Verdict::Older) => None,
        }
    }

    /// Rows 11 and 12: the last resort.
    fn golden(&self) -> Option<Step> {
        match self.evidence.golden {
            Check::Unknown => Some(Step::Verify(Image::Golden)),
            Check::Invalid => None,
            Check::Valid { .. } => Some(Step::Boot { image: Image::Golden, first: None }),
        }
    }

    /// Rows 13 and 14: an image that did not prove itself, rather than none.
    fn any(&self, slot: Slot) -> Option<Step> {
        self.start(slot)
    }

    fn start(&self, slot: Slot) -> Option<Step> {
        match self.verdict(slot) {
            Verdict::Unknown => Some(Step::Verify(Image::Slot(slot))),
            Verdict::Invalid | Verdict::Older => None,
            Verdict::Good { .. } => Some(Step::Boot { image: Image::Slot(slot), first: None }),
        }
    }

    fn verdict(&self, slot: Slot) -> Verdict {
        let check = match slot {
            Slot::A => self.evidence.a,
            Slot::B => self.evidence.b,
        };
        match check {
            Check::Unknown => Verdict::Unknown,
            Check::Invalid => Verdict::Invalid,
            Check::Valid { security_counter }
                if security_counter < self.record.security_counter =>
            {
                Verdict::Older
            }
            Check::Valid { security_counter } => Verdict::Good { security_counter },
        }
    }
}

const fn reject(slot: Slot, reason: Reason) -> Step {
    Step::Persist(Change { slot, state: State::Rejected(reason), security_counter: None })
}

/// The trial after `boots` others.
const fn trial(slot: Slot, boots: u8, security_counter: u32) -> Step {
    let state = State::Trial { boots: boots.saturating_add(1) };
    let first = Some(Change { slot, state, security_counter: Some(security_counter) });
    Step::Boot { image: Image::Slot(slot), first }
}
