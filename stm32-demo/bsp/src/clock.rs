//! The core's clock. RM0351 §6.4; wait states: §3.3.3.

use crate::register::Register;

const ACR: Register = Register::at(0x4002_2000);
const LATENCY: u32 = 7;
const RCC_CR: Register = Register::at(0x4002_1000);
const RCC_CFGR: Register = Register::at(0x4002_1008);
const RCC_PLLCFGR: Register = Register::at(0x4002_100C);

const PLLON: u32 = 1 << 24;
const PLLRDY: u32 = 1 << 25;
/// MSI of 4 MHz in, times 40, divided by 2: `PLLSRC` 1, `PLLM` 0, `PLLN` 40, `PLLREN`, `PLLR` 0.
const PLL: u32 = 1 | 40 << 8 | 1 << 24;
const SW_PLL: u32 = 3;
const SWS_PLL: u32 = 3 << 2;
/// Reads that outlast the PLL's lock time.
const ATTEMPTS: u32 = 100_000;

/// Clock after reset: MSI.
pub const RESET_HERTZ: u32 = 4_000_000;
/// Clock after [`run_fast`].
pub const FAST_HERTZ: u32 = 80_000_000;

/// From 4 MHz, as after reset, to 80 MHz. Whether the PLL locked; if not, it stays at 4 MHz.
pub fn run_fast() -> bool {
    // Four wait states in voltage range 1, before the clock needs them.
    ACR.change(LATENCY, 4);
    if ACR.read() & LATENCY != 4 {
        return false;
    }
    RCC_PLLCFGR.write(PLL);
    RCC_CR.change(0, PLLON);
    if !RCC_CR.wait(PLLRDY, PLLRDY, ATTEMPTS) {
        return false;
    }
    RCC_CFGR.change(3, SW_PLL);
    RCC_CFGR.wait(SWS_PLL, SWS_PLL, ATTEMPTS)
}

/// Back to 4 MHz and no wait states, as another program expects it.
pub fn run_slow() {
    RCC_CFGR.change(3, 0);
    if RCC_CFGR.wait(SWS_PLL, 0, ATTEMPTS) {
        RCC_CR.change(PLLON, 0);
        ACR.change(LATENCY, 0);
    }
}
