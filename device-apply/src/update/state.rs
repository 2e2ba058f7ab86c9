//! What is kept of an update.

use super::event::Kind;
use super::outcome::Outcome;

/// Bytes of an update's id.
pub const ID_BYTES: usize = 8;

/// Where an update is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// No update is under way.
    #[default]
    Idle,
    /// The patch is fetched, or waits for its next attempt.
    Download,
    /// The staging slot is finished and verified.
    Verify,
    /// The target is verified; it waits for permission or for its first start.
    SwapPending,
    /// The image runs on trial.
    Test,
    /// The image works; the boot metadata is to say so.
    Confirm,
    /// The image was given up; the next start is the old one's.
    Rollback,
}

/// What is kept of an update: all that [`step`](super::step) knows beside policy, time and event.
///
/// Any value is legal: whatever flash held, each event leads on from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub(super) phase: Phase,
    /// Which event led here; 0 at the beginning.
    pub(super) event: u8,
    /// When that was, in seconds.
    pub(super) at: u32,
    pub(super) id: [u8; ID_BYTES],
    pub(super) kind: Kind,
    pub(super) outcome: Outcome,
    /// Attempts of this update.
    pub(super) attempts: u8,
    /// Failures since the update was offered, broken connections included: the back-off.
    pub(super) failures: u8,
    /// Failures of the delta, broken connections apart.
    pub(super) delta_failures: u8,
    /// Requests for a swap.
    pub(super) swaps: u8,
    /// In `Download`: no attempt is under way. In `Confirm`: writing failed.
    pub(super) waiting: bool,
    /// When the wait, or in `Test` the trial, began.
    pub(super) since: u32,
    /// Seconds that the wait lasts.
    pub(super) wait: u32,
    /// When the day began that `today` counts for.
    pub(super) day: u32,
    /// Attempts of that day.
    pub(super) today: u8,
}

impl State {
    /// Where the update is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// How the last update ended; while one is under way, what it failed with last.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The update that is under way, or was last.
    #[must_use]
    pub const fn id(&self) -> [u8; ID_BYTES] {
        self.id
    }

    /// What is fetched, or was last: [`Kind::Full`] once the delta was given up.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Attempts of this update so far.
    #[must_use]
    pub const fn attempts(&self) -> u8 {
        self.attempts
    }

    /// When this state was reached, in seconds, and by which event ([`Event::number`](super::Event::number)).
    #[must_use]
    pub const fn reached(&self) -> (u32, u8) {
        (self.at, self.event)
    }

    /// The *State* of LwM2M object 5: 0 idle, 1 downloading, 2 downloaded, 3 updating.
    #[must_use]
    pub const fn lwm2m_state(&self) -> u8 {
        match self.phase {
            Phase::Idle => 0,
            Phase::Download | Phase::Verify => 1,
            Phase::SwapPending if self.swaps == 0 => 2,
            Phase::SwapPending | Phase::Test | Phase::Confirm | Phase::Rollback => 3,
        }
    }
}
