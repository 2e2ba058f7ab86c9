//! What differs between the two chips: addresses, clock, interrupt numbers.
//!
//! **Reference** RM0351 (STM32L496), RM0444 (STM32G0B1): memory map, vector table, RCC registers.

pub(crate) const FLASH: usize = 0x4002_2000;
pub(crate) const I2C1: usize = 0x4000_5400;
#[cfg(feature = "v1_1_0")]
pub(crate) const IWDG: usize = 0x4000_3000;
pub(crate) const NVIC_ISER: usize = 0xE000_E100;
pub(crate) const RCC: usize = 0x4002_1000;
pub(crate) const SCB_AIRCR: usize = 0xE000_ED0C;
pub(crate) const SYSTICK: usize = 0xE000_E010;
pub(crate) const USART: [usize; 3] = [0x4001_3800, 0x4000_4400, 0x4000_4800];

pub(crate) use per_chip::*;

#[cfg(chip = "l496")]
mod per_chip {
    pub(crate) const NAME: &str = "STM32L496";
    pub(crate) const CLOCK_HZ: u32 = 4_000_000;
    pub(crate) const ADC: usize = 0x5004_0000;
    pub(crate) const GPIO: usize = 0x4800_0000;
    pub(crate) const USART_IRQ: [u8; 3] = [37, 38, 39];
    pub(crate) const IRQ_COUNT: usize = 91;
    /// RCC clock enables: (offset, bits).
    pub(crate) const CLOCKS: [(usize, u32); 3] =
        [(0x4C, 0x0000_200F), (0x58, 0x0026_0000), (0x60, 0x0000_4001)];
    /// Where settings are kept: the two pages after the image area.
    pub(crate) const SETTINGS: usize = 0x0807_F000;
    pub(crate) const PAGE: usize = 2048;
}

#[cfg(chip = "g0b1")]
mod per_chip {
    pub(crate) const NAME: &str = "STM32G0B1";
    pub(crate) const CLOCK_HZ: u32 = 16_000_000;
    pub(crate) const ADC: usize = 0x4001_2400;
    pub(crate) const GPIO: usize = 0x5000_0000;
    pub(crate) const USART_IRQ: [u8; 3] = [27, 28, 29];
    pub(crate) const IRQ_COUNT: usize = 32;
    /// RCC clock enables: (offset, bits).
    pub(crate) const CLOCKS: [(usize, u32); 3] =
        [(0x34, 0x0000_000F), (0x3C, 0x0026_0000), (0x40, 0x0010_4001)];
    /// Where settings are kept: the two pages after the image area.
    pub(crate) const SETTINGS: usize = 0x0803_F000;
    pub(crate) const PAGE: usize = 2048;
}
