//! Boot metadata as bytes in flash: docs/flash-layout.md §2.

use super::record::{ImageRecord, Reason, Record, Slot, SlotRecord, State};
use crate::journal::{self, Reader, Writer};

/// First byte of a record. A bootloader that is never updated knows one format for ever.
const FORMAT: u8 = 1;

impl journal::Record for Record {
    const KIND: u8 = 0xB0;
    const BYTES: usize = 112;

    fn encode(&self, bytes: &mut [u8]) {
        let mut fields = Writer(bytes);
        let active = match self.active {
            Slot::A => 0,
            Slot::B => 1,
        };
        fields.put(&[FORMAT, active, 0, 0]);
        fields.put(&self.security_counter.to_le_bytes());
        for SlotRecord { state, image } in [self.a, self.b] {
            let (state, detail) = numbers(state);
            fields.put(&[state, detail, 0, 0]);
            image.put(&mut fields);
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader(bytes);
        if fields.u8()? != FORMAT {
            return None;
        }
        let active = match fields.u8()? {
            0 => Slot::A,
            1 => Slot::B,
            _ => return None,
        };
        fields.zeroes::<2>()?;
        let security_counter = fields.u32()?;
        let (a, b) = (slot(&mut fields)?, slot(&mut fields)?);
        Some(Self { active, security_counter, a, b })
    }
}

impl ImageRecord {
    pub(super) fn put(&self, fields: &mut Writer<'_>) {
        fields.put(&self.len.to_le_bytes());
        fields.put(&self.version.to_le_bytes());
        fields.put(&self.security_counter.to_le_bytes());
        fields.put(&self.digest);
    }

    pub(super) fn take(fields: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            len: fields.u32()?,
            version: fields.take().map(u64::from_le_bytes)?,
            security_counter: fields.u32()?,
            digest: fields.take()?,
        })
    }
}

fn slot(fields: &mut Reader<'_>) -> Option<SlotRecord> {
    let state = state(fields.u8()?, fields.u8()?)?;
    fields.zeroes::<2>()?;
    Some(SlotRecord { state, image: ImageRecord::take(fields)? })
}

const fn numbers(state: State) -> (u8, u8) {
    match state {
        State::Unrecorded => (0, 0),
        State::Empty => (1, 0),
        State::Pending => (2, 0),
        State::Trial { boots } => (3, boots),
        State::Confirmed => (4, 0),
        State::Rejected(reason) => (5, reason.number()),
    }
}

fn state(state: u8, detail: u8) -> Option<State> {
    Some(match (state, detail) {
        (0, 0) => State::Unrecorded,
        (1, 0) => State::Empty,
        (2, 0) => State::Pending,
        (3, boots) => State::Trial { boots },
        (4, 0) => State::Confirmed,
        (5, number) => State::Rejected(Reason::from_number(number)?),
        _ => return None,
    })
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub(super) const ALL: [Self; 5] =
        [Self::Watchdog, Self::Unconfirmed, Self::Invalid, Self::Downgrade, Self::Failed];

    /// Stable number: in flash and for telemetry.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Watchdog => 1,
            Self::Unconfirmed => 2,
            Self::Invalid => 3,
            Self::Downgrade => 4,
            Self::Failed => 5,
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Record as _;

    #[test]
    fn every_state_survives_its_bytes() {
        let reasons = Reason::ALL.map(State::Rejected);
        let others = [State::Unrecorded, State::Empty, State::Pending, State::Confirmed];
        let trials = [0, 1, 255].map(|boots| State::Trial { boots });
        let image = ImageRecord { len: 5, version: 1 << 40, security_counter: 9, digest: [3; 32] };
        for state in reasons.into_iter().chain(others).chain(trials) {
            for active in [Slot::A, Slot::B] {
                let b = SlotRecord { state, image };
                let record = Record { active, security_counter: 7, a: SlotRecord::default(), b };
                let mut bytes = [0xFF; Record::BYTES];
                record.encode(&mut bytes);
                assert_eq!(Record::decode(&bytes), Some(record));
                assert_eq!(Record::decode(&bytes[1..]), None);
            }
        }
    }

    #[test]
    fn what_is_never_written_is_no_record() {
        let mut bytes = [0; Record::BYTES];
        Record::default().encode(&mut bytes);
        for (at, value) in [(0, 2), (1, 2), (2, 1), (3, 1), (8, 6), (9, 1), (10, 1), (63, 1)] {
            let mut changed = bytes;
            changed[at] = value;
            assert_eq!(Record::decode(&changed), None, "byte {at}");
        }
        bytes[8] = 5;
        for reason in [0, 6, 255] {
            bytes[9] = reason;
            assert_eq!(Record::decode(&bytes), None, "reason {reason}");
        }
    }
}
