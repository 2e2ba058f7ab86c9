//! The state machine over a journal.

use core::fmt;

use embedded_storage::nor_flash::NorFlash;

use super::event::{Action, Event};
use super::policy::Policy;
use super::state::State;
use super::step::step;
use crate::journal::{Journal, JournalError};

/// The state of updates, kept in flash.
///
/// **Cost**: an event that changes the state writes one record of 48 bytes; two pages of 2 KiB hold the last 42 transitions at
/// least, which [`history`](Self::history) shows.
pub struct Machine<F> {
    journal: Journal<F, State>,
    policy: Policy,
}

impl<F> fmt::Debug for Machine<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { journal, policy } = self;
        f.debug_struct("Machine").field("journal", journal).field("policy", policy).finish()
    }
}

impl<F: NorFlash> Machine<F> {
    /// Goes on from the newest state in `journal`, or from the beginning.
    pub const fn new(journal: Journal<F, State>, policy: Policy) -> Self {
        Self { journal, policy }
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> State {
        self.journal.latest().copied().unwrap_or_default()
    }

    /// Takes an event at `now` seconds: writes the state down that it leads to, then says what to do.
    ///
    /// # Errors
    /// [`JournalError`] when the state cannot be written. Nothing happened then: do not act, and give the event again later.
    ///
    /// # Power loss
    /// After the next start, [`Event::Started`] leads to the same action again, or to the one before.
    pub fn handle(&mut self, now: u32, event: Event) -> Result<Action, JournalError<F::Error>> {
        let before = self.state();
        let (after, action) = step(&before, &self.policy, now, event);
        if after != before {
            self.journal.append(&after)?;
        }
        Ok(action)
    }

    /// Shows the states that are still in flash, oldest first, with their numbers: what happened when, for a post-mortem.
    pub fn history(&mut self, show: impl FnMut(u32, &State)) {
        self.journal.history(show);
    }

    /// Gives the journal back.
    pub fn into_inner(self) -> Journal<F, State> {
        self.journal
    }
}
