//! How often, how fast and for what an update is tried.

use device_apply::Class;
use device_apply::boot::Reason;
use device_apply::update::{Action, Event, Failure, Kind, Outcome, Phase, Refusal, Started};
use device_apply::update::{Policy, State, step};
use rig::random::Random;

use crate::raw::{self, ID, OTHER_ID, POLICY, Raw};

const DAY: u32 = 86_400;
const OFFER: Event = Event::Offer { id: ID, kind: Kind::Delta };
const DELTA: Action = Action::Fetch { kind: Kind::Delta };
const FULL: Action = Action::Fetch { kind: Kind::Full };

const fn failed(class: Class) -> Event {
    Event::Failed(Failure::Patch { class, code: 7 })
}

/// A machine without flash.
struct Device {
    state: State,
    policy: Policy,
    now: u32,
}

impl Device {
    fn new() -> Self {
        Self { state: State::default(), policy: POLICY, now: 1_000 }
    }

    fn send(&mut self, event: Event) -> Action {
        let (state, action) = step(&self.state, &self.policy, self.now, event);
        self.state = state;
        action
    }

    /// Waits as told, then ticks.
    fn wait(&mut self, action: Action) -> (u32, Action) {
        let Action::Wait { until } = action else { panic!("{action:?}") };
        let waited = until - self.now;
        assert_eq!(self.send(Event::Tick), action, "too early");
        self.now = until - 1;
        assert_eq!(self.send(Event::Tick), action, "a second too early");
        self.now = until;
        (waited, self.send(Event::Tick))
    }
}

#[test]
fn waits_double_until_the_attempts_are_used_up() {
    let mut device = Device::new();
    assert_eq!(device.send(OFFER), DELTA);
    let mut waits = Vec::new();
    for _ in 1..POLICY.attempts {
        let action = device.send(Event::Failed(Failure::Link));
        let (waited, next) = device.wait(action);
        assert_eq!(next, DELTA, "a broken connection is not the delta's fault");
        waits.push(waited);
    }
    assert_eq!(waits, [100, 200, 400]);
    assert_eq!(device.send(Event::Failed(Failure::Link)), Action::Report(Outcome::Link));
    assert_eq!(device.send(OFFER), Action::Refuse(Refusal::Spent));
    // Another target begins afresh; then the first one may come again.
    assert_eq!(device.send(Event::Offer { id: OTHER_ID, kind: Kind::Full }), FULL);
    assert_eq!(device.state.attempts(), 1);
    assert_eq!(device.send(Event::Cancel), Action::Report(Outcome::Cancelled));
    assert_eq!(device.send(OFFER), DELTA);
}

#[test]
fn a_wrong_base_asks_for_the_full_image_at_once() {
    for class in [Class::Mismatch, Class::Limit] {
        let mut device = Device::new();
        device.send(OFFER);
        assert_eq!(device.send(failed(class)), FULL);
        let expected = Outcome::Failed { class, code: 7 };
        assert_eq!(device.state.outcome(), expected, "what went wrong is kept");
        assert_eq!(device.send(failed(class)), Action::Report(expected), "there is no other");
    }
}

#[test]
fn a_delta_that_fails_twice_is_given_up_for_the_full_image() {
    for class in [Class::Malformed, Class::Flash] {
        let mut device = Device::new();
        device.send(OFFER);
        let action = device.send(failed(class));
        assert_eq!(device.wait(action), (100, DELTA));
        device.send(Event::Received);
        let action = device.send(failed(class));
        assert_eq!(device.wait(action), (200, FULL), "also when verifying fails");
        device.send(Event::Cancel);
        assert_eq!(device.send(OFFER), FULL, "the same offer does not bring the delta back");
    }
}

#[test]
fn what_is_not_trusted_is_not_tried_again() {
    for class in [Class::Untrusted, Class::Bug] {
        let mut device = Device::new();
        device.send(OFFER);
        let outcome = Outcome::Failed { class, code: 7 };
        assert_eq!(device.send(failed(class)), Action::Report(outcome));
        assert_eq!(device.state.phase(), Phase::Idle);
        assert_eq!(device.send(OFFER), DELTA, "the server may insist");
    }
}

