//! The bus of the part: which address is what, and time.
//!
//! **Reference** RM0351 §2.2.2 (memory map); DS11585 §5 (the same with sizes).

use super::flash::{BANK_BYTES, Flash};
use super::gpio::{Gpio, PORTS};
use super::iwdg::Iwdg;
use super::power::Power;
use super::rcc::{Rcc, ResetCause};
use super::syscfg::{AtZero, Syscfg};
use super::time::{Picoseconds, period};
use super::uart::Uart;
use crate::bus::{Bus, BusError, Width};
use crate::exception::{Exception, SystemControl, system};

/// External interrupts of the part: RM0351 §13.3.
const INTERRUPTS: u8 = 91;
const FLASH_IRQ: u8 = 4;
const LPUART1_IRQ: u8 = 70;

/// Bytes of both RAMs.
pub(super) const SRAM_BYTES: u32 = 0x5_0000;
/// SRAM1 and, right behind it, SRAM2, which is also at `SRAM2`.
const SRAM: u32 = 0x2000_0000;
const SRAM_END: u32 = SRAM + SRAM_BYTES;
const SRAM2: u32 = 0x1000_0000;
const SRAM2_END: u32 = 0x1001_0000;
const SRAM2_OFFSET: u32 = 0x4_0000;
const FLASH: u32 = 0x0800_0000;
const FLASH_END: u32 = FLASH + 2 * BANK_BYTES;
/// Flash again, when it is mapped at 0.
const ALIAS_END: u32 = 2 * BANK_BYTES;

/// Why the core cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Halt {
    PowerLost,
    Reset(ResetCause),
}

/// A part in which nothing goes on but the core: all but memory and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Still {
    flash: super::flash::Still,
    system: SystemControl,
    rcc: Rcc,
    syscfg: Syscfg,
    gpio: Gpio,
    power: Power,
}

/// Everything but the core itself.
#[derive(Debug, Clone)]
pub struct Chip {
    pub(super) flash: Flash,
    sram: Box<[u8]>,
    system: SystemControl,
    pub(super) rcc: Rcc,
    iwdg: Iwdg,
    pub(super) syscfg: Syscfg,
    /// How often bank 2 took the place of bank 1.
    pub(super) swaps: u32,
    pub(super) uart: Uart,
    gpio: Gpio,
    power: Power,
    pub(super) now: Picoseconds,
    /// Length of a cycle.
    period: Picoseconds,
    /// When something happens next that the core does not do itself.
    next: Picoseconds,
    pub(super) halt: Option<Halt>,
}

/// What happens by itself.
#[derive(Debug, Clone, Copy)]
enum Due {
    Flash,
    Watchdog,
    Uart,
}

impl Chip {
    pub(super) fn new() -> Self {
        let rcc = Rcc::new(ResetCause::PowerOn, 0);
        let mut chip = Self {
            flash: Flash::new(),
            sram: vec![0; (SRAM_END - SRAM) as usize].into_boxed_slice(),
            system: SystemControl::new(INTERRUPTS),
            period: period(rcc.hertz()),
            rcc,
            iwdg: Iwdg::default(),
            syscfg: Syscfg::default(),
            swaps: 0,
            uart: Uart::default(),
            gpio: Gpio::default(),
            power: Power::default(),
            now: 0,
            next: Picoseconds::MAX,
            halt: Some(Halt::PowerLost),
        };
        chip.forget();
        chip
    }

    /// RAM without power holds nothing: here bytes that no program likes.
    fn forget(&mut self) {
        for (byte, at) in self.sram.iter_mut().zip(0u32..) {
            *byte = (at.wrapping_mul(0x9E37_79B1) >> 24).to_le_bytes()[0];
        }
    }

