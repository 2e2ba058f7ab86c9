//! What holds whatever is recorded, found and written: said without the table.

use device_apply::boot::{Check, Evidence, Image, MAX_STEPS, Record, Reset, Slot, State};
use device_apply::boot::{Step, decide};

use crate::space::{self, FOUND, LIMITS, REACHED, STATES};

/// What is really in flash.
#[derive(Clone, Copy, Debug)]
struct Truth {
    a: Check,
    b: Check,
    golden: Check,
}

impl Truth {
    fn all() -> impl Iterator<Item = Self> {
        FOUND.into_iter().flat_map(|a| {
            FOUND.into_iter().flat_map(move |b| {
                [FOUND[0], FOUND[1]].into_iter().map(move |golden| Self { a, b, golden })
            })
        })
    }

    fn of(&self, image: Image) -> Check {
        match image {
            Image::Slot(Slot::A) => self.a,
            Image::Slot(Slot::B) => self.b,
            Image::Golden => self.golden,
        }
    }
}

fn good(check: Check, reached: u32) -> bool {
    matches!(check, Check::Valid { security_counter } if security_counter >= reached)
}

/// A start by a bootloader that does what it is told; only `writes` of its writes succeed.
fn start(
    record: &mut Record,
    truth: &Truth,
    reset: Reset,
    limit: u8,
    writes: usize,
) -> Option<Image> {
    let (a, b, golden) = (Check::Unknown, Check::Unknown, Check::Unknown);
    let mut evidence = Evidence { a, b, golden, reset, writable: true, trial_boots: limit };
    let mut written = 0;
    let mut verified = Vec::new();
    for _ in 0..MAX_STEPS {
        let (change, then) = match decide(record, &evidence) {
            Step::Verify(image) => {
                assert!(!verified.contains(&image), "{image:?} is verified twice");
                verified.push(image);
                match image {
                    Image::Slot(Slot::A) => evidence.a = truth.a,
                    Image::Slot(Slot::B) => evidence.b = truth.b,
                    Image::Golden => evidence.golden = truth.golden,
                }
                continue;
            }
            Step::Persist(change) => (change, None),
            Step::Boot { image, first: Some(change) } => (change, Some(image)),
            Step::Boot { image, first: None } => return Some(image),
            Step::Halt => return None,
        };
        assert!(evidence.writable, "writes after a write failed");
        if written == writes {
            evidence.writable = false;
        } else {
            written += 1;
            *record = record.with(change);
            if then.is_some() {
                return then;
            }
        }
    }
    panic!("no decision in {MAX_STEPS} steps: {record:?} {truth:?}")
}

/// Calls `check` with a start for all records, images, resets, limits and failing writes.
fn all_starts(mut check: impl FnMut(&Record, &Truth, Option<Image>, &Record)) {
    let truths: Vec<Truth> = Truth::all().collect();
    for before in space::records() {
        for truth in &truths {
            for reset in [Reset::Watchdog, Reset::Other] {
                for limit in LIMITS {
                    for writes in [0, 1, 2, usize::MAX] {
                        let mut after = before;
                        let choice = start(&mut after, truth, reset, limit, writes);
                        check(&before, truth, choice, &after);
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_started_is_valid_and_no_downgrade_and_halting_is_the_last_choice() {
    let mut starts = 0;
    all_starts(|before, truth, choice, after| {
        let reached = before.security_counter();
        match choice {
            Some(Image::Golden) => assert_ne!(truth.golden, Check::Invalid),
            Some(image) => {
                assert!(good(truth.of(image), reached), "{before:?} {truth:?} {image:?}")
            }
            None => {
                assert_eq!(truth.golden, Check::Invalid);
                assert!(!good(truth.a, reached) && !good(truth.b, reached), "{before:?} {truth:?}");
            }
        }
        assert_eq!(after.security_counter(), reached, "only confirming raises it");
        assert_eq!(after.active(), before.active(), "only confirming makes active");
        starts += 1;
    });
    assert_eq!(starts, 2 * 14 * 14 * 50 * 2 * 3 * 4);
}

#[test]
fn an_image_on_trial_is_counted_unless_nothing_else_is_left() {
    all_starts(|before, truth, choice, after| {
        let Some(Image::Slot(slot)) = choice else { return };
        if before.state(slot) == State::Confirmed {
            return;
        }
        let count = |record: &Record| match record.state(slot) {
            State::Trial { boots } => boots,
            _ => 0,
        };
        let counted = matches!(after.state(slot), State::Trial { .. })
            && count(after) == count(before).saturating_add(1);
        let other = slot.other();
        let other_proved = before.state(other) == State::Confirmed
            && good(truth.of(Image::Slot(other)), before.security_counter());
        let alone = truth.golden == Check::Invalid && !other_proved;
        assert!(counted || alone, "{before:?} {truth:?} {choice:?} {after:?}");
    });
}

#[test]
fn an_image_that_never_confirms_itself_ends_at_the_old_one_or_the_golden_one() {
    for truth in Truth::all() {
        for (old, update) in STATES.into_iter().flat_map(|old| STATES.map(|update| (old, update))) {
            let change =
                |slot, state| device_apply::boot::Change { slot, state, security_counter: None };
            let image =
                device_apply::boot::ImageRecord { security_counter: REACHED, ..Default::default() };
            let fresh = Record::factory(Slot::A, image);
            let mut record = fresh.with(change(Slot::A, old)).with(change(Slot::B, update));
            let proved = |record: &Record, slot| {
                record.state(slot) == State::Confirmed && good(truth.of(Image::Slot(slot)), REACHED)
            };
            let end = [Slot::A, Slot::B].into_iter().find(|slot| proved(&record, *slot));
            let end =
                end.map(Image::Slot).or((truth.golden != Check::Invalid).then_some(Image::Golden));
            let Some(end) = end else { continue };
            let mut choices = Vec::new();
            for boot in 0..12 {
                let reset = if boot % 5 == 4 { Reset::Watchdog } else { Reset::Other };
                choices.push(start(&mut record, &truth, reset, 3, usize::MAX));
            }
            // Both slots on trial, three starts each, at most.
            assert_eq!(choices[6..], [Some(end); 6], "{old:?} {update:?} {truth:?} {choices:?}");
        }
    }
}
