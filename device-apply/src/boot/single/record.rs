//! What is recorded of the one slot.

use core::fmt;

use crate::boot::{ImageRecord, Reason};

/// How far an update is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing was ever recorded: a new device, or one that lost its journal.
    #[default]
    Unrecorded,
    /// None is under way: the slot should hold the image that was confirmed last.
    Idle,
    /// The staged patch is to be applied, or is being applied.
    Pending,
    /// The target was started this many times, and has not confirmed itself.
    Trial {
        /// Starts, the running one included.
        boots: u8,
    },
    /// The target was given up: the reverse patch is to be applied, if there is one, or is being applied.
    Reverting,
}

/// How the last update ended, or why the one under way is being taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ended {
    /// There was none, or nothing is decided yet.
    #[default]
    Not,
    /// Its target has confirmed itself.
    Confirmed,
    /// Its patch was refused.
    Refused {
        /// Number of the error.
        code: u16,
    },
    /// Its target was given up.
    GivenUp(Reason),
}

/// Boot metadata of a device with one slot.
///
/// The methods make the next record; nothing counts before it is appended to the journal.
///
/// | who | when | record |
/// | --- | --- | --- |
/// | factory | the slot was programmed | [`factory`](Self::factory) |
/// | application | before it writes to where patches wait | [`vacate`](Self::vacate) |
/// | application | the patch is staged and to be applied | [`request`](Self::request) |
/// | bootloader | as [`decide`](super::decide) says | [`with`](Self::with) |
/// | application | its health check passed, failed | [`confirm`](Self::confirm), [`fail`](Self::fail) |
///
/// **Reference**: docs/flash-layout.md §2.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub(super) state: State,
    pub(super) ended: Ended,
    pub(super) reverse: bool,
    pub(super) security_counter: u32,
    pub(super) image: ImageRecord,
    pub(super) target: ImageRecord,
}

/// One change that the bootloader makes to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The staged patch is refused, and the update over.
    Refuse {
        /// Number of the error.
        code: u16,
    },
    /// The image in the slot, verified, is started once more without having confirmed itself.
    Try(ImageRecord),
    /// The image on trial is given up.
    GiveUp(Reason),
    /// There is nothing left to do for the update that was given up.
    Settle,
}

/// An image cannot be confirmed or given up, because none is on trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOnTrial {
    /// What is recorded instead.
    pub got: State,
}

impl fmt::Display for NotOnTrial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected an image on trial, found {:?}", self.got)
    }
}

impl core::error::Error for NotOnTrial {}

impl Record {
    /// The record of a new device: `image`, in the slot, is confirmed.
    #[must_use]
    pub fn factory(image: ImageRecord) -> Self {
        let security_counter = image.security_counter;
        Self { state: State::Idle, security_counter, image, ..Self::default() }
    }

    /// How far an update is.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// How the last update ended.
    #[must_use]
    pub const fn ended(&self) -> Ended {
        self.ended
    }

    /// Whether a reverse patch is staged beside the patch.
    #[must_use]
    pub const fn has_reverse(&self) -> bool {
        self.reverse
    }

    /// Highest security counter of all images that were confirmed: what a trust policy demands of a patch, either way.
    #[must_use]
    pub const fn security_counter(&self) -> u32 {
        self.security_counter
    }

    /// The image that was confirmed last. The only one that a reverse patch may bring back.
    #[must_use]
    pub const fn image(&self) -> ImageRecord {
        self.image
    }

    /// The image that is or was on trial last; all zeros before the first start of an update's target.
    #[must_use]
    pub const fn target(&self) -> ImageRecord {
        self.target
    }

    /// Other patches are about to come to where patches wait: how the last update ended is forgotten.
    #[must_use]
    pub fn vacate(self) -> Self {
        Self { ended: Ended::Not, target: ImageRecord::default(), ..self }
    }

    /// A patch is staged, and with `reverse` one for the way back: it is to be applied at the next start. Not while an image is on
    /// trial or an update is taken back.
    #[must_use]
    pub fn request(self, reverse: bool) -> Self {
        let (ended, target) = (Ended::Not, ImageRecord::default());
        Self { state: State::Pending, ended, reverse, target, ..self }
    }

    /// The image on trial works: the security counter rises to its own, and there is no way back any more.
    ///
    /// # Errors
    /// [`NotOnTrial`].
    pub fn confirm(self) -> Result<Self, NotOnTrial> {
        self.check_on_trial()?;
        let (image, ended) = (self.target, Ended::Confirmed);
        let security_counter = self.security_counter.max(image.security_counter);
        let state = State::Idle;
        Ok(Self { state, ended, reverse: false, security_counter, image, target: image })
    }

    /// The image on trial does not work: the next start takes it back.
    ///
    /// # Errors
    /// [`NotOnTrial`].
    pub fn fail(self) -> Result<Self, NotOnTrial> {
        self.check_on_trial()?;
        Ok(self.with(Change::GiveUp(Reason::Failed)))
    }

    /// With one change of the bootloader's.
    #[must_use]
    pub fn with(self, change: Change) -> Self {
        match change {
            Change::Refuse { code } => {
                Self { state: State::Idle, ended: Ended::Refused { code }, reverse: false, ..self }
            }
            Change::Try(target) => {
                let before = match self.state {
                    State::Trial { boots } => boots,
                    State::Unrecorded | State::Idle | State::Pending | State::Reverting => 0,
                };
                Self { state: State::Trial { boots: before.saturating_add(1) }, target, ..self }
            }
            Change::GiveUp(reason) => {
                Self { state: State::Reverting, ended: Ended::GivenUp(reason), ..self }
            }
            Change::Settle => Self { state: State::Idle, reverse: false, ..self },
        }
    }

    const fn check_on_trial(&self) -> Result<(), NotOnTrial> {
        match self.state {
            State::Trial { .. } => Ok(()),
            got @ (State::Unrecorded | State::Idle | State::Pending | State::Reverting) => {
                Err(NotOnTrial { got })
            }
        }
    }
}