    /// Everything as after a reset for `cause`; RAM keeps what it has unless power was gone.
    pub(super) fn reset(&mut self, cause: ResetCause) {
        let loads = matches!(cause, ResetCause::PowerOn | ResetCause::OptionBytes);
        if cause == ResetCause::PowerOn {
            self.forget();
            self.flash.look_at_all();
        }
        self.flash.reset(loads, self.now);
        self.rcc = Rcc::new(cause, self.rcc.flags());
        self.system = SystemControl::new(INTERRUPTS);
        self.iwdg = Iwdg::default();
        self.syscfg = Syscfg::default();
        self.uart.reset();
        (self.gpio, self.power) = (Gpio::default(), Power::default());
        self.halt = None;
        self.settle();
    }

    /// Power is gone, maybe in the middle of an operation of the flash.
    pub(super) fn lose_power(&mut self) {
        self.flash.tear(self.now);
        self.halt = Some(Halt::PowerLost);
    }

    /// A range of RAM; `None` when it is none.
    #[must_use]
    pub fn ram(&self, address: u32, len_bytes: usize) -> Option<&[u8]> {
        let start = usize::try_from(address.checked_sub(SRAM)?).ok()?;
        self.sram.get(start..)?.get(..len_bytes)
    }

    /// Everything but memory and time; nothing while something goes on by itself.
    pub(super) fn still(&self) -> Option<Still> {
        let timed = self.system.systick.is_on() || self.next != Picoseconds::MAX;
        let idle = self.iwdg == Iwdg::default() && self.uart == Uart::default();
        if timed || !idle || self.halt.is_some() {
            return None;
        }
        Some(Still {
            flash: self.flash.still()?,
            system: self.system.clone(),
            rcc: self.rcc.clone(),
            syscfg: self.syscfg.clone(),
            gpio: self.gpio.clone(),
            power: self.power.clone(),
        })
    }

    /// Becomes as it was elsewhere, where `passed` went by.
    pub(super) fn set_still(&mut self, still: &Still, passed: Picoseconds) {
        let Still { flash, system, rcc, syscfg, gpio, power } = still.clone();
        self.flash.set_still(flash);
        (self.system, self.rcc, self.syscfg) = (system, rcc, syscfg);
        (self.gpio, self.power) = (gpio, power);
        self.now += passed;
        self.settle();
    }

    pub(super) fn all_ram(&self) -> &[u8] {
        &self.sram
    }

    pub(super) fn all_ram_mut(&mut self) -> &mut [u8] {
        &mut self.sram
    }

