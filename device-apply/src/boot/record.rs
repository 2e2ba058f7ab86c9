//! What is recorded of the images in both slots.

use core::fmt;

/// One of the two slots. Which bank that is, the board knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// The slot where the first image was put.
    #[default]
    A,
    /// The other one.
    B,
}

impl Slot {
    /// The other slot.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// What can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    /// The image in a slot.
    Slot(Slot),
    /// The golden image, where the product has one: never updated, for recovery only.
    Golden,
}

/// How far an image has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Nothing was ever recorded of the slot: a new device, or one that lost its journal.
    #[default]
    Unrecorded,
    /// The slot holds no whole image; an update may be writing it.
    Empty,
    /// The image was asked for and has not run yet.
    Pending,
    /// The image was started this many times, and has not confirmed itself.
    Trial {
        /// Starts, the running one included.
        boots: u8,
    },
    /// The image has confirmed itself.
    Confirmed,
    /// The image must not be started again.
    Rejected(Reason),
}

/// Why an image was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The watchdog ended a trial.
    Watchdog,
    /// All trials ended without a word.
    Unconfirmed,
    /// Digest or signature is wrong.
    Invalid,
    /// Its security counter is below the device's.
    Downgrade,
    /// It said itself that it does not work.
    Failed,
}

/// What identifies the image in a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageRecord {
    /// Bytes of the image.
    pub len: u32,
    /// Version in whatever form the product has; shown, never compared.
    pub version: u64,
    /// Security counter. The bootloader goes by the one that it verified, and corrects this one at the first trial.
    pub security_counter: u32,
    /// SHA-256 of the image.
    pub digest: [u8; 32],
}

/// What is recorded of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SlotRecord {
    pub(super) state: State,
    pub(super) image: ImageRecord,
}

/// Boot metadata: what is recorded of both slots, and what the device has reached.
///
/// The methods make the next record; nothing counts before it is appended to the journal.
///
/// | who | when | record |
/// | --- | --- | --- |
/// | factory | slot A was programmed | [`factory`](Self::factory) |
/// | application | before it erases the other slot | [`vacate`](Self::vacate) |
/// | application | the target was verified there | [`request`](Self::request) |
/// | bootloader | before a trial | [`with`](Self::with) what [`decide`](super::decide) says |
/// | application | its health check passed, failed | [`confirm`](Self::confirm), [`fail`](Self::fail) |
///
/// **Reference**: docs/flash-layout.md §2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    pub(super) active: Slot,
    pub(super) security_counter: u32,
    pub(super) a: SlotRecord,
    pub(super) b: SlotRecord,
}

/// One change that the bootloader makes to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The slot that it is about.
    pub slot: Slot,
    /// Its new state.
    pub state: State,
    /// The verified security counter of its image, if it was verified.
    pub security_counter: Option<u32>,
}

/// Why an image cannot be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The image in the slot is neither on trial nor confirmed: the running image says the wrong slot, or its record was lost.
    NotOnTrial {
        /// Its state.
        got: State,
    },
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnTrial { got } => {
                write!(f, "only an image on trial can be confirmed, this one is {got:?}")
            }
        }
    }
}

impl core::error::Error for RequestError {}

impl Record {
    /// The record of a new device: `image` in `slot` is confirmed, the other slot is empty.
    #[must_use]
    pub fn factory(slot: Slot, image: ImageRecord) -> Self {
        let record = Self {
            active: slot,
            security_counter: image.security_counter,
            a: SlotRecord { state: State::Empty, image: ImageRecord::default() },
            b: SlotRecord { state: State::Empty, image: ImageRecord::default() },
        };
        record.put(slot, SlotRecord { state: State::Confirmed, image })
    }

    /// The slot whose image was confirmed last.
    #[must_use]
    pub const fn active(&self) -> Slot {
        self.active
    }

    /// Highest security counter of all images that were confirmed: what a trust policy demands of a patch.
    #[must_use]
    pub const fn security_counter(&self) -> u32 {
        self.security_counter
    }

    /// How far the image in `slot` has come.
    #[must_use]
    pub const fn state(&self, slot: Slot) -> State {
        self.of(slot).state
    }

    /// What identifies the image in `slot`.
    #[must_use]
    pub const fn image(&self, slot: Slot) -> ImageRecord {
        self.of(slot).image
    }

    /// `slot` is about to be erased and written.
    #[must_use]
    pub fn vacate(self, slot: Slot) -> Self {
        self.put(slot, SlotRecord { state: State::Empty, image: ImageRecord::default() })
    }

    /// `slot` holds `image`, whole and verified, which is to be tried at the next start.
    #[must_use]
    pub fn request(self, slot: Slot, image: ImageRecord) -> Self {
        self.put(slot, SlotRecord { state: State::Pending, image })
    }

    /// The image in `slot`, which runs, works: it is active, and the security counter rises to its own.
    ///
    /// # Errors
    /// [`RequestError::NotOnTrial`].
    pub fn confirm(self, slot: Slot) -> Result<Self, RequestError> {
        let SlotRecord { state, image } = *self.of(slot);
        if !matches!(state, State::Trial { .. } | State::Confirmed) {
            return Err(RequestError::NotOnTrial { got: state });
        }
        let security_counter = self.security_counter.max(image.security_counter);
        let record = Self { active: slot, security_counter, ..self };
        Ok(record.put(slot, SlotRecord { state: State::Confirmed, image }))
    }

    /// The image in `slot`, which runs on trial, does not work: the next start reverts.
    ///
    /// # Errors
    /// [`RequestError::NotOnTrial`]: what was confirmed once cannot be taken back here, as nothing may be left to go back to.
    pub fn fail(self, slot: Slot) -> Result<Self, RequestError> {
        let SlotRecord { state, image } = *self.of(slot);
        if !matches!(state, State::Trial { .. }) {
            return Err(RequestError::NotOnTrial { got: state });
        }
        Ok(self.put(slot, SlotRecord { state: State::Rejected(Reason::Failed), image }))
    }

    /// With one change of the bootloader's.
    #[must_use]
    pub fn with(self, change: Change) -> Self {
        let Change { slot, state, security_counter } = change;
        let mut image = self.image(slot);
        image.security_counter = security_counter.unwrap_or(image.security_counter);
        self.put(slot, SlotRecord { state, image })
    }

    const fn of(&self, slot: Slot) -> &SlotRecord {
        match slot {
            Slot::A => &self.a,
            Slot::B => &self.b,
        }
    }

    fn put(self, slot: Slot, record: SlotRecord) -> Self {
        match slot {
            Slot::A => Self { a: record, ..self },
            Slot::B => Self { b: record, ..self },
        }
    }
}
