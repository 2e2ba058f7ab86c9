//! The state of an update as bytes in flash: docs/flash-layout.md §3.

use super::event::{Event, Failure, Kind, Started};
use super::outcome::Outcome;
use super::state::{Phase, State};
use crate::Class;
use crate::journal::{self, Reader, Writer};

/// First byte of a record.
const FORMAT: u8 = 1;

const FULL: u8 = 1;
const WAITING: u8 = 2;

impl journal::Record for State {
    const KIND: u8 = 0xB1;
    const BYTES: usize = 40;

    fn encode(&self, bytes: &mut [u8]) {
        let mut fields = Writer(bytes);
        let full = if self.kind == Kind::Full { FULL } else { 0 };
        let waiting = if self.waiting { WAITING } else { 0 };
        fields.put(&[FORMAT, self.phase.number(), self.event, full | waiting]);
        fields.put(&self.at.to_le_bytes());
        fields.put(&self.id);
        let (outcome, detail, code) = numbers(self.outcome);
        fields.put(&[outcome, detail]);
        fields.put(&code.to_le_bytes());
        fields.put(&[self.attempts, self.failures, self.delta_failures, self.swaps]);
        for time in [self.since, self.wait, self.day] {
            fields.put(&time.to_le_bytes());
        }
        fields.put(&[self.today, 0, 0, 0]);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader(bytes);
        if fields.u8()? != FORMAT {
            return None;
        }
        let phase = Phase::from_number(fields.u8()?)?;
        let event = fields.u8()?;
        let flags = fields.u8()?;
        if flags & !(FULL | WAITING) != 0 {
            return None;
        }
        let at = fields.u32()?;
        let id = fields.take()?;
        let outcome = outcome(fields.u8()?, fields.u8()?, fields.take().map(u16::from_le_bytes)?)?;
        let [attempts, failures, delta_failures, swaps] = fields.take()?;
        let (since, wait, day) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let today = fields.u8()?;
        fields.zeroes::<3>()?;
        let kind = if flags & FULL == 0 { Kind::Delta } else { Kind::Full };
        let waiting = flags & WAITING != 0;
        Some(Self {
            phase,
            event,
            at,
            id,
            kind,
            outcome,
            attempts,
            failures,
            delta_failures,
            swaps,
            waiting,
            since,
            wait,
            day,
            today,
        })
    }
}

impl Phase {
    /// All phases, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Idle,
        Self::Download,
        Self::Verify,
        Self::SwapPending,
        Self::Test,
        Self::Confirm,
        Self::Rollback,
    ];

    /// Stable number: in flash and for telemetry.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Idle => 0,
            Self::Download => 1,
            Self::Verify => 2,
            Self::SwapPending => 3,
            Self::Test => 4,
            Self::Confirm => 5,
            Self::Rollback => 6,
        }
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.number() == number)
    }
}

impl Event {
    /// Stable number: in flash and for telemetry.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Offer { .. } => 1,
            Self::Started(Started::Old) => 2,
            Self::Started(Started::Trial) => 3,
            Self::Started(Started::Confirmed) => 4,
            Self::Started(Started::Rejected(_)) => 5,
            Self::Received => 6,
            Self::Verified => 7,
            Self::Failed(Failure::Link) => 8,
            Self::Failed(Failure::Patch { .. }) => 9,
            Self::Install => 10,
            Self::Healthy => 11,
            Self::Unhealthy => 12,
            Self::Confirmed => 13,
            Self::Cancel => 14,
            Self::Tick => 15,
        }
    }
}

const fn numbers(outcome: Outcome) -> (u8, u8, u16) {
    match outcome {
        Outcome::None => (0, 0, 0),
        Outcome::Updated => (1, 0, 0),
        Outcome::Link => (2, 0, 0),
        Outcome::Failed { class, code } => (3, class.number(), code),
        Outcome::Reverted { reason } => (4, reason, 0),
        Outcome::Cancelled => (5, 0, 0),
    }
}

fn outcome(outcome: u8, detail: u8, code: u16) -> Option<Outcome> {
    Some(match (outcome, detail, code) {
        (0, 0, 0) => Outcome::None,
        (1, 0, 0) => Outcome::Updated,
        (2, 0, 0) => Outcome::Link,
        (3, class, code) => Outcome::Failed { class: Class::from_number(class)?, code },
        (4, reason, 0) => Outcome::Reverted { reason },
        (5, 0, 0) => Outcome::Cancelled,
        _ => return None,
    })
}