    fn earliest(&self) -> Option<(Picoseconds, Due)> {
        let flash = self.flash.busy_until().map(|at| (at, Due::Flash));
        let watchdog = self.iwdg.expires().map(|at| (at, Due::Watchdog));
        let uart = self.uart.next_event().map(|at| (at, Due::Uart));
        [flash, watchdog, uart].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Does what is due.
    #[cold]
    fn advance(&mut self) {
        while let Some((at, due)) = self.earliest()
            && at <= self.now
            && self.halt.is_none()
        {
            match due {
                Due::Flash if self.flash.advance(at).is_err() => self.halt = Some(Halt::PowerLost),
                Due::Flash => {}
                Due::Watchdog => self.halt = Some(Halt::Reset(ResetCause::Watchdog)),
                Due::Uart => self.uart.advance(at, self.rcc.hertz()),
            }
        }
        self.settle();
    }

    /// Works out anew what follows from the state of the peripherals.
    pub(super) fn settle(&mut self) {
        self.period = period(self.rcc.hertz().max(1));
        self.next = self.earliest().map_or(Picoseconds::MAX, |(at, _)| at);
        let lines = [(FLASH_IRQ, self.flash.interrupts()), (LPUART1_IRQ, self.uart.interrupts())];
        for (number, up) in lines {
            if let Some(exception) = Exception::interrupt(number) {
                self.system.controller.set_line(exception, up);
            }
        }
        self.system.controller.set_line(Exception::NMI, self.flash.asks_nmi());
        if self.system.reset_requested() && self.halt.is_none() {
            self.halt = Some(Halt::Reset(ResetCause::Software));
        }
    }

    /// Stalls the core until `until`.
    #[cold]
    fn stall(&mut self, until: Picoseconds) {
        let cycles = until.saturating_sub(self.now).div_ceil(self.period);
        self.pass(u32::try_from(cycles).unwrap_or(u32::MAX));
    }

    /// Reads flash at `offset` from 0x0800_0000.
    #[inline]
    fn read_flash(&mut self, offset: u32, width: Width, fetch: bool) -> Result<u32, BusError> {
        let address = if self.syscfg.swapped { offset ^ BANK_BYTES } else { offset };
        if let Some(until) = self.flash.blocked_until(address) {
            self.stall(until);
        }
        let value = self.flash.read(address, width, fetch)?;
        if self.flash.asks_nmi() {
            self.system.controller.set_line(Exception::NMI, true);
        }
        Ok(value)
    }

    #[inline]
    fn read_memory(&mut self, address: u32, width: Width, fetch: bool) -> Result<u32, BusError> {
        match address {
            FLASH..FLASH_END => self.read_flash(address - FLASH, width, fetch),
            SRAM..SRAM_END => Ok(self.read_sram(address - SRAM, width)),
            SRAM2..SRAM2_END => Ok(self.read_sram(address - SRAM2 + SRAM2_OFFSET, width)),
            0..ALIAS_END => match self.syscfg.at_zero {
                AtZero::Flash => self.read_flash(address, width, fetch),
                AtZero::Sram if address < SRAM2_OFFSET => Ok(self.read_sram(address, width)),
                AtZero::Sram => Err(BusError::Unmapped),
                AtZero::SystemMemory => Err(BusError::NotModelled),
            },
            // The ROM, one-time-programmable bytes, serial numbers, option bytes.
            0x1FFF_0000..0x2000_0000 => Err(BusError::NotModelled),
            _ => Err(BusError::Unmapped),
        }
    }

    #[inline]
    fn read_sram(&mut self, offset: u32, width: Width) -> u32 {
        if let Some(watch) = self.flash.watch() {
            watch.read_word(offset, &self.sram);
        }
        let bytes = &self.sram[offset as usize..];
        match width {
            Width::Byte => bytes.first().map_or(0, |&byte| u32::from(byte)),
            Width::Half => bytes.first_chunk().map_or(0, |&half| u16::from_le_bytes(half).into()),
            Width::Word => bytes.first_chunk().map_or(0, |&word| u32::from_le_bytes(word)),
        }
    }

    #[inline]
    fn write_sram(&mut self, offset: u32, width: Width, value: u32) {
        if let Some(watch) = self.flash.watch() {
            watch.write(offset, width, &self.sram);
        }
        let len = width.bytes() as usize;
        self.sram[offset as usize..][..len].copy_from_slice(&value.to_le_bytes()[..len]);
    }

    fn read_register(&mut self, address: u32) -> Result<u32, BusError> {
        let offset = address & 0x3FF;
        let port = address.wrapping_sub(0x4800_0000) / 0x400;
        match address & !0x3FF {
            0x4000_3000 => self.iwdg.read(offset, self.now),
            0x4000_7000 if self.rcc.power_enabled() => self.power.read(offset),
            0x4000_8000 if self.rcc.usart_enabled() => self.uart.read(offset),
            0x4001_0000 if self.rcc.syscfg_enabled() => self.syscfg.read(offset),
            0x4002_1000 => self.rcc.read(offset),
            0x4002_2000 => self.flash.read_register(offset),
            _ if port < PORTS && self.rcc.port_enabled(port) => self.gpio.read(port, offset),
            block => Err(without_clock(block)),
        }
    }

    fn write_register(&mut self, address: u32, value: u32) -> Result<(), BusError> {
        let offset = address & 0x3FF;
        let port = address.wrapping_sub(0x4800_0000) / 0x400;
        let (now, hertz) = (self.now, self.rcc.hertz());
        match address & !0x3FF {
            0x4000_3000 => self.iwdg.write(offset, value, now),
            0x4000_7000 if self.rcc.power_enabled() => self.power.write(offset, value),
            0x4000_8000 if self.rcc.usart_enabled() => self.uart.write(offset, value, now, hertz),
            0x4001_0000 if self.rcc.syscfg_enabled() => {
                let before = self.syscfg.swapped;
                let done = self.syscfg.write(offset, value, self.flash.caches_on());
                self.swaps += u32::from(!before && self.syscfg.swapped);
                done
            }
            0x4002_1000 => self.rcc.write(offset, value),
            0x4002_2000 => {
                // The control register stalls the bus while the flash is busy (§3.3.5).
                if let (0x14, Some(until)) = (offset, self.flash.busy_until()) {
                    self.stall(until);
                }
                match self.flash.write_register(offset, value, self.now)? {
                    super::flash::Order::Nothing => {}
                    super::flash::Order::LoadOptions => {
                        self.halt = Some(Halt::Reset(ResetCause::OptionBytes));
                    }
                }
                Ok(())
            }
            _ if port < PORTS && self.rcc.port_enabled(port) => {
                self.gpio.write(port, offset, value)
            }
            block => Err(without_clock(block)),
        }?;
        if !self.flash.keeps_up(self.rcc.hertz()) {
            return Err(BusError::Misuse);
        }
        self.settle();
        Ok(())
    }
}

/// Blocks that are modelled, and were not reached as their clock is off; or not modelled at all.
fn without_clock(block: u32) -> BusError {
    match block {
        0x4000_7000 | 0x4000_8000 | 0x4001_0000 | 0x4800_0000..0x4800_2400 => BusError::Misuse,
        _ => BusError::NotModelled,
    }
}

impl Bus for Chip {
    #[inline]
    fn read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        match address {
            0x4000_0000..0x6000_0000 if width == Width::Word => self.read_register(address),
            0x4000_0000..0x6000_0000 => Err(BusError::NotModelled),
            system::START..system::END => self.system.read(address, width),
            0xE000_0000.. => Err(BusError::NotModelled),
            _ => self.read_memory(address, width, false),
        }
    }

