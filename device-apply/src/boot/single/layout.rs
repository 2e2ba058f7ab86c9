//! Boot metadata of one slot as bytes in flash: docs/flash-layout.md §2.1.

use super::record::{Ended, Record, State};
use crate::boot::{ImageRecord, Reason};
use crate::journal::{self, Reader, Writer};

/// First byte of a record. A bootloader that is never updated knows one format for ever.
const FORMAT: u8 = 1;

impl journal::Record for Record {
    const KIND: u8 = 0xB3;
    const BYTES: usize = 108;

    fn encode(&self, bytes: &mut [u8]) {
        let mut fields = Writer(bytes);
        let (state, boots) = match self.state {
            State::Unrecorded => (0, 0),
            State::Idle => (1, 0),
            State::Pending => (2, 0),
            State::Trial { boots } => (3, boots),
            State::Reverting => (4, 0),
        };
        let (ended, code) = match self.ended {
            Ended::Not => (0, 0),
            Ended::Confirmed => (1, 0),
            Ended::Refused { code } => (2, code),
            Ended::GivenUp(reason) => (3, reason.number().into()),
        };
        let [low, high] = code.to_le_bytes();
        fields.put(&[FORMAT, state, boots, self.reverse.into(), ended, 0, low, high]);
        fields.put(&self.security_counter.to_le_bytes());
        for image in [self.image, self.target] {
            image.put(&mut fields);
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Reader(bytes);
        if fields.u8()? != FORMAT {
            return None;
        }
        let state = match (fields.u8()?, fields.u8()?) {
            (0, 0) => State::Unrecorded,
            (1, 0) => State::Idle,
            (2, 0) => State::Pending,
            (3, boots) => State::Trial { boots },
            (4, 0) => State::Reverting,
            _ => return None,
        };
        let reverse = match fields.u8()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let ended = fields.u8()?;
        fields.zeroes::<1>()?;
        let ended = match (ended, fields.take().map(u16::from_le_bytes)?) {
            (0, 0) => Ended::Not,
            (1, 0) => Ended::Confirmed,
            (2, code) => Ended::Refused { code },
            (3, number) => Ended::GivenUp(Reason::from_number(u8::try_from(number).ok()?)?),
            _ => return None,
        };
        let security_counter = fields.u32()?;
        let image = ImageRecord::take(&mut fields)?;
        let target = ImageRecord::take(&mut fields)?;
        Some(Self { state, ended, reverse, security_counter, image, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Record as _;

    #[test]
    fn every_state_survives_its_bytes() {
        let image = ImageRecord { len: 5, version: 1 << 40, security_counter: 9, digest: [3; 32] };
        let states = [State::Unrecorded, State::Idle, State::Pending, State::Reverting];
        let trials = [0, 1, 255].map(|boots| State::Trial { boots });
        let reasons = Reason::ALL.map(Ended::GivenUp);
        let ends = [Ended::Not, Ended::Confirmed, Ended::Refused { code: 0xFF01 }];
        for state in states.into_iter().chain(trials) {
            for ended in reasons.into_iter().chain(ends) {
                let target = ImageRecord { len: 6, ..image };
                let record =
                    Record { state, ended, reverse: true, security_counter: 7, image, target };
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
        for (at, value) in [(0, 2), (1, 5), (2, 1), (3, 2), (4, 4), (5, 1), (6, 1), (7, 1)] {
            let mut changed = bytes;
            changed[at] = value;
            assert_eq!(Record::decode(&changed), None, "byte {at}");
        }
        bytes[4] = 3;
        for (reason, high) in [(0, 0), (6, 0), (255, 0), (1, 1)] {
            (bytes[6], bytes[7]) = (reason, high);
            assert_eq!(Record::decode(&bytes), None, "reason {reason}");
        }
    }
}
