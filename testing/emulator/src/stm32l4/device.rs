//! The part on a board: power, reset, and what a test does from outside.

use core::fmt;
use core::time::Duration;

use flash_model::Stm32L4;
use flash_model::{Cut, FlashModel};

use super::chip::{Chip, Halt};
use super::flash::{BANK_BYTES, Bank};
use super::rcc::ResetCause;
use super::syscfg::AtZero;
use super::time::duration;
use crate::bus::{Bus, Width};
use crate::elf::Program;
use crate::fault::{Fault, Reason};
use crate::machine::{Counters, Machine, Observer, Stop};

/// Where flash begins in programs.
const FLASH: u32 = 0x0800_0000;
/// Stack pointers that ST's boot ROM takes for those of a program, when it looks into the banks; a user's report on the L496
/// (ST community, "stm32L496ZG dual boot").
const ROM_STACKS: core::ops::RangeInclusive<u32> = 0x2000_0000..=0x2004_0000;

/// Why [`Device::run`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// As many instructions as allowed were executed.
    Budget,
    /// The program executed `BKPT`.
    Breakpoint {
        /// Its operand.
        code: u8,
    },
    /// The core sleeps, and nothing in the part will ever wake it.
    Asleep,
    /// Power is gone. Nothing runs until [`Device::power_on`].
    PowerLost,
    /// The part was reset, and is about to run from its vector table again.
    Reset(ResetCause),
}

/// A program cannot be put into flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideFlash {
    /// Where it should go.
    pub address: u32,
    /// Bytes of it.
    pub len_bytes: usize,
}

impl fmt::Display for OutsideFlash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, len_bytes } = self;
        write!(
            f,
            "expected flash at 0x08000000 to 0x08100000, got {len_bytes} bytes at {address:#x}"
        )
    }
}

impl core::error::Error for OutsideFlash {}

/// An STM32L496 with power or without. `Clone` is a snapshot of all of it.
///
/// ```
/// use emulator::stm32l4::{Bank, Device, Event, ResetCause};
///
/// // Stack, entry 9, then: bkpt #7
/// let mut image = [0x2000_1000u32, 0x0800_0009].map(u32::to_le_bytes).concat();
/// image.extend(0xBE07u16.to_le_bytes());
///
/// let mut device = Device::new();
/// device.load(Bank::One, 0, &image)?;
/// assert_eq!(device.run(10)?, Event::PowerLost);
/// device.power_on()?;
/// assert_eq!(device.run(10)?, Event::Breakpoint { code: 7 });
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Device {
    machine: Machine<Chip>,
    resets: u32,
    peak_stack_bytes: u32,
}

impl Default for Device {
    fn default() -> Self {
        Self::new()
    }
}

impl Device {
    /// A new part: flash erased, option bytes as the factory leaves them, no power.
    #[must_use]
    pub fn new() -> Self {
        Self { machine: Machine::new(Chip::new(), 0, 0), resets: 0, peak_stack_bytes: 0 }
    }

    /// Puts `bytes` into a bank as a programmer on the workbench does, without time, counters or rules.
    ///
    /// # Errors
    /// [`OutsideFlash`]: they do not fit into the bank.
    pub fn load(&mut self, bank: Bank, offset: u32, bytes: &[u8]) -> Result<(), OutsideFlash> {
        let refused =
            OutsideFlash { address: FLASH + bank.start() + offset, len_bytes: bytes.len() };
        let end = u32::try_from(bytes.len()).ok().and_then(|len| offset.checked_add(len));
        let Some(_) = end.filter(|&end| end <= BANK_BYTES) else { return Err(refused) };
        // Whole double words: what is there already stays.
        let start = bank.start() + offset / 8 * 8;
        let mut whole = vec![0; 8];
        self.flash().raw_unit(start, &mut whole);
        whole.truncate((offset % 8) as usize);
        whole.extend(bytes);
        let rest = whole.len() % 8;
        if rest > 0 {
            let mut last = [0; 8];
            let len = u32::try_from(whole.len()).map_err(|_| refused)?;
            self.flash().raw_unit(start + len / 8 * 8, &mut last);
            whole.extend_from_slice(&last[rest..]);
        }
        self.machine.bus_mut().flash.load(start, &whole);
        Ok(())
    }

    /// Puts the segments of a program where they are loaded, banks as after reset.
    ///
    /// # Errors
    /// [`OutsideFlash`]: a segment is not in flash.
    pub fn load_program(&mut self, program: &Program) -> Result<(), OutsideFlash> {
        for segment in program.segments.iter().filter(|segment| !segment.bytes.is_empty()) {
            let (address, len_bytes) = (segment.load_address, segment.bytes.len());
            let offset = address.checked_sub(FLASH).filter(|&offset| offset < 2 * BANK_BYTES);
            let offset = offset.ok_or(OutsideFlash { address, len_bytes })?;
            let bank = if offset < BANK_BYTES { Bank::One } else { Bank::Two };
            self.load(bank, offset % BANK_BYTES, &segment.bytes)?;
        }
        Ok(())
    }

    /// Gives power, and resets.
    ///
    /// # Errors
    /// The part does not start: option bytes are lost, or no bank has a program that the boot ROM would start.
    pub fn power_on(&mut self) -> Result<(), Fault> {
        self.reset(ResetCause::PowerOn)
    }

    /// Takes power away now. An operation that the flash is busy with is torn.
    pub fn power_off(&mut self) {
        self.machine.bus_mut().lose_power();
        self.note_stack();
    }

    /// Pulls the reset pin.
    ///
    /// # Errors
    /// As [`power_on`](Self::power_on).
    pub fn pull_reset(&mut self) -> Result<(), Fault> {
        self.reset(ResetCause::Pin)
    }

