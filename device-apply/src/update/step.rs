//! The state machine: docs/state-machine.md, row by row.

use super::event::{Action, Event, Failure, Kind, Refusal, Started};
use super::outcome::Outcome;
use super::policy::Policy;
use super::state::{Phase, State};
use crate::Class;

/// What an event leads to: the next state, and what is to be done once that is written down.
///
/// `now` is in seconds by any clock; it may jump. The state that comes back is the one given if nothing changed, and then need not
/// be written.
///
/// Pure: no flash, no clock. Every event is legal in every state.
///
/// **Reference**: docs/state-machine.md, of which this is the code; a test walks through the table there.
#[must_use]
pub fn step(state: &State, policy: &Policy, now: u32, event: Event) -> (State, Action) {
    let step = Step { state: state.at(now), policy, now };
    let (next, action) = match state.phase {
        Phase::Idle => step.idle(event),
        Phase::Download => step.download(event),
        Phase::Verify => step.verify(event),
        Phase::SwapPending => step.swap_pending(event),
        Phase::Test => step.test(event),
        Phase::Confirm => step.confirm(event),
        Phase::Rollback => step.rollback(event),
    };
    if next == *state {
        return (next, action);
    }
    (State { event: event.number(), at: now, ..next }, action)
}

/// One step under way.
struct Step<'a> {
    /// The state before, its times put right.
    state: State,
    policy: &'a Policy,
    now: u32,
}

type Led = (State, Action);

