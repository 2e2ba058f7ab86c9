//! Which physical bank has which addresses: the only place that knows.
//!
//! `SYSCFG_MEMRMP.FB_MODE` says which bank is mapped low, at 0x0800_0000, and runs; a reset clears it. Reads and programs go
//! by address, so by what is mapped; erases name a physical bank, whatever is mapped (RM0351 §3.3.6; measured by users of
//! the L4, and the trap of several drivers). So everything here and above names physical banks, and only the last step
//! turns one into an address.

use core::sync::atomic::{AtomicU32, Ordering};

use layout::{BANK_BYTES, Bank, FLASH};

use crate::register::Register;

/// Enables the clock of `SYSCFG`: bit 0 of `RCC_APB2ENR`, RM0351 §6.4.21.
const RCC_APB2ENR: Register = Register::at(0x4002_1060);
const SYSCFGEN: u32 = 1 << 0;
/// RM0351 §9.2.1.
const SYSCFG_MEMRMP: Register = Register::at(0x4001_0000);
const FB_MODE: u32 = 1 << 8;

/// What is mapped low, as it was found or set last: nothing else than a reset and [`map_low`] changes it.
static LOW: AtomicU32 = AtomicU32::new(UNKNOWN);
const UNKNOWN: u32 = u32::MAX;

/// What is mapped where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    low: Bank,
}

impl Mapping {
    /// With `bank` mapped low.
    #[must_use]
    pub const fn with_low(bank: Bank) -> Self {
        Self { low: bank }
    }

    /// As it is now.
    #[must_use]
    pub fn now() -> Self {
        match LOW.load(Ordering::Relaxed) {
            UNKNOWN => Self::found(),
            low => Self::with_low(if low & 1 == 0 { Bank::One } else { Bank::Two }),
        }
    }

    /// Asks the part, which takes a while.
    #[cold]
    #[inline(never)]
    fn found() -> Self {
        RCC_APB2ENR.change(0, SYSCFGEN);
        let swapped = SYSCFG_MEMRMP.read() & FB_MODE != 0;
        let low = if swapped { Bank::Two } else { Bank::One };
        LOW.store(low as u32, Ordering::Relaxed);
        Self::with_low(low)
    }

    /// The bank that is mapped low: the running program's, and the one with the active slot.
    #[must_use]
    pub const fn low(self) -> Bank {
        self.low
    }

    /// The address of a byte, counted from the start of a physical bank. Beyond the bank it wraps within it.
    #[must_use]
    pub const fn address(self, bank: Bank, offset: u32) -> u32 {
        let bank = (bank as u32).wrapping_mul(BANK_BYTES);
        self.address_of(bank | (offset % BANK_BYTES))
    }

    /// The address of a byte of both physical banks in a row.
    pub(crate) const fn address_of(self, byte: u32) -> u32 {
        let low = (self.low as u32).wrapping_mul(BANK_BYTES);
        FLASH.wrapping_add((byte ^ low) % (2 * BANK_BYTES))
    }

    /// The physical bank that has `address`, and where in it; `None` when it is not flash.
    #[must_use]
    pub const fn place(self, address: u32) -> Option<(Bank, u32)> {
        let offset = address.wrapping_sub(FLASH);
        match offset / BANK_BYTES {
            0 => Some((self.low, offset)),
            1 => Some((self.low.other(), offset % BANK_BYTES)),
            _ => None,
        }
    }
}

/// Maps `bank` low, in the middle of whatever runs: both banks must have the same bytes where that is.
///
/// From RAM, without interrupts, caches and prefetch off and emptied before and turned on again behind it, as they would go
/// on serving the other bank.
#[cfg(target_arch = "arm")]
pub fn map_low(bank: Bank) {
    unsafe extern "C" {
        fn bsp_map_low(memrmp: u32);
    }
    RCC_APB2ENR.change(0, SYSCFGEN);
    let memrmp = match bank {
        Bank::One => 0,
        Bank::Two => FB_MODE,
    };
    // SAFETY: the routine below; it keeps what the procedure call standard says.
    unsafe { bsp_map_low(memrmp) }
    LOW.store(bank as u32, Ordering::Relaxed);
}

// In `.data`, which the program's start copies to RAM. Accesses of its own only, so that nothing is fetched from flash
// between the caches' end and the barrier behind the swap. 0x700: PRFTEN, ICEN, DCEN; 0x1800: ICRST, DCRST, which take
// effect while the caches are off (RM0351 §3.7.1).
#[cfg(target_arch = "arm")]
core::arch::global_asm!(
    ".section .data.bsp_map_low, \"awx\", %progbits",
    ".global bsp_map_low",
    ".type bsp_map_low, %function",
    ".thumb_func",
    ".balign 4",
    "bsp_map_low:",
    "push {{r4, lr}}",
    "mrs r12, primask",
    "cpsid i",
    "ldr r1, =0x40010000",
    "ldr r2, =0x40022000",
    "ldr r3, [r2]",
    "bic r4, r3, #0x700",
    "str r4, [r2]",
    "orr r4, r4, #0x1800",
    "str r4, [r2]",
    "bic r4, r4, #0x1800",
    "str r4, [r2]",
    "dsb",
    "str r0, [r1]",
    "ldr r0, [r1]",
    "dsb",
    "isb",
    "str r3, [r2]",
    "dsb",
    "isb",
    "msr primask, r12",
    "pop {{r4, pc}}",
    ".pool",
    ".size bsp_map_low, . - bsp_map_low",
    ".text",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_low_bank_is_at_the_start_of_flash() {
        for low in [Bank::One, Bank::Two] {
            let mapping = Mapping::with_low(low);
            assert_eq!(mapping.address(low, 0x7000), 0x0800_7000);
            assert_eq!(mapping.address(low.other(), 0x7000), 0x0808_7000);
            assert_eq!(mapping.address(low, BANK_BYTES - 1), 0x0807_FFFF);
            assert_eq!(mapping.address(low.other(), BANK_BYTES - 1), 0x080F_FFFF);
        }
    }

    #[test]
    fn addresses_and_places_are_inverse() {
        for mapping in [Bank::One, Bank::Two].map(Mapping::with_low) {
            for bank in [Bank::One, Bank::Two] {
                for offset in [0, 1, 0x7000, BANK_BYTES - 1] {
                    assert_eq!(mapping.place(mapping.address(bank, offset)), Some((bank, offset)));
                }
            }
            for address in [0x07FF_FFFF, 0x0810_0000, 0x2000_0000, 0] {
                assert_eq!(mapping.place(address), None);
            }
        }
    }
}
