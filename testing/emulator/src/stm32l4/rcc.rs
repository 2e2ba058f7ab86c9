//! Reset and clock control: the MSI oscillator and the PLL behind it, clocks of peripherals, why the last reset was.
//! RM0351 §6.4.

use crate::bits::{bit, field};
use crate::bus::BusError;

/// Frequencies of MSI by `MSIRANGE`; §6.4.1.
const MSI_HERTZ: [u32; 12] = [
    100_000, 200_000, 400_000, 800_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000,
    24_000_000, 32_000_000, 48_000_000,
];
/// `MSIRANGE` after reset.
const RESET_RANGE: usize = 6;
/// Most that the part runs at.
const MAX_HERTZ: u32 = 80_000_000;

const MSION: u32 = 1 << 0;
const MSIRDY: u32 = 1 << 1;
const MSIRGSEL: u32 = 1 << 3;
const PLLON: u32 = 1 << 24;
const PLLRDY: u32 = 1 << 25;
const PLLREN: u32 = 1 << 24;

/// Why a part was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetCause {
    /// Power came.
    PowerOn,
    /// The reset pin.
    Pin,
    /// Software, by `AIRCR.SYSRESETREQ`.
    Software,
    /// The independent watchdog.
    Watchdog,
    /// Option bytes were loaded.
    OptionBytes,
}

impl ResetCause {
    /// Its flags in `RCC_CSR` (§6.4.29). Each reset of the part pulls its reset pin, which sets `PINRSTF` as well (§6.1.2).
    const fn flags(self) -> u32 {
        const PIN: u32 = 1 << 26;
        PIN | match self {
            Self::PowerOn => 1 << 27,
            Self::Pin => 0,
            Self::Software => 1 << 28,
            Self::Watchdog => 1 << 29,
            Self::OptionBytes => 1 << 25,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rcc {
    range: usize,
    pll_on: bool,
    pll: u32,
    from_pll: bool,
    lsi_on: bool,
    flags: u32,
    /// `AHB2ENR`, `APB1ENR1`, `APB1ENR2`, `APB2ENR`.
    enabled: [u32; 4],
}

impl Rcc {
    /// After a reset for `cause`; flags of earlier ones are kept until software clears them, unless power was gone.
    pub(super) fn new(cause: ResetCause, before: u32) -> Self {
        let before = if cause == ResetCause::PowerOn { 0 } else { before };
        Self {
            range: RESET_RANGE,
            pll_on: false,
            pll: 0x1000,
            from_pll: false,
            lsi_on: false,
            flags: before | cause.flags(),
            enabled: [0; 4],
        }
    }

    pub(super) const fn flags(&self) -> u32 {
        self.flags
    }

    /// The core's and the peripherals' clock.
    pub(super) fn hertz(&self) -> u32 {
        if self.from_pll { self.pll_hertz().unwrap_or(0) } else { MSI_HERTZ[self.range] }
    }

    /// `MSI / M × N / R`, if the PLL has what it needs and is used as modelled; §6.4.4.
    fn pll_hertz(&self) -> Option<u32> {
        let [m, n, r] = [(4, 3), (8, 7), (25, 2)].map(|(low, count)| field(self.pll, low, count));
        let from_msi = field(self.pll, 0, 2) == 1;
        if !from_msi || self.pll & PLLREN == 0 || !(8..=86).contains(&n) {
            return None;
        }
        let input = MSI_HERTZ[self.range] / (m + 1);
        let vco = (4_000_000..=16_000_000).contains(&input).then_some(input)?.checked_mul(n)?;
        let output = vco / (2 * (r + 1));
        ((64_000_000..=344_000_000).contains(&vco) && output <= MAX_HERTZ).then_some(output)
    }

    pub(super) fn usart_enabled(&self) -> bool {
        bit(self.enabled[2], 0)
    }

    pub(super) fn syscfg_enabled(&self) -> bool {
        bit(self.enabled[3], 0)
    }

    pub(super) fn power_enabled(&self) -> bool {
        bit(self.enabled[1], 28)
    }

    pub(super) fn port_enabled(&self, port: u32) -> bool {
        bit(self.enabled[0], port)
    }

    pub(super) fn read(&self, offset: u32) -> Result<u32, BusError> {
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        match offset {
            0x00 => {
                let range = u32::try_from(self.range).unwrap_or(0) << 4;
                Ok(MSION | MSIRDY | range | flag(self.pll_on, PLLON | PLLRDY))
            }
            0x08 => Ok(flag(self.from_pll, 0b1111)),
            0x0C => Ok(self.pll),
            0x4C => Ok(self.enabled[0]),
            0x58 => Ok(self.enabled[1]),
            0x5C => Ok(self.enabled[2]),
            0x60 => Ok(self.enabled[3]),
            0x88 => Ok(0),
            0x94 => Ok(self.flags | flag(self.lsi_on, 0b11) | 0x600),
            _ => Err(BusError::NotModelled),
        }
    }

    pub(super) fn write(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        match offset {
            0x00 => self.set_clocks(value)?,
            // No dividers; the clock is MSI or the PLL.
            0x08 => match value & !0b1100 {
                0 => self.from_pll = false,
                0b11 if self.pll_on => self.from_pll = true,
                0b11 => return Err(BusError::Misuse),
                _ => return Err(BusError::NotModelled),
            },
            0x0C if self.pll_on => return Err(BusError::Misuse),
            0x0C => self.pll = value,
            0x4C => self.enabled[0] = value,
            0x58 => self.enabled[1] = value,
            0x5C => self.enabled[2] = value,
            0x60 => self.enabled[3] = value,
            0x88 if value == 0 => {}
            0x94 => {
                self.lsi_on = bit(value, 0);
                if bit(value, 23) {
                    self.flags = 0;
                }
            }
            _ => return Err(BusError::NotModelled),
        }
        Ok(())
    }

    fn set_clocks(&mut self, value: u32) -> Result<(), BusError> {
        const KNOWN: u32 = MSION | MSIRDY | MSIRGSEL | 0xF0 | PLLON | PLLRDY;
        if value & !KNOWN != 0 || value & MSION == 0 {
            return Err(BusError::NotModelled);
        }
        if value & MSIRGSEL != 0 {
            let range = field(value, 4, 4) as usize;
            if range >= MSI_HERTZ.len() || self.pll_on && range != self.range {
                return Err(BusError::Misuse);
            }
            self.range = range;
        }
        let on = value & PLLON != 0;
        if self.from_pll && !on {
            return Err(BusError::Misuse);
        }
        if on && self.pll_hertz().is_none() {
            return Err(BusError::NotModelled);
        }
        self.pll_on = on;
        Ok(())
    }
}
