//! Ports: registers that keep what is written. No pins.

use crate::bus::BusError;

/// Ports A to I; RM0351 §2.2.2, table 2.
pub(super) const PORTS: u32 = 9;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Gpio {
    /// `MODER` to `ASCR` of each port.
    ports: [[u32; 12]; PORTS as usize],
}

impl Gpio {
    pub(super) fn read(&self, port: u32, offset: u32) -> Result<u32, BusError> {
        let registers = self.ports.get(port as usize).ok_or(BusError::Unmapped)?;
        registers.get((offset / 4) as usize).copied().ok_or(BusError::NotModelled)
    }

    pub(super) fn write(&mut self, port: u32, offset: u32, value: u32) -> Result<(), BusError> {
        let registers = self.ports.get_mut(port as usize).ok_or(BusError::Unmapped)?;
        let register = registers.get_mut((offset / 4) as usize).ok_or(BusError::NotModelled)?;
        *register = value;
        Ok(())
    }
}