    #[inline]
    fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        match address {
            SRAM..SRAM_END => {
                self.write_sram(address - SRAM, width, value);
                Ok(())
            }
            SRAM2..SRAM2_END => {
                self.write_sram(address - SRAM2 + SRAM2_OFFSET, width, value);
                Ok(())
            }
            FLASH..FLASH_END => {
                let offset = address - FLASH;
                let place = if self.syscfg.swapped { offset ^ BANK_BYTES } else { offset };
                self.flash.store(place, width, value, self.now)?;
                self.settle();
                Ok(())
            }
            0x4000_0000..0x6000_0000 if width == Width::Word => self.write_register(address, value),
            system::START..system::END => {
                self.system.write(address, width, value)?;
                self.settle();
                Ok(())
            }
            0x4000_0000..0x6000_0000 | 0xE000_0000.. | 0..ALIAS_END => Err(BusError::NotModelled),
            _ => Err(BusError::Unmapped),
        }
    }

    #[inline]
    fn fetch(&mut self, address: u32) -> Result<u32, BusError> {
        self.read_memory(address, Width::Half, true)
    }

    #[inline]
    fn exceptions(&mut self) -> Option<&mut SystemControl> {
        Some(&mut self.system)
    }

    #[inline]
    fn pass(&mut self, cycles: u32) {
        self.now += u64::from(cycles) * self.period;
        if self.system.systick.pass(cycles) {
            self.system.controller.pend(Exception::SYS_TICK, true);
        }
        if self.now >= self.next {
            self.advance();
        }
    }

    fn sleep(&mut self) -> bool {
        let ticks = self.system.systick.cycles_left();
        let ticks = ticks.map(|cycles| self.now + u64::from(cycles) * self.period);
        let event = Some(self.next).filter(|&next| next != Picoseconds::MAX);
        let Some(until) = ticks.into_iter().chain(event).min() else { return false };
        // At least a cycle, so that time goes on.
        self.stall(until.max(self.now + 1));
        true
    }

    #[inline]
    fn halted(&self) -> bool {
        self.halt.is_some()
    }
}
