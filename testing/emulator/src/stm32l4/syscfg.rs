//! Which memory is where: `SYSCFG_MEMRMP`, RM0351 §9.2.1.

use crate::bits::bit;
use crate::bus::BusError;

/// Bank 2 is at 0x0800_0000 and bank 1 behind it.
const FB_MODE: u32 = 8;

/// What is mapped at 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum AtZero {
    /// The flash that is at 0x0800_0000.
    #[default]
    Flash,
    /// The ROM with ST's bootloader.
    SystemMemory,
    /// SRAM1.
    Sram,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Syscfg {
    pub(super) at_zero: AtZero,
    pub(super) swapped: bool,
}

impl Syscfg {
    pub(super) fn read(&self, offset: u32) -> Result<u32, BusError> {
        if offset != 0 {
            return Err(BusError::NotModelled);
        }
        let mode = match self.at_zero {
            AtZero::Flash => 0,
            AtZero::SystemMemory => 1,
            AtZero::Sram => 3,
        };
        Ok(u32::from(self.swapped) << FB_MODE | mode)
    }

    /// `caches`: whether any of the flash's caches or prefetch is on. They would go on serving the other bank's bytes.
    pub(super) fn write(&mut self, offset: u32, value: u32, caches: bool) -> Result<(), BusError> {
        if offset != 0 || value & !(1 << FB_MODE | 7) != 0 {
            return Err(BusError::NotModelled);
        }
        let swapped = bit(value, FB_MODE);
        if swapped != self.swapped && caches {
            return Err(BusError::Misuse);
        }
        self.at_zero = match value & 7 {
            0 => AtZero::Flash,
            1 => AtZero::SystemMemory,
            3 => AtZero::Sram,
            _ => return Err(BusError::NotModelled),
        };
        self.swapped = swapped;
        Ok(())
    }
}
