//! Exceptions: who asks for one, which is taken, and the registers that software sees of it.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`controller`] | pending, enabled, active, priorities: which exception is next |
//! | [`system`] | the system control space: registers of the above, the vector table, fault status |
//! | [`systick`] | the timer of the core |
//!
//! Stacking and unstacking are the core's: `cpu/exception.rs`.
//!
//! **Reference** Arm DDI 0403E B1.5 (exception model), B3.2 (system control space), B3.3 (SysTick), B3.4 (NVIC).

pub mod controller;
pub mod system;
pub mod systick;

#[cfg(test)]
mod tests;

pub use controller::{Controller, Masks};
pub use system::SystemControl;
pub use systick::SysTick;

/// Number of an exception, as `IPSR` has it; B1.5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exception(u8);

impl Exception {
    /// Non-maskable interrupt.
    pub const NMI: Self = Self(2);
    /// What every fault becomes that no handler of its own is enabled for.
    pub const HARD_FAULT: Self = Self(3);
    /// `SVC`.
    pub const SV_CALL: Self = Self(11);
    /// Asked for by software.
    pub const PEND_SV: Self = Self(14);
    /// The core's timer.
    pub const SYS_TICK: Self = Self(15);
    /// One more than the highest number of any core with this model.
    pub const END: u8 = 128;

    /// The exception with `number`, if there can be one.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number > 1 && number < Self::END { Some(Self(number)) } else { None }
    }

    /// External interrupt `number`, if there can be one.
    #[must_use]
    pub const fn interrupt(number: u8) -> Option<Self> {
        if number < Self::END - 16 { Some(Self(number + 16)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Bytes from the start of the vector table.
    #[must_use]
    pub const fn vector_offset(self) -> u32 {
        self.0 as u32 * 4
    }
}
