//! Sleeping until there is something to do.
//!
//! Interrupts stay masked and have no handlers: an event that is pending ends a sleep all the same (PM0214 §2.5.2), and the
//! program looks for itself what it was.

#[cfg(target_arch = "arm")]
use core::arch::asm;

use crate::register::Register;

/// PM0214 §4.4.3.
const ICSR: Register = Register::at(0xE000_ED04);
const PENDSTCLR: u32 = 1 << 25;

/// Masks interrupts for good: from here on they only end sleeps.
pub fn mask() {
    #[cfg(target_arch = "arm")]
    // SAFETY: only masks.
    unsafe {
        asm!("cpsid i", options(nostack, preserves_flags));
    }
}

/// Sleeps until the timer or the port that [wakes](crate::ticks::Ticks::wakes) has something; for ever when none does.
pub fn wait() {
    #[cfg(target_arch = "arm")]
    // SAFETY: takes time only. The barrier is what PM0214 §2.5.1 asks for before it.
    unsafe {
        asm!("dsb", "wfi", options(nostack, preserves_flags));
    }
    // The millisecond that woke it must not end the next sleep too; the timer's own flag keeps it.
    ICSR.write(PENDSTCLR);
}
