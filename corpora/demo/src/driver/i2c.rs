//! I2C master for the sensors: write, then read, with a bounded wait.
//!
//! **Reference** RM0351, I2C v2 registers; the STM32G0 has the same block.

use core::fmt;

use super::reg::Reg;
use crate::chip;

const CR1: Reg = Reg::at(chip::I2C1, 0x00);
const CR2: Reg = Reg::at(chip::I2C1, 0x04);
const TIMINGR: Reg = Reg::at(chip::I2C1, 0x10);
const ISR: Reg = Reg::at(chip::I2C1, 0x18);
const ICR: Reg = Reg::at(chip::I2C1, 0x1C);
const RXDR: Reg = Reg::at(chip::I2C1, 0x24);
const TXDR: Reg = Reg::at(chip::I2C1, 0x28);

const TXIS: u32 = 1 << 1;
const RXNE: u32 = 1 << 2;
const NACKF: u32 = 1 << 4;
const STOPF: u32 = 1 << 5;
const BUSY: u32 = 1 << 15;
const START: u32 = 1 << 13;
const AUTOEND: u32 = 1 << 25;
const READ: u32 = 1 << 10;

/// Why a transfer failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum I2cError {
    Busy,
    NoAnswer { address: u8 },
    Timeout { address: u8 },
    Checksum { address: u8, expected: u8, got: u8 },
}

impl fmt::Display for I2cError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Busy => f.write_str("bus is held low, check wiring and pull-ups"),
            Self::NoAnswer { address } => write!(f, "no device answers at {address:#04x}"),
            Self::Timeout { address } => {
                write!(f, "device {address:#04x} stretched the clock too long")
            }
            Self::Checksum { address, expected, got } => {
                write!(
                    f,
                    "device {address:#04x} sent checksum {got:#04x}, expected {expected:#04x}"
                )
            }
        }
    }
}

pub(super) fn init() {
    TIMINGR.write(0x1042_0F13);
    CR1.write(1);
}

/// Sends `bytes` to the device at `address`.
pub(crate) fn write(address: u8, bytes: &[u8]) -> Result<(), I2cError> {
    begin(address, bytes.len(), 0)?;
    for &byte in bytes {
        wait(address, TXIS)?;
        TXDR.write(byte.into());
    }
    end(address)
}

/// Fills `bytes` from the device at `address`.
pub(crate) fn read(address: u8, bytes: &mut [u8]) -> Result<(), I2cError> {
    begin(address, bytes.len(), READ)?;
    for byte in bytes {
        wait(address, RXNE)?;
        [*byte, ..] = RXDR.read().to_le_bytes();
    }
    end(address)
}

/// Selects a register, then reads from it.
pub(crate) fn read_register<const N: usize>(
    address: u8,
    register: u8,
) -> Result<[u8; N], I2cError> {
    let mut bytes = [0; N];
    write(address, &[register])?;
    read(address, &mut bytes)?;
    Ok(bytes)
}

fn begin(address: u8, length: usize, direction: u32) -> Result<(), I2cError> {
    if !ISR.wait_clear(BUSY) {
        return Err(I2cError::Busy);
    }
    let length = u8::try_from(length).unwrap_or(u8::MAX);
    CR2.write(u32::from(address) << 1 | u32::from(length) << 16 | AUTOEND | START | direction);
    Ok(())
}

fn wait(address: u8, flag: u32) -> Result<(), I2cError> {
    if !ISR.wait_set(flag) {
        return Err(I2cError::Timeout { address });
    }
    if ISR.read() & NACKF != 0 {
        ICR.write(NACKF);
        return Err(I2cError::NoAnswer { address });
    }
    Ok(())
}

fn end(address: u8) -> Result<(), I2cError> {
    wait(address, STOPF)?;
    ICR.write(STOPF);
    Ok(())
}