    /// Lets power fail at a later operation of the flash, as [`FlashModel::cut_after`] does. A reset in the middle of an
    /// operation disarms it.
    pub fn cut_after(&mut self, operations: u64, cut: Cut) {
        self.flash().cut_after(operations, cut);
    }

    /// Runs `budget` instructions at most.
    ///
    /// # Errors
    /// [`Fault`]: the program did what is not modelled or not specified, or the core locked up.
    pub fn run(&mut self, budget: u64) -> Result<Event, Fault> {
        self.run_observed(budget, &mut ())
    }

    /// [`run`](Self::run), and tells `observer` of every instruction.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_observed<O: Observer>(
        &mut self,
        budget: u64,
        observer: &mut O,
    ) -> Result<Event, Fault> {
        let stop = self.machine.run_observed(budget, observer);
        self.stopped(stop)
    }

    /// What it means that the core has stopped.
    pub(super) fn stopped(&mut self, stop: Result<Stop, Fault>) -> Result<Event, Fault> {
        // An order of the last instruction is carried out though the budget is spent.
        let stop = match stop {
            Err(Fault { reason: Reason::Asleep, .. }) => return Ok(Event::Asleep),
            stop => stop?,
        };
        match (stop, self.machine.bus().halt) {
            (_, Some(Halt::PowerLost)) => {
                self.power_off();
                Ok(Event::PowerLost)
            }
            (_, Some(Halt::Reset(cause))) => {
                self.reset(cause)?;
                Ok(Event::Reset(cause))
            }
            (Stop::Breakpoint { code }, None) => Ok(Event::Breakpoint { code }),
            (Stop::Budget | Stop::Halted | Stop::Asked, None) => Ok(Event::Budget),
        }
    }

    fn note_stack(&mut self) {
        self.peak_stack_bytes = self.peak_stack_bytes();
    }

    fn reset(&mut self, cause: ResetCause) -> Result<(), Fault> {
        self.note_stack();
        self.resets += 1;
        let chip = self.machine.bus_mut();
        chip.reset(cause);
        if chip.flash.options_lost() {
            chip.lose_power();
            return Err(Fault { pc: 0, reason: Reason::Lockup });
        }
        let failed =
            |address| move |error| Fault { pc: 0, reason: Reason::Access { address, error } };
        if chip.flash.boots_bank_2() {
            // The ROM starts bank 2 if that has a program, else bank 1, and stays mapped at 0: AN2606, "dual bank boot".
            chip.syscfg.at_zero = AtZero::SystemMemory;
            chip.syscfg.swapped = true;
            let stack = chip.read(FLASH, Width::Word).map_err(failed(FLASH))?;
            chip.syscfg.swapped = ROM_STACKS.contains(&stack);
        }
        let stack = chip.read(FLASH, Width::Word).map_err(failed(FLASH))?;
        let entry = chip.read(FLASH + 4, Width::Word).map_err(failed(FLASH + 4))?;
        self.machine.restart(entry, stack);
        Ok(())
    }

    /// Sends `bytes` to the serial port, after what is still on the wire.
    pub fn send(&mut self, bytes: &[u8]) {
        let chip = self.machine.bus_mut();
        let (now, hertz) = (chip.now, chip.rcc.hertz());
        chip.uart.send(bytes, now, hertz);
        chip.settle();
    }

    /// Bytes that were given to [`send`](Self::send) and are still on the wire.
    #[must_use]
    pub fn sending(&self) -> usize {
        self.machine.bus().uart.pending()
    }

    /// Takes what the serial port has sent.
    pub fn take_received(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.machine.bus_mut().uart.outgoing)
    }

    /// The cells of the flash; addresses count from the start of bank 1. What is changed here is seen after
    /// [`power_on`](Self::power_on).
    #[must_use]
    pub fn flash(&self) -> &FlashModel<Stm32L4> {
        self.machine.bus().flash.cells()
    }

    /// Starts to note which pages of flash are used, and how first: see [`pages_relied_on`](Self::pages_relied_on).
    pub fn watch_flash(&mut self) {
        self.machine.bus_mut().flash.forget_uses();
    }

    /// Pages of flash that were read or programmed before they were erased, since [`watch_flash`](Self::watch_flash), by their
    /// number from the start of bank 1.
    ///
    /// What a part does from power on follows from its flash and from what comes over its lines, and of its flash from these
    /// pages alone: another part that holds the same in them does the same.
    #[must_use]
    pub fn pages_relied_on(&self) -> Vec<u32> {
        self.machine.bus().flash.pages_relied_on()
    }

    /// Whether bank 2 is at 0x0800_0000.
    #[must_use]
    pub fn is_swapped(&self) -> bool {
        self.machine.bus().syscfg.swapped
    }

    /// How often a program has mapped bank 2 to 0x0800_0000, over all resets.
    #[must_use]
    pub fn swaps(&self) -> u32 {
        self.machine.bus().swaps
    }

    /// Core and bus.
    #[must_use]
    pub fn machine(&self) -> &Machine<Chip> {
        &self.machine
    }

    /// Core and bus, to change them.
    pub fn machine_mut(&mut self) -> &mut Machine<Chip> {
        &mut self.machine
    }

    /// Instructions and cycles so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.machine.counters()
    }

    /// Time that the part had power.
    #[must_use]
    pub fn time(&self) -> Duration {
        duration(self.machine.bus().now)
    }

    /// Resets so far, the first one included.
    #[must_use]
    pub fn resets(&self) -> u32 {
        self.resets
    }

    /// Most bytes of stack that were in use at the same time, over all resets.
    #[must_use]
    pub fn peak_stack_bytes(&self) -> u32 {
        self.peak_stack_bytes.max(self.machine.peak_stack_bytes())
    }
}
