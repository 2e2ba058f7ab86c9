//! What the host is told.

use device_apply::update::{Kind, Outcome, Phase, Refusal, State};
use link::{Reply, Update, Why};

use crate::scheme::{Progress, Scheme};

/// What runs.
pub(crate) fn status<S: Scheme>(confirmed: bool) -> Reply {
    let version = S::header().map_or(0, |header| header.version);
    Reply::Status { version, in_b: S::in_b(), confirmed }
}

/// How the update is: its state, when it goes on if it waits, and how far the patch is that is under way.
pub(crate) fn update<S: Scheme>(
    state: &State,
    due: Option<u32>,
    now: u32,
    progress: Option<Progress>,
) -> Update {
    let phase = match state.phase() {
        Phase::Idle => link::Phase::Idle,
        Phase::Download if progress.is_none() => link::Phase::Waiting,
        Phase::Download => link::Phase::Download,
        Phase::Verify => link::Phase::Verify,
        Phase::SwapPending if state.lwm2m_state() == 2 => link::Phase::SwapPending,
        Phase::SwapPending => link::Phase::Asked,
        Phase::Test => link::Phase::Test,
        Phase::Confirm => link::Phase::Confirm,
        Phase::Rollback => link::Phase::Rollback,
    };
    Update {
        id: state.id(),
        phase,
        full: state.kind() == Kind::Full,
        offset: progress.map_or(0, |progress| progress.offset),
        target_done: progress.map_or(0, |progress| progress.target_done),
        target_total: progress.map_or(0, |progress| progress.target_total),
        wait_s: due.map_or(0, |due| due.saturating_sub(now)),
        attempts: state.attempts(),
        result: state.outcome().lwm2m_result(),
        code: match state.outcome() {
            Outcome::Failed { code, .. } => code,
            Outcome::Reverted { reason } => S::refused().unwrap_or(reason.into()),
            Outcome::None | Outcome::Updated | Outcome::Link | Outcome::Cancelled => 0,
        },
    }
}

/// Why an event was refused.
pub(crate) fn why(refusal: Refusal) -> Why {
    match refusal {
        Refusal::Busy => Why::Busy,
        Refusal::Spent => Why::Spent,
        Refusal::TooLate => Why::TooLate,
        Refusal::Unexpected => Why::Unexpected,
    }
}
