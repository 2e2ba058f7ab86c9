//! Why the part was reset, and resetting it.

use crate::core_registers::data_barrier;
use crate::register::Register;

/// RM0351 §6.4.29.
const RCC_CSR: Register = Register::at(0x4002_1094);
const RMVF: u32 = 1 << 23;
/// PM0214 §4.4.5.
const AIRCR: Register = Register::at(0xE000_ED0C);
const SYSRESETREQ: u32 = 0x05FA_0000 | 1 << 2;

/// Why the part was reset: all that happened since the flags were cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Causes(u32);

impl Causes {
    /// Reads the flags and clears them.
    #[must_use]
    pub fn take() -> Self {
        let flags = RCC_CSR.read();
        RCC_CSR.change(0, RMVF);
        Self(flags)
    }

    /// The independent watchdog: `IWDGRSTF`.
    #[must_use]
    pub const fn watchdog(self) -> bool {
        self.0 & 1 << 29 != 0
    }

    /// Software: `SFTRSTF`.
    #[must_use]
    pub const fn software(self) -> bool {
        self.0 & 1 << 28 != 0
    }

    /// Power came, or was low: `BORRSTF`.
    #[must_use]
    pub const fn power(self) -> bool {
        self.0 & 1 << 27 != 0
    }
}

/// Resets the part.
pub fn now() -> ! {
    data_barrier();
    AIRCR.write(SYSRESETREQ);
    data_barrier();
    // A few cycles at most.
    loop {
        core::hint::spin_loop();
    }
}
