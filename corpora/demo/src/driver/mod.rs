//! Peripherals of the board.

pub(crate) mod adc;
pub(crate) mod gpio;
pub(crate) mod i2c;
pub(crate) mod nvm;
mod reg;
pub(crate) mod time;
pub(crate) mod uart;
#[cfg(feature = "v1_1_0")]
pub(crate) mod watchdog;

use crate::chip;
use reg::Reg;

/// Turns clocks on and sets every peripheral up.
pub(crate) fn init() {
    for (offset, bits) in chip::CLOCKS {
        Reg::at(chip::RCC, offset).set(bits);
    }
    gpio::init();
    time::init();
    uart::init();
    i2c::init();
    adc::init();
    #[cfg(feature = "v1_1_0")]
    watchdog::init();
}

/// Asks the core for a system reset and waits for it.
pub(crate) fn restart() -> ! {
    Reg::at(chip::SCB_AIRCR, 0).write(0x05FA_0004);
    loop {
        core::hint::spin_loop();
    }
}
