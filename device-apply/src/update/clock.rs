//! Waits and days by a clock that may jump.
//!
//! A device without a battery-backed clock starts at 0 after each reset, and a clock that is set jumps either way. A jump forward ends a
//! wait early, which attempts and their daily number still bound. A jump back begins the wait, or the day, anew: none lasts longer than it would have
//! by a clock that never jumped, counted from the jump.

use super::policy::Policy;
use super::state::State;

/// Seconds of a day.
pub(super) const DAY: u32 = 24 * 60 * 60;

impl State {
    /// With waits and days counted from `now` if the clock went back, and without the attempts of a day that is over.
    pub(super) fn at(self, now: u32) -> Self {
        let since = self.since.min(now);
        let day = self.day.min(now);
        let over = now.saturating_sub(day) >= DAY;
        Self { since, day, today: if over { 0 } else { self.today }, ..self }
    }

    /// Until when nothing may be fetched; `None` if it may now.
    pub(super) fn blocked(&self, policy: &Policy, now: u32) -> Option<u32> {
        let wait = if self.waiting { self.wait.min(policy.longest_wait) } else { 0 };
        let wait = self.since.saturating_add(wait);
        let spent = self.today >= policy.per_day.max(1);
        let day = if spent { self.day.saturating_add(DAY) } else { 0 };
        let until = wait.max(day);
        (until > now).then_some(until)
    }

    /// Until when the image on trial may not be confirmed.
    pub(super) fn unproved(&self, policy: &Policy, now: u32) -> Option<u32> {
        let until = self.since.saturating_add(policy.health_window);
        (until > now).then_some(until)
    }
}
