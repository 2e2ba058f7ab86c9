//! Analog inputs: wind vane and battery.

use super::reg::Reg;
use crate::chip;

const ISR: Reg = Reg::at(chip::ADC, 0x00);
const CR: Reg = Reg::at(chip::ADC, 0x08);
const DR: Reg = Reg::at(chip::ADC, 0x40);
#[cfg(chip = "l496")]
const SELECT: Reg = Reg::at(chip::ADC, 0x30);
#[cfg(chip = "g0b1")]
const SELECT: Reg = Reg::at(chip::ADC, 0x28);

const READY: u32 = 1;
const END: u32 = 1 << 2;
const START: u32 = 1 << 2;
const REGULATOR: u32 = 1 << 28;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Channel {
    Vane = 1,
    #[cfg(feature = "v1_1_0")]
    Battery = 2,
}

pub(super) fn init() {
    CR.write(REGULATOR);
    CR.set(1);
    // An ADC that never gets ready shows as `None` from `read`.
    let _ = ISR.wait_set(READY);
}

/// One conversion, 0 to 4095, or nothing when the converter does not answer.
pub(crate) fn read(channel: Channel) -> Option<u16> {
    SELECT.write(select(channel));
    CR.set(START);
    if !ISR.wait_set(END) {
        return None;
    }
    u16::try_from(DR.read() & 0xFFF).ok()
}

fn select(channel: Channel) -> u32 {
    let number = channel as u32;
    if cfg!(chip = "l496") { number << 6 } else { 1 << number }
}

/// Sum of `1 << SHIFT` conversions, shifted back: a quieter reading.
pub(crate) fn read_average<const SHIFT: u32>(channel: Channel) -> Option<u16> {
    let mut sum = 0_u32;
    for _ in 0..1_u32 << SHIFT {
        sum += u32::from(read(channel)?);
    }
    u16::try_from(sum >> SHIFT).ok()
}
