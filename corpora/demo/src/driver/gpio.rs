//! Pins: what each one is for, and how it is set.

use super::reg::Reg;
use crate::chip;

/// What a pin does.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Input,
    Output,
    Alternate(u8),
    Analog,
}

/// One pin of the board.
#[derive(Clone, Copy)]
pub(crate) struct Pin {
    pub(crate) name: &'static str,
    port: u8,
    bit: u8,
    mode: Mode,
}

const fn pin(name: &'static str, port: u8, bit: u8, mode: Mode) -> Pin {
    Pin { name, port, bit, mode }
}

pub(crate) const LED_STATUS: Pin = pin("led-status", 1, 14, Mode::Output);
pub(crate) const LED_LINK: Pin = pin("led-link", 1, 7, Mode::Output);
pub(crate) const MODEM_POWER: Pin = pin("modem-power", 2, 6, Mode::Output);
pub(crate) const RS485_DRIVE: Pin = pin("rs485-drive", 1, 1, Mode::Output);
pub(crate) const RAIN_PULSE: Pin = pin("rain-pulse", 0, 0, Mode::Input);

/// Every pin, in the order of the schematic.
pub(crate) static PINS: [Pin; 16] = [
    LED_STATUS,
    LED_LINK,
    MODEM_POWER,
    RS485_DRIVE,
    RAIN_PULSE,
    pin("console-tx", 0, 9, Mode::Alternate(7)),
    pin("console-rx", 0, 10, Mode::Alternate(7)),
    pin("modem-tx", 0, 2, Mode::Alternate(7)),
    pin("modem-rx", 0, 3, Mode::Alternate(7)),
    pin("modbus-tx", 1, 10, Mode::Alternate(7)),
    pin("modbus-rx", 1, 11, Mode::Alternate(7)),
    pin("sensor-scl", 1, 8, Mode::Alternate(4)),
    pin("sensor-sda", 1, 9, Mode::Alternate(4)),
    pin("wind-speed", 0, 1, Mode::Input),
    pin("wind-vane", 2, 0, Mode::Analog),
    pin("battery", 2, 1, Mode::Analog),
];

pub(super) fn init() {
    for pin in &PINS {
        pin.configure();
    }
}

impl Pin {
    fn reg(self, offset: usize) -> Reg {
        Reg::at(chip::GPIO + usize::from(self.port) * 0x400, offset)
    }

    fn configure(self) {
        let shift = u32::from(self.bit) * 2;
        let (mode, alternate) = match self.mode {
            Mode::Input => (0, None),
            Mode::Output => (1, None),
            Mode::Alternate(function) => (2, Some(function)),
            Mode::Analog => (3, None),
        };
        if let Some(function) = alternate {
            let high = usize::from(self.bit / 8) * 4;
            let shift = u32::from(self.bit % 8) * 4;
            self.reg(0x20 + high).update(0xF << shift, u32::from(function) << shift);
        }
        self.reg(0x00).update(3 << shift, mode << shift);
    }

    pub(crate) fn set(self, high: bool) {
        self.reg(0x18).write(1 << (u32::from(self.bit) + if high { 0 } else { 16 }));
    }

    pub(crate) fn is_high(self) -> bool {
        self.reg(0x10).read() >> self.bit & 1 != 0
    }
}
