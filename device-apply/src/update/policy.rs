//! How often and how fast an update is tried again.

/// How often and how fast an update is tried again: flash wears, and a fleet must not hammer its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Attempts of one update, delta and full image together; 0 counts as 1.
    pub attempts: u8,
    /// Failures of the delta, broken connections apart, after which the full image is asked for.
    pub delta_failures: u8,
    /// Attempts of all updates in the 24 hours from the first of them on, attempts that a reset interrupts included: 0 counts as 1.
    pub per_day: u8,
    /// Seconds before the second attempt; each further wait is twice as long.
    pub first_wait: u32,
    /// Seconds of the longest wait.
    pub longest_wait: u32,
    /// Seconds that an image on trial must have run before it may be confirmed.
    pub health_window: u32,
    /// Times that the bootloader is asked to start the target before that is given up; 0 counts as 1.
    pub swaps: u8,
}

impl Default for Policy {
    /// 8 attempts, 2 failures of the delta, 12 attempts a day, 1 minute to 6 hours between them, 5 minutes of trial, 3 swaps.
    fn default() -> Self {
        Self {
            attempts: 8,
            delta_failures: 2,
            per_day: 12,
            first_wait: 60,
            longest_wait: 6 * 60 * 60,
            health_window: 300,
            swaps: 3,
        }
    }
}

impl Policy {
    /// Seconds to wait after `failures` failures, 1 or more.
    #[must_use]
    pub fn wait(&self, failures: u8) -> u32 {
        let doublings = u32::from(failures.saturating_sub(1));
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first_wait.saturating_mul(factor).min(self.longest_wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = Policy::default();
        let waits = [0, 1, 2, 3, 4, 9, 10, 32, 33, 255].map(|failures| policy.wait(failures));
        assert_eq!(waits, [60, 60, 120, 240, 480, 15_360, 21_600, 21_600, 21_600, 21_600]);
    }
}
