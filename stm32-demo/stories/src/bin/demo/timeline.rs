//! Lines with the device's time, and the progress of a download: a bar on a terminal, lines elsewhere.

use std::io::{self, IsTerminal as _};

use device_apply::boot::Slot;
use flash_model::Stats;
use indicatif::{ProgressBar, ProgressStyle};
use stories::scenario::transcript::state;
use stories::{Board, Delivery, LinkError, Outcome};

/// Lines without a terminal: one for each of so many parts of a patch.
const PARTS: usize = 4;

pub(crate) struct Timeline {
    start: Stats,
    is_terminal: bool,
}

impl Timeline {
    pub(crate) fn new(start: Stats) -> Self {
        Self { start, is_terminal: io::stdout().is_terminal() }
    }

    /// What happened, when, and how the slots are now.
    pub(crate) fn say(&self, board: &Board, text: &str) {
        let [a, b] = [Slot::A, Slot::B].map(|slot| state(board.state(slot)));
        let time = board.device.time().as_secs_f64();
        println!("{time:8.3} s  {text:<82} A {a}, B {b}; {}", self.flash(board));
    }

    fn flash(&self, board: &Board) -> String {
        let operations = board.device.flash().stats().since(&self.start).operations();
        format!("{operations} flash operations")
    }

    /// Sends a patch from wherever the device is.
    pub(crate) fn deliver(&self, board: &mut Board, patch: &[u8]) -> Result<Outcome, LinkError> {
        let delivery = Delivery { end: patch.len() };
        if !self.is_terminal {
            let mut told = None;
            return board.watched(patch, &delivery, |board, offset| {
                let part = offset * PARTS / patch.len().max(1);
                if told.replace(part) != Some(part) {
                    let time = board.device.time().as_secs_f64();
                    let of = patch.len();
                    println!("{time:8.3} s    {offset} of {of} bytes; {}", self.flash(board));
                }
            });
        }
        let bar = ProgressBar::new(u64::try_from(patch.len()).unwrap_or(u64::MAX));
        let style =
            ProgressStyle::with_template("           [{bar:40}] {pos} of {len} bytes; {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let outcome = board.watched(patch, &delivery, |board, offset| {
            bar.set_position(u64::try_from(offset).unwrap_or(u64::MAX));
            bar.set_message(self.flash(board));
        });
        if outcome.is_ok() {
            bar.set_position(u64::try_from(patch.len()).unwrap_or(u64::MAX));
        }
        bar.abandon();
        outcome
    }
}
