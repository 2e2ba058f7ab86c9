//! States as flash holds them: docs/flash-layout.md §3, written down once more.

use device_apply::boot::Reason;
use device_apply::journal::Record;
use device_apply::update::{Event, Failure, Kind, Policy, Started, State};
use device_apply::{Class, boot};

pub(crate) const ID: [u8; 8] = *b"target 1";
pub(crate) const OTHER_ID: [u8; 8] = *b"target 2";

pub(crate) const POLICY: Policy = Policy {
    attempts: 4,
    delta_failures: 2,
    per_day: 6,
    first_wait: 100,
    longest_wait: 1_000,
    health_window: 300,
    swaps: 3,
};

pub(crate) const CLASSES: [Class; 6] =
    [Class::Bug, Class::Flash, Class::Limit, Class::Malformed, Class::Mismatch, Class::Untrusted];

/// The fields of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) phase: u8,
    pub(crate) full: bool,
    pub(crate) waiting: bool,
    pub(crate) id: [u8; 8],
    pub(crate) attempts: u8,
    pub(crate) failures: u8,
    pub(crate) delta_failures: u8,
    pub(crate) swaps: u8,
    pub(crate) since: u32,
    pub(crate) wait: u32,
    pub(crate) day: u32,
    pub(crate) today: u8,
}

impl Raw {
    pub(crate) fn state(&self) -> State {
        let mut bytes = [0; State::BYTES];
        bytes[..2].copy_from_slice(&[1, self.phase]);
        bytes[3] = u8::from(self.full) | u8::from(self.waiting) << 1;
        bytes[8..16].copy_from_slice(&self.id);
        let counters = [self.attempts, self.failures, self.delta_failures, self.swaps];
        bytes[20..24].copy_from_slice(&counters);
        for (at, time) in [(24, self.since), (28, self.wait), (32, self.day)] {
            bytes[at..at + 4].copy_from_slice(&time.to_le_bytes());
        }
        bytes[36] = self.today;
        State::decode(&bytes).unwrap()
    }

    pub(crate) fn of(state: &State) -> Self {
        let mut bytes = [0; State::BYTES];
        state.encode(&mut bytes);
        let time = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        Self {
            phase: bytes[1],
            full: bytes[3] & 1 != 0,
            waiting: bytes[3] & 2 != 0,
            id: bytes[8..16].try_into().unwrap(),
            attempts: bytes[20],
            failures: bytes[21],
            delta_failures: bytes[22],
            swaps: bytes[23],
            since: time(24),
            wait: time(28),
            day: time(32),
            today: bytes[36],
        }
    }
}

/// All events, each failure apart.
pub(crate) fn events() -> Vec<Event> {
    let offers = [(ID, Kind::Delta), (ID, Kind::Full), (OTHER_ID, Kind::Delta)];
    let mut events: Vec<Event> = offers.map(|(id, kind)| Event::Offer { id, kind }).to_vec();
    let started =
        [Started::Old, Started::Trial, Started::Confirmed, Started::Rejected(Reason::Watchdog)];
    events.extend(started.map(Event::Started));
    events.push(Event::Failed(Failure::Link));
    events.extend(CLASSES.map(|class| Event::Failed(Failure::Patch { class, code: 7 })));
    events.extend([
        Event::Received,
        Event::Verified,
        Event::Install,
        Event::Healthy,
        Event::Unhealthy,
        Event::Confirmed,
        Event::Cancel,
        Event::Tick,
    ]);
    events
}

#[test]
fn what_is_never_written_is_no_state() {
    let mut bytes = [0; State::BYTES];
    State::default().encode(&mut bytes);
    assert_eq!(State::decode(&bytes), Some(State::default()));
    for (at, value) in [(0, 2), (1, 7), (3, 4), (16, 6), (17, 1), (18, 1), (37, 1), (39, 255)] {
        let mut changed = bytes;
        changed[at] = value;
        assert_eq!(State::decode(&changed), None, "byte {at}");
    }
    bytes[16..18].copy_from_slice(&[3, 6]);
    assert_eq!(State::decode(&bytes), None, "no such class");
    assert_eq!(State::decode(&bytes[1..]), None);
}

#[test]
fn every_byte_of_a_state_survives() {
    for class in 0..6 {
        let mut bytes = [0; State::BYTES];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(at).unwrap();
        }
        bytes[..4].copy_from_slice(&[1, 6, 200, 3]);
        bytes[16..18].copy_from_slice(&[3, class]);
        bytes[37..].fill(0);
        let mut again = [0; State::BYTES];
        State::decode(&bytes).unwrap().encode(&mut again);
        assert_eq!(again, bytes);
    }
}

#[test]
fn what_runs_is_read_from_the_boot_metadata() {
    use boot::{Change, Image, ImageRecord, Record, Slot};
    let image = |first| ImageRecord { digest: [first; 32], ..ImageRecord::default() };
    let id = [2; 8];
    let state = |record: Record, state| {
        record.with(Change { slot: Slot::B, state, security_counter: None })
    };
    let asked = Record::factory(Slot::A, image(1)).request(Slot::B, image(2));
    let (old, new) = (Image::Slot(Slot::A), Image::Slot(Slot::B));
    assert_eq!(Started::of(&asked, old, id), Started::Old);
    let trial = state(asked, boot::State::Trial { boots: 1 });
    assert_eq!(Started::of(&trial, new, id), Started::Trial);
    assert_eq!(Started::of(&trial, old, id), Started::Old, "not given up, only passed over");
    let rejected = state(asked, boot::State::Rejected(Reason::Invalid));
    for running in [old, new, Image::Golden] {
        assert_eq!(Started::of(&rejected, running, id), Started::Rejected(Reason::Invalid));
        assert_eq!(Started::of(&rejected, running, [3; 8]), Started::Old, "another update");
    }
    let confirmed = trial.confirm(Slot::B).unwrap();
    assert_eq!(Started::of(&confirmed, new, id), Started::Confirmed);
    assert_eq!(Started::of(&confirmed, old, id), Started::Old);
    assert_eq!(Started::of(&confirmed, new, [3; 8]), Started::Old);
}
