//! Which exception is next: B1.5.4, B3.4.

use super::Exception;

/// Bits of a priority that exist: STM32L4 has 16 levels (RM0351 §13.1).
pub(crate) const PRIORITY_MASK: u8 = 0xF0;

/// NMI and HardFault, which `PRIMASK` does not mask.
const URGENT: u128 = 1 << Exception::NMI.number() | 1 << Exception::HARD_FAULT.number();

/// What software has masked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Masks {
    /// `PRIMASK`: nothing of a configurable priority is taken.
    pub primask: bool,
    /// `BASEPRI`: nothing of this or a larger value is taken; 0 masks nothing.
    pub basepri: u8,
}

/// A set of exceptions, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Set(u128);

impl Set {
    const fn has(self, exception: Exception) -> bool {
        self.0 >> exception.number() & 1 == 1
    }

    const fn put(&mut self, exception: Exception, there: bool) {
        let bit = 1 << exception.number();
        self.0 = if there { self.0 | bit } else { self.0 & !bit };
    }

    fn iter(self) -> impl Iterator<Item = Exception> {
        core::iter::successors(Some(self.0), |&rest| Some(rest & rest.wrapping_sub(1)))
            .take_while(|&rest| rest != 0)
            .map(|rest| Exception(rest.trailing_zeros().to_le_bytes()[0]))
    }
}

/// Pending, enabled, active: the part of the NVIC that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controller {
    pending: Set,
    enabled: Set,
    active: Set,
    /// Inputs that are held up; what they ask for is pending again when it was served.
    lines: Set,
    priority: [u8; Exception::END as usize],
    /// `AIRCR.PRIGROUP`: how many low bits of a priority do not preempt, less one.
    pub(super) group: u8,
}

impl Default for Controller {
    fn default() -> Self {
        // The system's own exceptions are always enabled; faults other than HardFault have no handlers here.
        let mut enabled = Set::default();
        let system = [Exception::NMI, Exception::HARD_FAULT, Exception::SV_CALL];
        for exception in system.into_iter().chain([Exception::PEND_SV, Exception::SYS_TICK]) {
            enabled.put(exception, true);
        }
        Self {
            pending: Set::default(),
            enabled,
            active: Set::default(),
            lines: Set::default(),
            priority: [0; Exception::END as usize],
            group: 0,
        }
    }
}

impl Controller {
    /// Whether anything is pending, be it masked or not.
    #[inline]
    #[must_use]
    pub const fn has_pending(&self) -> bool {
        self.pending.0 != 0
    }

    /// Whether `exception` is pending.
    #[must_use]
    pub const fn is_pending(&self, exception: Exception) -> bool {
        self.pending.has(exception)
    }

    /// Whether `exception` is being served.
    #[must_use]
    pub const fn is_active(&self, exception: Exception) -> bool {
        self.active.has(exception)
    }

    /// Whether `exception` may be taken at all.
    #[must_use]
    pub const fn is_enabled(&self, exception: Exception) -> bool {
        self.enabled.has(exception)
    }

    /// Asks for `exception`, or takes that back.
    pub const fn pend(&mut self, exception: Exception, pending: bool) {
        self.pending.put(exception, pending);
    }

    /// Holds the input of `exception` up or lets it down.
    ///
    /// A level: while it is up and the exception is not being served, it is pending. That software took it back does not
    /// help then (B3.4.1).
    pub const fn set_line(&mut self, exception: Exception, up: bool) {
        self.lines.put(exception, up);
        if up && !self.active.has(exception) {
            self.pending.put(exception, true);
        }
    }

    pub(super) const fn enable(&mut self, exception: Exception, enabled: bool) {
        self.enabled.put(exception, enabled);
    }

    pub(super) fn priority(&self, exception: Exception) -> u8 {
        self.priority[usize::from(exception.number())]
    }

    pub(super) fn set_priority(&mut self, exception: Exception, priority: u8) {
        self.priority[usize::from(exception.number())] = priority & PRIORITY_MASK;
    }

    /// How many exceptions are being served, one in the middle of another.
    #[must_use]
    pub const fn active_count(&self) -> u32 {
        self.active.0.count_ones()
    }

    /// The pending and enabled exception that comes first, whatever is masked.
    pub(super) fn first_pending(&self) -> Option<Exception> {
        let ready = Set(self.pending.0 & self.enabled.0);
        ready.iter().min_by_key(|&exception| (self.level(exception), exception))
    }

    /// Priority with its subpriority; the fixed ones are negative.
    fn level(&self, exception: Exception) -> i16 {
        match exception {
            Exception::NMI => -2,
            Exception::HARD_FAULT => -1,
            _ => i16::from(self.priority(exception)),
        }
    }

    /// What of a level preempts.
    const fn preempting(&self, level: i16) -> i16 {
        if level < 0 { level } else { level & !((2 << self.group) - 1) }
    }

    /// `ExecutionPriority()`: only what is below this number preempts. 256 with nothing active and nothing masked.
    #[must_use]
    pub fn execution_priority(&self, masks: Masks) -> i16 {
        let served = self.active.iter().map(|active| self.preempting(self.level(active)));
        let served = served.min().unwrap_or(256);
        let base = match masks.basepri & PRIORITY_MASK {
            0 => 256,
            basepri => self.preempting(i16::from(basepri)),
        };
        served.min(base).min(if masks.primask { 0 } else { 256 })
    }

    /// The exception that is to be taken now, if any.
    #[must_use]
    pub fn next(&self, masks: Masks) -> Option<Exception> {
        // What programs that only sleep have pending all the time.
        if masks.primask && self.pending.0 & URGENT == 0 {
            return None;
        }
        let first = self.first_pending()?;
        (self.preempting(self.level(first)) < self.execution_priority(masks)).then_some(first)
    }

    /// Whether `exception` could be taken now if it were asked for.
    #[must_use]
    pub fn preempts(&self, exception: Exception, masks: Masks) -> bool {
        self.preempting(self.level(exception)) < self.execution_priority(masks)
    }

    /// `exception` is being served from now on.
    pub const fn enter(&mut self, exception: Exception) {
        self.pending.put(exception, false);
        self.active.put(exception, true);
    }

    /// `exception` was served.
    pub const fn leave(&mut self, exception: Exception) {
        self.active.put(exception, false);
        if self.lines.has(exception) {
            self.pending.put(exception, true);
        }
    }
}
