//! Power control: as after reset, with the supply of port G switched on or off. RM0351 §5.4.

use crate::bus::BusError;

/// `PWR_CR1` after reset: voltage range 1, the only one in which flash is programmed (RM0351 §3.3.5).
const CR1: u32 = 0x0000_0200;
/// `PWR_CR2.IOSV`: the supply of port G is valid.
const IOSV: u32 = 1 << 9;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Power {
    cr2: u32,
}

impl Power {
    pub(super) fn read(&self, offset: u32) -> Result<u32, BusError> {
        match offset {
            0x00 => Ok(CR1),
            0x04 => Ok(self.cr2),
            _ => Err(BusError::NotModelled),
        }
    }

    pub(super) fn write(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        match offset {
            0x00 if value == CR1 => {}
            0x04 if value & !IOSV == 0 => self.cr2 = value,
            _ => return Err(BusError::NotModelled),
        }
        Ok(())
    }
}
