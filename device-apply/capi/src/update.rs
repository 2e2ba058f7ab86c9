//! The update's state machine.

use device_apply::Class;
use device_apply::boot::{Image, Slot};
use device_apply::journal::Journal;
use device_apply::update::{
    Action as CoreAction, Event as CoreEvent, Failure, Kind, Machine, Outcome, Policy, Refusal,
    Started, State,
};

use crate::boot::open as open_metadata;
use crate::code;
use crate::flash::{Callbacks, Flash};

/// How often and how fast an update is tried again.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdatePolicy {
    /// Seconds before the second attempt.
    pub first_wait: u32,
    /// Seconds of the longest wait.
    pub longest_wait: u32,
    /// Seconds of a trial before it may be confirmed.
    pub health_window: u32,
    /// Attempts of one update.
    pub attempts: u8,
    /// Failures of the delta before the full image is asked for.
    pub delta_failures: u8,
    /// Attempts in 24 hours.
    pub per_day: u8,
    /// Requests for a swap.
    pub swaps: u8,
}

/// What happened.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Which event.
    pub number: u32,
    /// Of an offer: whether it is the full image.
    pub full: bool,
    /// Of an offer: first bytes of the target's SHA-256.
    pub id: [u8; 8],
    /// Of a start: what runs, as `patcher_boot_select` said.
    pub running: u32,
    /// Of a failed patch: what to do about it.
    pub class_number: u32,
    /// Of a failed patch: its code.
    pub code: i32,
}

/// What is to be done.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// Which action.
    pub number: u32,
    /// Of a fetch: whether it is the full image.
    pub full: bool,
    /// Of a wait: until when, in seconds.
    pub until: u32,
    /// Of a refused event: why.
    pub refusal: u32,
}

/// Where an update is.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpdateState {
    /// Its phase.
    pub phase: u32,
    /// State of LwM2M object 5.
    pub lwm2m_state: u32,
    /// Update Result of LwM2M object 5.
    pub lwm2m_result: u32,
    /// Code of the error that it failed with last; 0 if none.
    pub code: i32,
    /// The update.
    pub id: [u8; 8],
    /// Attempts so far.
    pub attempts: u32,
    /// When the state was reached, in seconds.
    pub at: u32,
}

/// The policy of [`Policy::default`].
#[unsafe(no_mangle)]
pub extern "C" fn patcher_update_default_policy() -> UpdatePolicy {
    let policy = Policy::default();
    UpdatePolicy {
        first_wait: policy.first_wait,
        longest_wait: policy.longest_wait,
        health_window: policy.health_window,
        attempts: policy.attempts,
        delta_failures: policy.delta_failures,
        per_day: policy.per_day,
        swaps: policy.swaps,
    }
}

/// Takes an event, writes down what it leads to and says what to do.
///
/// # Safety
/// As the header says: all pointers are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_update_handle(
    region: *const Flash,
    metadata: *const Flash,
    policy: *const UpdatePolicy,
    now: u32,
    event: *const Event,
    action: *mut Action,
) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    let policy = unsafe { policy.as_ref() };
    // SAFETY: as above.
    let event = unsafe { event.as_ref() };
    // SAFETY: as above.
    let out = unsafe { action.as_mut() };
    let (Some(policy), Some(event), Some(out)) = (policy, event, out) else {
        return code::ERROR_ARGUMENT;
    };
    // SAFETY: NULL or valid, the caller says.
    let mut machine = match unsafe { machine(region, policy) } {
        Ok(machine) => machine,
        Err(code) => return code,
    };
    let id = machine.state().id();
    // SAFETY: NULL or valid, the caller says.
    let event = match unsafe { translated(event, metadata, id) } {
        Ok(event) => event,
        Err(code) => return code,
    };
    match machine.handle(now, event) {
        Ok(action) => {
            *out = told(action);
            code::OK
        }
        Err(error) => error.code().into(),
    }
}

