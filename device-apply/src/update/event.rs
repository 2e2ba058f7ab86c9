//! What happens to an update, and what is to be done.

use super::outcome::Outcome;
use super::state::ID_BYTES;
use crate::boot::{self, Image, Reason, Slot};
use crate::{ApplyError, Class};

/// What is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A patch against the running image.
    #[default]
    Delta,
    /// The full image.
    Full,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The server offers an update.
    Offer {
        /// Start of the SHA-256 of the target image: delta and full image to it are one update.
        id: [u8; ID_BYTES],
        /// What it offers first.
        kind: Kind,
    },
    /// The device started; sent once after each start, before all else.
    Started(Started),
    /// The whole patch arrived.
    Received,
    /// The staging slot holds the target, verified.
    Verified,
    /// The action under way failed.
    Failed(Failure),
    /// The update may be installed: the user, the server or the product's rules say so.
    Install,
    /// The image on trial works.
    Healthy,
    /// The image on trial does not work.
    Unhealthy,
    /// The boot metadata says that the image is confirmed.
    Confirmed,
    /// The server takes the offer back.
    Cancel,
    /// Nothing but time passed.
    Tick,
}

/// What runs after a start, as far as the update is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// The image of before the update, or the golden one, and nothing says that the target was rejected.
    Old,
    /// An image on trial.
    Trial,
    /// The target, confirmed.
    Confirmed,
    /// The target was rejected.
    Rejected(Reason),
}

impl Started {
    /// Reads it from the boot metadata: `running` is what the bootloader started, `id` that of the update.
    #[must_use]
    pub fn of(record: &boot::Record, running: Image, id: [u8; ID_BYTES]) -> Self {
        let is_target = |slot| record.image(slot).digest.starts_with(&id);
        if let Image::Slot(slot) = running {
            match record.state(slot) {
                boot::State::Trial { .. } => return Self::Trial,
                boot::State::Confirmed if is_target(slot) => return Self::Confirmed,
                boot::State::Unrecorded
                | boot::State::Empty
                | boot::State::Pending
                | boot::State::Confirmed
                | boot::State::Rejected(_) => {}
            }
        }
        for slot in [Slot::A, Slot::B] {
            match record.state(slot) {
                boot::State::Rejected(reason) if is_target(slot) => return Self::Rejected(reason),
                boot::State::Unrecorded
                | boot::State::Empty
                | boot::State::Pending
                | boot::State::Trial { .. }
                | boot::State::Confirmed
                | boot::State::Rejected(_) => {}
            }
        }
        Self::Old
    }
}

/// Why an action failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection broke, or never came up: worth another try, whatever is fetched.
    Link,
    /// The patch was not applied, or the boot metadata not written.
    Patch {
        /// What to do about it.
        class: Class,
        /// The error's number, for the log.
        code: u16,
    },
}

impl<B, S> From<&ApplyError<B, S>> for Failure {
    fn from(error: &ApplyError<B, S>) -> Self {
        Self::Patch { class: error.class(), code: error.code() }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing, until something happens.
    None,
    /// Nothing before this time; then send the event again that led here ([`Event::Tick`] does for all but a health check).
    Wait {
        /// In seconds, by the clock that events are timed with.
        until: u32,
    },
    /// Fetch the patch, go on with it if it is partly there; record its slot as [vacated](boot::Record::vacate) first. A streaming applier is
    /// fed with it. Then [`Event::Received`] or [`Event::Failed`].
    Fetch {
        /// What to ask the server for.
        kind: Kind,
    },
    /// Finish the staging slot and verify it. Then [`Event::Verified`] or [`Event::Failed`].
    Verify,
    /// Ask whether the update may be installed. Then [`Event::Install`] or [`Event::Cancel`].
    AskForInstall,
    /// [Request](boot::Record::request) the staging slot and reset.
    Swap,
    /// Find out whether the image works. Then [`Event::Healthy`] or [`Event::Unhealthy`].
    CheckHealth,
    /// [Confirm](boot::Record::confirm) the image. Then [`Event::Confirmed`] or [`Event::Failed`].
    Confirm,
    /// Give the image [up](boot::Record::fail) and reset.
    Revert,
    /// The update is over: tell the server.
    Report(Outcome),
    /// The event does not fit now; nothing changed.
    Refuse(Refusal),
}

/// Why an event was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another update is under way: cancel it first.
    Busy,
    /// This update has used its attempts up: offer another target.
    Spent,
    /// It is too late to cancel: the swap was asked for.
    TooLate,
    /// The event belongs to another phase.
    Unexpected,
}
