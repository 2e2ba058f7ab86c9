//! All records and all evidence, by representatives.

use device_apply::boot::{
    Change, Check, Evidence, ImageRecord, Reason, Record, Reset, Slot, State,
};

/// The security counter that the device has reached.
pub(crate) const REACHED: u32 = 5;

pub(crate) const STATES: [State; 14] = [
    State::Unrecorded,
    State::Empty,
    State::Pending,
    State::Trial { boots: 0 },
    State::Trial { boots: 1 },
    State::Trial { boots: 2 },
    State::Trial { boots: 3 },
    State::Trial { boots: u8::MAX },
    State::Confirmed,
    State::Rejected(Reason::Watchdog),
    State::Rejected(Reason::Unconfirmed),
    State::Rejected(Reason::Invalid),
    State::Rejected(Reason::Downgrade),
    State::Rejected(Reason::Failed),
];

/// What verifying a slot can bring: nothing valid, or a counter below, at or above the device's.
pub(crate) const FOUND: [Check; 5] = [
    Check::Invalid,
    Check::Valid { security_counter: 0 },
    Check::Valid { security_counter: REACHED - 1 },
    Check::Valid { security_counter: REACHED },
    Check::Valid { security_counter: u32::MAX },
];

pub(crate) const LIMITS: [u8; 3] = [0, 1, 3];

/// All records: both active slots, all states of both slots.
pub(crate) fn records() -> impl Iterator<Item = Record> {
    let image = ImageRecord { security_counter: REACHED, ..ImageRecord::default() };
    let set =
        |record: Record, slot, state| record.with(Change { slot, state, security_counter: None });
    [Slot::A, Slot::B].into_iter().flat_map(move |active| {
        let start = Record::factory(active, image);
        STATES.into_iter().flat_map(move |a| {
            STATES.into_iter().map(move |b| set(set(start, Slot::A, a), Slot::B, b))
        })
    })
}

/// All evidence of a start.
pub(crate) fn evidence() -> Vec<Evidence> {
    let mut all = Vec::new();
    let checks = || [Check::Unknown].into_iter().chain(FOUND);
    for (a, b) in checks().flat_map(|a| checks().map(move |b| (a, b))) {
        for golden in [Check::Unknown, FOUND[0], FOUND[1]] {
            for reset in [Reset::Watchdog, Reset::Other] {
                for (writable, trial_boots) in
                    [true, false].into_iter().flat_map(|w| LIMITS.map(|limit| (w, limit)))
                {
                    all.push(Evidence { a, b, golden, reset, writable, trial_boots });
                }
            }
        }
    }
    all
}

/// The check of a slot in `evidence`.
pub(crate) fn check(evidence: &Evidence, slot: Slot) -> Check {
    match slot {
        Slot::A => evidence.a,
        Slot::B => evidence.b,
    }
}
