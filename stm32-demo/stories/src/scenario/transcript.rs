//! What happened, in lines: the same whatever compiler the programs are from.

use core::fmt::Write as _;

use device_apply::boot::{Reason, Slot, State};

use crate::board::{Board, Start};

/// Lines of a scenario.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    starts: usize,
    states: Option<[State; 2]>,
}

impl Transcript {
    /// Something that is done.
    pub fn step(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    /// What came of it: starts and states that are new, then `result`.
    pub fn outcome(&mut self, board: &Board, result: &str) {
        for Start { cause, swapped } in board.starts().skip(self.starts) {
            let bank = if swapped { "bank 2" } else { "bank 1" };
            let cause = format!("{cause:?}");
            let _ = writeln!(self.text, "  start: {cause:<9} → {bank}");
        }
        self.starts = board.starts().count();
        let states = [Slot::A, Slot::B].map(|slot| board.state(slot));
        if self.states.replace(states) != Some(states) {
            let [a, b] = states.map(state);
            let _ = writeln!(self.text, "  slots: A {a}, B {b}");
        }
        if !result.is_empty() {
            let _ = writeln!(self.text, "  {result}");
        }
    }

    /// All lines.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

/// A state in words.
#[must_use]
pub fn state(state: State) -> String {
    match state {
        State::Unrecorded => "unrecorded".to_owned(),
        State::Empty => "empty".to_owned(),
        State::Pending => "pending".to_owned(),
        State::Trial { boots } => format!("on trial, boot {boots}"),
        State::Confirmed => "confirmed".to_owned(),
        State::Rejected(reason) => {
            let reason = match reason {
                Reason::Watchdog => "watchdog",
                Reason::Unconfirmed => "unconfirmed",
                Reason::Invalid => "invalid",
                Reason::Downgrade => "downgrade",
                Reason::Failed => "failed",
            };
            format!("rejected as {reason}")
        }
    }
}