impl Step<'_> {
    fn idle(self, event: Event) -> Led {
        match event {
            Event::Offer { id, kind } => {
                let known = id == self.state.id;
                if known && self.state.attempts >= self.policy.attempts {
                    return self.refuse(Refusal::Spent);
                }
                let State { event, at, outcome: _, day, today, .. } = self.state;
                let new = State { event, at, id, kind, day, today, ..State::default() };
                let again = State { outcome: Outcome::None, ..self.state };
                let mut state = if known { again } else { new };
                let delta_failed = state.delta_failures >= self.policy.delta_failures;
                state.kind = if known && delta_failed { Kind::Full } else { kind };
                state.waiting = false;
                self.fetch(state)
            }
            Event::Started(Started::Trial) => self.trial(),
            Event::Started(_) | Event::Tick => self.nothing(),
            Event::Received
            | Event::Verified
            | Event::Failed(_)
            | Event::Install
            | Event::Healthy
            | Event::Unhealthy
            | Event::Confirmed
            | Event::Cancel => self.refuse(Refusal::Unexpected),
        }
    }

    fn download(self, event: Event) -> Led {
        let waiting = self.state.waiting;
        match event {
            Event::Started(Started::Trial) => self.trial(),
            Event::Started(_) if !waiting => self.resume(),
            Event::Started(_) | Event::Tick if waiting => {
                let state = self.state;
                self.fetch(state)
            }
            Event::Started(_) | Event::Tick => self.nothing(),
            Event::Received if !waiting => self.enter(Phase::Verify, Action::Verify),
            Event::Failed(failure) if !waiting => self.failed(failure),
            Event::Cancel => self.over(Outcome::Cancelled),
            Event::Offer { .. } => self.refuse(Refusal::Busy),
            Event::Received
            | Event::Verified
            | Event::Failed(_)
            | Event::Install
            | Event::Healthy
            | Event::Unhealthy
            | Event::Confirmed => self.refuse(Refusal::Unexpected),
        }
    }

    fn verify(self, event: Event) -> Led {
        match event {
            Event::Started(Started::Trial) => self.trial(),
            Event::Started(_) => self.resume(),
            Event::Verified => {
                let state = State { phase: Phase::SwapPending, swaps: 0, ..self.state };
                (state, Action::AskForInstall)
            }
            Event::Failed(failure) => self.failed(failure),
            Event::Cancel => self.over(Outcome::Cancelled),
            Event::Tick => self.nothing(),
            Event::Offer { .. } => self.refuse(Refusal::Busy),
            Event::Received
            | Event::Install
            | Event::Healthy
            | Event::Unhealthy
            | Event::Confirmed => self.refuse(Refusal::Unexpected),
        }
    }

    fn swap_pending(self, event: Event) -> Led {
        let asked = self.state.swaps > 0;
        match event {
            Event::Started(Started::Trial) => self.trial(),
            Event::Started(Started::Old) if !asked => (self.state, Action::AskForInstall),
            Event::Started(Started::Old) if self.state.swaps < self.policy.swaps => self.swap(),
            Event::Started(started) => self.ended(started),
            Event::Install if !asked => self.swap(),
            Event::Failed(failure) => self.over(failure.into()),
            Event::Cancel if asked => self.refuse(Refusal::TooLate),
            Event::Cancel => self.over(Outcome::Cancelled),
            Event::Tick => self.nothing(),
            Event::Offer { .. } => self.refuse(Refusal::Busy),
            Event::Received
            | Event::Verified
            | Event::Install
            | Event::Healthy
            | Event::Unhealthy
            | Event::Confirmed => self.refuse(Refusal::Unexpected),
        }
    }

    fn test(self, event: Event) -> Led {
        match event {
            Event::Started(Started::Trial) => self.trial(),
            Event::Started(started) => self.ended(started),
            Event::Healthy => match self.state.unproved(self.policy, self.now) {
                Some(until) => (self.state, Action::Wait { until }),
                None => self.enter(Phase::Confirm, Action::Confirm),
            },
            Event::Unhealthy => self.enter(Phase::Rollback, Action::Revert),
            Event::Tick => self.nothing(),
            Event::Cancel => self.refuse(Refusal::TooLate),
            Event::Offer { .. } => self.refuse(Refusal::Busy),
            Event::Received
            | Event::Verified
            | Event::Failed(_)
            | Event::Install
            | Event::Confirmed => self.refuse(Refusal::Unexpected),
        }
    }

    fn confirm(self, event: Event) -> Led {
        match event {
            Event::Started(Started::Trial) | Event::Tick => (self.state, Action::Confirm),
            Event::Started(started) => self.ended(started),
            Event::Confirmed => self.over(Outcome::Updated),
            Event::Failed(failure) => self.not_written(failure),
            Event::Cancel => self.refuse(Refusal::TooLate),
            Event::Offer { .. } => self.refuse(Refusal::Busy),
            Event::Received
            | Event::Verified
            | Event::Install
            | Event::Healthy
            | Event::Unhealthy => self.refuse(Refusal::Unexpected),
        }
    }

    fn rollback(self, event: Event) -> Led {
        match event {
            Event::Started(Started::Trial) | Event::Tick => (self.state, Action::Revert),
            Event::Started(started) => self.ended(started),
            Event::Failed(failure) => self.not_written(failure),
            Event::Cancel => self.refuse(Refusal::TooLate),
            Event::Offer { .. } => self.refuse(Refusal::Busy),
            Event::Received
            | Event::Verified
            | Event::Install
            | Event::Healthy
            | Event::Unhealthy
            | Event::Confirmed => self.refuse(Refusal::Unexpected),
        }
    }

    /// An attempt begins, unless it has to wait.
    fn fetch(&self, state: State) -> Led {
        let phase = Phase::Download;
        if let Some(until) = state.blocked(self.policy, self.now) {
            return (State { phase, waiting: true, ..state }, Action::Wait { until });
        }
        let attempts = state.attempts.saturating_add(1);
        let state = State { phase, attempts, waiting: false, wait: 0, ..state };
        (self.counted_today(state), Action::Fetch { kind: state.kind })
    }

    /// The attempt that a reset ended goes on: it costs none of the update's attempts, but wears flash.
    fn resume(&self) -> Led {
        let state = State { phase: Phase::Download, waiting: false, wait: 0, ..self.state };
        if let Some(until) = state.blocked(self.policy, self.now) {
            return (State { waiting: true, ..state }, Action::Wait { until });
        }
        (self.counted_today(state), Action::Fetch { kind: state.kind })
    }

    fn counted_today(&self, state: State) -> State {
        let day = if state.today == 0 { self.now } else { state.day };
        State { day, today: state.today.saturating_add(1), ..state }
    }

    /// Tries again, falls back to the full image, or gives up.
    fn failed(&self, failure: Failure) -> Led {
        let failures = self.state.failures.saturating_add(1);
        let mut state = State { outcome: failure.into(), failures, ..self.state };
        let delta = state.kind == Kind::Delta;
        let mut wait = self.policy.wait(failures);
        match failure {
            Failure::Link => {}
            Failure::Patch { class: Class::Untrusted | Class::Bug, .. } => {
                return self.over(state.outcome);
            }
            Failure::Patch { class: Class::Mismatch | Class::Limit, .. } if delta => {
                state.kind = Kind::Full;
                wait = 0;
            }
            Failure::Patch { class: Class::Mismatch | Class::Limit, .. } => {
                return self.over(state.outcome);
            }
            Failure::Patch { class: Class::Malformed | Class::Flash, .. } if delta => {
                state.delta_failures = state.delta_failures.saturating_add(1);
                if state.delta_failures >= self.policy.delta_failures {
                    state.kind = Kind::Full;
                }
            }
            Failure::Patch { class: Class::Malformed | Class::Flash, .. } => {}
        }
        if state.attempts >= self.policy.attempts {
            return self.over(state.outcome);
        }
        self.fetch(State { waiting: true, since: self.now, wait, ..state })
    }

    /// Boot metadata cannot be written: tries again later. The bootloader's count of trials bounds it.
    fn not_written(&self, failure: Failure) -> Led {
        let until = self.now.saturating_add(self.policy.first_wait);
        (State { outcome: failure.into(), ..self.state }, Action::Wait { until })
    }

    /// The image runs on trial, whatever was expected: without a word it will be reverted.
    fn trial(&self) -> Led {
        let state = State { phase: Phase::Test, waiting: false, wait: 0, ..self.state };
        (State { since: self.now, ..state }, Action::CheckHealth)
    }

    /// The trial, or what should have become one, is over.
    fn ended(&self, started: Started) -> Led {
        self.over(match started {
            Started::Confirmed => Outcome::Updated,
            Started::Rejected(reason) => Outcome::Reverted { reason: reason.number() },
            Started::Old | Started::Trial => Outcome::Reverted { reason: 0 },
        })
    }

    fn swap(&self) -> Led {
        (State { swaps: self.state.swaps.saturating_add(1), ..self.state }, Action::Swap)
    }

    fn enter(&self, phase: Phase, action: Action) -> Led {
        (State { phase, ..self.state }, action)
    }

    fn over(&self, outcome: Outcome) -> Led {
        let state = State { phase: Phase::Idle, outcome, ..self.state };
        (State { waiting: false, wait: 0, swaps: 0, ..state }, Action::Report(outcome))
    }

    fn nothing(&self) -> Led {
        (self.state, Action::None)
    }

    fn refuse(&self, refusal: Refusal) -> Led {
        (self.state, Action::Refuse(refusal))
    }
}
