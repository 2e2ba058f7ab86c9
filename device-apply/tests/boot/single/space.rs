//! All records and all evidence, by representatives.

use device_apply::boot::single::{Change, Evidence, Found, Patch, Record};
use device_apply::boot::{ImageRecord, Reason, Reset};

/// The security counter that the device has reached.
pub(super) const REACHED: u32 = 5;

pub(super) const fn image(number: u8, security_counter: u32) -> ImageRecord {
    ImageRecord { len: 100, version: 1, security_counter, digest: [number; 32] }
}

/// The confirmed image, the one on trial, another one.
pub(super) const PROVED: ImageRecord = image(1, REACHED);
pub(super) const TARGET: ImageRecord = image(2, REACHED + 1);

/// What verifying can bring.
pub(super) const FOUND: [Found; 8] = [
    Found::Invalid,
    Found::Valid(PROVED),
    Found::Valid(TARGET),
    Found::Valid(image(3, REACHED)),
    Found::Valid(image(3, u32::MAX)),
    Found::Valid(image(3, REACHED - 1)),
    Found::Valid(image(1, 0)),
    Found::Valid(image(2, REACHED - 1)),
];

pub(super) const PATCHES: [Patch; 4] =
    [Patch::Unknown, Patch::Refused { code: 65 }, Patch::Failed, Patch::Applied];

pub(super) const LIMITS: [u8; 3] = [0, 1, 3];

/// All states, each with and without a way back.
pub(super) fn records() -> Vec<Record> {
    let mut records = vec![Record::default()];
    for reverse in [false, true] {
        let idle = Record::factory(PROVED);
        let pending = idle.request(reverse);
        let mut trials = vec![pending.with(Change::Try(TARGET))];
        for boots in 1..5_usize {
            trials.push(trials[boots - 1].with(Change::Try(TARGET)));
        }
        let reverting = trials[0].with(Change::GiveUp(Reason::Watchdog));
        let settled = reverting.with(Change::Settle);
        let refused = pending.with(Change::Refuse { code: 65 });
        let confirmed = trials[0].confirm().unwrap();
        records.extend([idle, pending, reverting, settled, refused, confirmed]);
        records.extend(trials);
    }
    records
}

/// All evidence of a start.
pub(super) fn evidence() -> Vec<Evidence> {
    let mut all = Vec::new();
    for slot in [Found::Unknown].into_iter().chain(FOUND) {
        for golden in [Found::Unknown, FOUND[0], FOUND[6]] {
            for (forward, reverse) in
                PATCHES.into_iter().flat_map(|one| PATCHES.map(|other| (one, other)))
            {
                for reset in [Reset::Watchdog, Reset::Other] {
                    for (writable, trial_boots) in
                        [true, false].into_iter().flat_map(|w| LIMITS.map(|limit| (w, limit)))
                    {
                        all.push(Evidence {
                            slot,
                            golden,
                            forward,
                            reverse,
                            reset,
                            writable,
                            trial_boots,
                        });
                    }
                }
            }
        }
    }
    all
}