/// Reads where an update is.
///
/// # Safety
/// As the header says: `region` and `state` are NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn patcher_update_read(region: *const Flash, state: *mut UpdateState) -> i32 {
    // SAFETY: NULL or valid, the caller says.
    let Some(out) = (unsafe { state.as_mut() }) else { return code::ERROR_ARGUMENT };
    // SAFETY: NULL or valid, the caller says.
    match unsafe { machine(region, &patcher_update_default_policy()) } {
        Ok(machine) => {
            let state = machine.state();
            *out = UpdateState {
                phase: state.phase().number().into(),
                lwm2m_state: state.lwm2m_state().into(),
                lwm2m_result: state.outcome().lwm2m_result().into(),
                code: match state.outcome() {
                    Outcome::Failed { code, .. } => code.into(),
                    Outcome::None
                    | Outcome::Updated
                    | Outcome::Link
                    | Outcome::Reverted { .. }
                    | Outcome::Cancelled => 0,
                },
                id: state.id(),
                attempts: state.attempts().into(),
                at: state.reached().0,
            };
            code::OK
        }
        Err(code) => code,
    }
}

/// # Safety
/// `region` is NULL or valid.
unsafe fn machine(region: *const Flash, policy: &UpdatePolicy) -> Result<Machine<Callbacks>, i32> {
    // SAFETY: NULL or valid, the caller says.
    let callbacks = unsafe { Callbacks::new(region, true) }?;
    let journal: Journal<Callbacks, State> =
        Journal::open(callbacks).map_err(|error| i32::from(error.code()))?;
    let UpdatePolicy {
        first_wait,
        longest_wait,
        health_window,
        attempts,
        delta_failures,
        per_day,
        swaps,
    } = *policy;
    let policy = Policy {
        attempts,
        delta_failures,
        per_day,
        first_wait,
        longest_wait,
        health_window,
        swaps,
    };
    Ok(Machine::new(journal.with_erased_value(callbacks.erased_value()), policy))
}

/// # Safety
/// `metadata` is NULL or valid.
unsafe fn translated(event: &Event, metadata: *const Flash, id: [u8; 8]) -> Result<CoreEvent, i32> {
    Ok(match event.number {
        1 => {
            let kind = if event.full { Kind::Full } else { Kind::Delta };
            CoreEvent::Offer { id: event.id, kind }
        }
        2 => {
            let running = match event.running {
                0 => Image::Slot(Slot::A),
                1 => Image::Slot(Slot::B),
                2 => Image::Golden,
                _ => return Err(code::ERROR_ARGUMENT),
            };
            // SAFETY: NULL or valid, the caller says.
            let journal = unsafe { open_metadata(metadata) }?;
            let record = journal.latest().copied().unwrap_or_default();
            CoreEvent::Started(Started::of(&record, running, id))
        }
        6 => CoreEvent::Received,
        7 => CoreEvent::Verified,
        8 => CoreEvent::Failed(Failure::Link),
        9 => {
            let class = u8::try_from(event.class_number).ok().and_then(Class::from_number);
            let class = class.ok_or(code::ERROR_ARGUMENT)?;
            let code = u16::try_from(event.code).map_err(|_| code::ERROR_ARGUMENT)?;
            CoreEvent::Failed(Failure::Patch { class, code })
        }
        10 => CoreEvent::Install,
        11 => CoreEvent::Healthy,
        12 => CoreEvent::Unhealthy,
        13 => CoreEvent::Confirmed,
        14 => CoreEvent::Cancel,
        15 => CoreEvent::Tick,
        _ => return Err(code::ERROR_ARGUMENT),
    })
}

fn told(action: CoreAction) -> Action {
    let plain = |number| Action { number, ..Action::default() };
    match action {
        CoreAction::None => plain(0),
        CoreAction::Wait { until } => Action { until, ..plain(1) },
        CoreAction::Fetch { kind } => Action { full: kind == Kind::Full, ..plain(2) },
        CoreAction::Verify => plain(3),
        CoreAction::AskForInstall => plain(4),
        CoreAction::Swap => plain(5),
        CoreAction::CheckHealth => plain(6),
        CoreAction::Confirm => plain(7),
        CoreAction::Revert => plain(8),
        CoreAction::Report(_) => plain(9),
        CoreAction::Refuse(refusal) => {
            let refusal = match refusal {
                Refusal::Busy => 1,
                Refusal::Spent => 2,
                Refusal::TooLate => 3,
                Refusal::Unexpected => 4,
            };
            Action { refusal, ..plain(10) }
        }
    }
}