#[test]
fn the_day_bounds_all_updates_and_restarts_together() {
    let mut device = Device::new();
    device.send(OFFER);
    for _ in 1..POLICY.per_day {
        device.now += 10;
        assert_eq!(device.send(Event::Started(Started::Old)), DELTA, "goes on after a reset");
    }
    assert_eq!(device.state.attempts(), 1, "a reset costs no attempt of the update");
    let until = 1_000 + DAY;
    assert_eq!(device.send(Event::Started(Started::Old)), Action::Wait { until });
    device.send(Event::Cancel);
    let other = Event::Offer { id: OTHER_ID, kind: Kind::Full };
    let action = device.send(other);
    assert_eq!(action, Action::Wait { until }, "another update does not help");
    let (_, next) = device.wait(action);
    assert_eq!(next, FULL);
}

#[test]
fn a_clock_that_restarts_at_zero_does_not_begin_a_new_day() {
    let mut device = Device::new();
    device.now = 5_000;
    device.send(OFFER);
    let mut fetches = 1;
    for _ in 0..50 {
        device.now = 3;
        fetches += u32::from(device.send(Event::Started(Started::Old)) == DELTA);
    }
    assert_eq!(fetches, u32::from(POLICY.per_day));
    device.now = 3 + DAY;
    assert_eq!(device.send(Event::Tick), DELTA);
}

#[test]
fn a_jump_back_lengthens_no_wait() {
    let mut device = Device::new();
    device.now = 4_000_000_000;
    device.send(OFFER);
    device.send(Event::Failed(Failure::Link));
    device.now = 20;
    assert_eq!(device.send(Event::Tick), Action::Wait { until: 120 });
    device.now = 10;
    assert_eq!(device.send(Event::Tick), Action::Wait { until: 110 });
}

#[test]
fn an_image_is_confirmed_after_its_health_window_and_each_start_begins_one() {
    let mut device = Device::new();
    device.send(OFFER);
    device.send(Event::Received);
    device.send(Event::Verified);
    device.send(Event::Install);
    assert_eq!(device.send(Event::Started(Started::Trial)), Action::CheckHealth);
    assert_eq!(device.send(Event::Healthy), Action::Wait { until: 1_300 });
    device.now = 1_299;
    assert_eq!(device.send(Event::Healthy), Action::Wait { until: 1_300 });
    assert_eq!(device.send(Event::Started(Started::Trial)), Action::CheckHealth);
    device.now = 1_300;
    assert_eq!(device.send(Event::Healthy), Action::Wait { until: 1_599 });
    device.now = 1_599;
    assert_eq!(device.send(Event::Healthy), Action::Confirm);
    assert_eq!(device.send(Event::Confirmed), Action::Report(Outcome::Updated));
}

#[test]
fn a_bootloader_that_never_starts_the_target_is_asked_three_times() {
    let mut device = Device::new();
    device.send(OFFER);
    device.send(Event::Received);
    device.send(Event::Verified);
    assert_eq!(device.state.lwm2m_state(), 2);
    assert_eq!(device.send(Event::Install), Action::Swap);
    assert_eq!(device.state.lwm2m_state(), 3);
    assert_eq!(device.send(Event::Started(Started::Old)), Action::Swap);
    assert_eq!(device.send(Event::Started(Started::Old)), Action::Swap);
    let reverted = Outcome::Reverted { reason: 0 };
    assert_eq!(device.send(Event::Started(Started::Old)), Action::Report(reverted));
    assert_eq!(reverted.lwm2m_result(), 8);
}

#[test]
fn why_the_bootloader_rejected_the_target_is_reported() {
    let mut device = Device::new();
    device.send(OFFER);
    device.send(Event::Received);
    device.send(Event::Verified);
    device.send(Event::Install);
    let action = device.send(Event::Started(Started::Rejected(Reason::Downgrade)));
    assert_eq!(action, Action::Report(Outcome::Reverted { reason: Reason::Downgrade.number() }));
}

