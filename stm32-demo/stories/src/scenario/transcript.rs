//! What happened, in lines: the same whatever compiler the programs are from.

use core::fmt::Write as _;

use device_apply::boot::single::{self, Ended, Record};
use device_apply::boot::{Reason, Slot, State};

use crate::board::{Board, Start};

/// Lines of a scenario.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    starts: usize,
    states: String,
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
            let _ = if board.is_single() {
                writeln!(self.text, "  start: {cause}")
            } else {
                writeln!(self.text, "  start: {cause:<9} → {bank}")
            };
        }
        self.starts = board.starts().count();
        let states = if board.is_single() {
            format!("slot: {}", single_state(&board.single_record().unwrap_or_default()))
        } else {
            let [a, b] = [Slot::A, Slot::B].map(|slot| state(board.state(slot)));
            format!("slots: A {a}, B {b}")
        };
        if self.states != states {
            let _ = writeln!(self.text, "  {states}");
            self.states = states;
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
        State::Rejected(reason) => format!("rejected as {}", word(reason)),
    }
}

/// What is recorded of one slot, in words.
#[must_use]
pub fn single_state(record: &Record) -> String {
    let state = match record.state() {
        single::State::Unrecorded => "unrecorded".to_owned(),
        single::State::Idle => "idle".to_owned(),
        single::State::Pending => "pending".to_owned(),
        single::State::Trial { boots } => format!("on trial, boot {boots}"),
        single::State::Reverting => "being taken back".to_owned(),
    };
    let ended = match record.ended() {
        Ended::Not => String::new(),
        Ended::Confirmed => ", updated".to_owned(),
        Ended::Refused { code } => format!(", refused with {code:#06x}"),
        Ended::GivenUp(reason) => format!(", given up as {}", word(reason)),
    };
    let back = if record.has_reverse() { ", with a way back" } else { "" };
    state + &ended + back
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::Watchdog => "watchdog",
        Reason::Unconfirmed => "unconfirmed",
        Reason::Invalid => "invalid",
        Reason::Downgrade => "downgrade",
        Reason::Failed => "failed",
    }
}