/// Whatever happens in whatever order: no more fetches of an update than its attempts, and resets; no more of a day than it allows.
#[test]
fn no_order_of_events_fetches_more_than_the_budget() {
    let events = raw::events();
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut device = Device::new();
        let mut days: Vec<(u32, u32)> = Vec::new();
        for _ in 0..400 {
            let event = events[random.below(events.len())];
            let resumes = matches!(event, Event::Started(_));
            device.now += u32::try_from(random.below(2_000)).unwrap();
            let before = device.state;
            let action = device.send(event);
            if let Action::Wait { until } = action {
                let longest = POLICY.longest_wait.max(DAY);
                assert!(until - device.now <= longest, "seed {seed}: {action:?} at {}", device.now);
            }
            let Action::Fetch { .. } = action else { continue };
            let known = device.state.id() == before.id();
            let counted = if known { before.attempts() + 1 } else { 1 };
            assert!(resumes || device.state.attempts() == counted, "seed {seed}");
            assert!(device.state.attempts() <= POLICY.attempts, "seed {seed}");
            match days.last_mut() {
                Some((start, count)) if device.now - *start < DAY => *count += 1,
                _ => days.push((device.now, 1)),
            }
            let worst = days.iter().map(|day| day.1).max().unwrap();
            assert!(worst <= u32::from(POLICY.per_day), "seed {seed}: {days:?}");
        }
        assert!(days.len() > 2, "seed {seed}: time passes");
    }
}

/// From any state that flash may hold, an update that goes well ends confirmed, in a bounded number of steps.
#[test]
fn from_any_state_an_update_that_goes_well_ends_updated() {
    let mut random = Random::new(1);
    for _ in 0..20_000 {
        let raw = Raw {
            phase: random.byte() % 7,
            full: random.byte() & 1 == 0,
            waiting: random.byte() & 1 == 0,
            id: ID,
            attempts: random.byte(),
            failures: random.byte(),
            delta_failures: random.byte(),
            swaps: random.byte(),
            since: random.word32(),
            wait: random.word32(),
            day: random.word32(),
            today: random.byte(),
        };
        let mut device = Device { state: raw.state(), policy: POLICY, now: 2_000_000_000 };
        let mut action = device.send(Event::Started(Started::Old));
        let mut steps = 0;
        while action != Action::Report(Outcome::Updated) {
            steps += 1;
            assert!(steps < 20, "{raw:?}: {:?} {action:?}", device.state);
            let event = match action {
                Action::Wait { until } => {
                    device.now = until;
                    let trial = device.state.phase() == Phase::Test;
                    if trial { Event::Healthy } else { Event::Tick }
                }
                Action::None | Action::Report(_) | Action::Refuse(_) => {
                    Event::Offer { id: OTHER_ID, kind: Kind::Delta }
                }
                Action::Fetch { .. } => Event::Received,
                Action::Verify => Event::Verified,
                Action::AskForInstall => Event::Install,
                Action::Swap => Event::Started(Started::Trial),
                Action::CheckHealth => Event::Healthy,
                Action::Confirm => Event::Confirmed,
                Action::Revert => Event::Started(Started::Old),
            };
            action = device.send(event);
        }
    }
}

#[test]
fn at_the_end_of_the_clock_nothing_overflows() {
    for phase in Phase::ALL {
        for event in raw::events() {
            for full in [0, u8::MAX] {
                let raw = Raw {
                    phase: phase.number(),
                    waiting: true,
                    attempts: full,
                    failures: full,
                    delta_failures: full,
                    swaps: full,
                    since: u32::MAX,
                    wait: u32::MAX,
                    day: u32::MAX,
                    today: full,
                    ..Raw::default()
                };
                for now in [0, 1, u32::MAX - 1, u32::MAX] {
                    let (next, _) = step(&raw.state(), &POLICY, now, event);
                    let again = Raw::of(&next).state();
                    assert_eq!(Raw::of(&again), Raw::of(&next), "it can be kept");
                }
            }
        }
    }
}
