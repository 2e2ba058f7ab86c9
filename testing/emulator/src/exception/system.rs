//! The system control space, 0xE000_E000 to 0xE000_EFFF: B3.2.

use super::{Controller, Exception, SysTick};
use crate::bits::bit;
use crate::bus::{BusError, Width};

/// Where it begins.
pub const START: u32 = 0xE000_E000;
/// One past its end.
pub const END: u32 = 0xE000_F000;

/// Cortex-M4 r0p1; Arm 100166 §4.2.
const CPUID: u32 = 0x410F_C241;
/// The key that a write of `AIRCR` needs, and what reads instead of it.
const VECTKEY: u32 = 0x05FA;
const VECTKEYSTAT: u32 = 0xFA05 << 16;
const SYSRESETREQ: u32 = 1 << 2;
/// `CCR.STKALIGN`: stack frames begin at multiples of eight, as after reset.
const STKALIGN: u32 = 1 << 9;

/// Why `HardFault` was taken: bits of `CFSR`, B3.2.15.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCause {
    /// An instruction could not be fetched.
    Fetch,
    /// A load or store was answered with an error.
    Data {
        /// Its address.
        address: u32,
    },
    /// An undefined instruction.
    Undefined,
    /// A branch to an address without the Thumb bit.
    NotThumb,
    /// An unaligned access by an instruction that does not allow it.
    Unaligned,
}

/// Exceptions of a core with everything that belongs to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SystemControl {
    /// Which exception is next.
    pub controller: Controller,
    /// The timer.
    pub systick: SysTick,
    /// External interrupts that the part has.
    interrupts: u8,
    /// What `IPSR` has: the exception that is being served.
    current: Option<Exception>,
    vector_table: u32,
    reset_requested: bool,
    cfsr: u32,
    hfsr: u32,
    bfar: u32,
}

impl SystemControl {
    /// After reset, with `interrupts` external interrupts.
    #[must_use]
    pub fn new(interrupts: u8) -> Self {
        Self { interrupts, ..Self::default() }
    }

    /// Where the vector table is.
    #[must_use]
    pub const fn vector_table(&self) -> u32 {
        self.vector_table
    }

    /// Whether software asked for a reset.
    #[must_use]
    pub const fn reset_requested(&self) -> bool {
        self.reset_requested
    }

    /// Remembers which exception is being served.
    pub(crate) const fn set_current(&mut self, current: Option<Exception>) {
        self.current = current;
    }

    /// Asks for `HardFault` and says why.
    pub(crate) fn fault(&mut self, cause: FaultCause) {
        const FORCED: u32 = 1 << 30;
        self.hfsr |= FORCED;
        self.cfsr |= match cause {
            FaultCause::Fetch => 1 << 8,
            FaultCause::Data { address } => {
                self.bfar = address;
                1 << 9 | 1 << 15
            }
            FaultCause::Undefined => 1 << 16,
            FaultCause::NotThumb => 1 << 17,
            FaultCause::Unaligned => 1 << 24,
        };
        self.controller.pend(Exception::HARD_FAULT, true);
    }

    /// Reads `width` at `address`, which is in the space.
    ///
    /// # Errors
    /// `NotModelled`.
    pub fn read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        let offset = address - START;
        if let Some(first) = priorities(offset, self.interrupts) {
            let bytes = (0..4).map(|at| match width.bytes() {
                len if at < len => self.priority_at(first, at).map_or(0, u32::from) << (8 * at),
                _ => 0,
            });
            return Ok(bytes.sum());
        }
        if width != Width::Word {
            return Err(BusError::NotModelled);
        }
        match offset {
            0x010..0x020 => self.systick.read(offset - 0x10),
            0x100..0x110 | 0x180..0x190 => Ok(self.collect(offset, Controller::is_enabled)),
            0x200..0x210 | 0x280..0x290 => Ok(self.collect(offset, Controller::is_pending)),
            0x300..0x310 => Ok(self.collect(offset, Controller::is_active)),
            0xD00 => Ok(CPUID),
            0xD04 => Ok(self.interrupt_state()),
            0xD08 => Ok(self.vector_table),
            0xD0C => Ok(VECTKEYSTAT | u32::from(self.controller.group) << 8),
            // Sleep modes and handlers of single faults stay as they are after reset.
            0xD10 | 0xD24 => Ok(0),
            0xD14 => Ok(STKALIGN),
            0xD28 => Ok(self.cfsr),
            0xD2C => Ok(self.hfsr),
            0xD38 => Ok(self.bfar),
            _ => Err(BusError::NotModelled),
        }
    }

    /// Writes the low bits of `value` at `address`, which is in the space.
    ///
    /// # Errors
    /// `NotModelled`.
    pub fn write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        let offset = address - START;
        if let Some(first) = priorities(offset, self.interrupts) {
            for (at, byte) in (0..width.bytes()).zip(value.to_le_bytes()) {
                if let Some(exception) = prioritised(first, at) {
                    self.controller.set_priority(exception, byte);
                }
            }
            return Ok(());
        }
        if width != Width::Word {
            return Err(BusError::NotModelled);
        }
        let set = |controller: &mut Controller, at| controller.enable(at, true);
        let clear = |controller: &mut Controller, at| controller.enable(at, false);
        match offset {
            0x010..0x020 => return self.systick.write(offset - 0x10, value),
            0x100..0x110 => self.each(offset, value, set),
            0x180..0x190 => self.each(offset, value, clear),
            0x200..0x210 => self.each(offset, value, |controller, at| controller.pend(at, true)),
            0x280..0x290 => self.each(offset, value, |controller, at| controller.pend(at, false)),
            0xD04 => self.set_interrupt_state(value),
            0xD08 => self.vector_table = value & 0xFFFF_FF80,
            0xD0C if value >> 16 != VECTKEY => {}
            // Anything but a group and a reset is for debuggers.
            0xD0C if value & 0xFFFF & !(7 << 8 | SYSRESETREQ) != 0 => {
                return Err(BusError::NotModelled);
            }
            0xD0C => {
                self.controller.group = (value >> 8 & 7).to_le_bytes()[0];
                self.reset_requested |= value & SYSRESETREQ != 0;
            }
            0xD10 | 0xD24 if value == 0 => {}
            0xD14 if value == STKALIGN => {}
            0xD28 => self.cfsr &= !value,
            0xD2C => self.hfsr &= !value,
            _ => return Err(BusError::NotModelled),
        }
        Ok(())
    }

    /// `ICSR`: B3.2.4.
    fn interrupt_state(&self) -> u32 {
        let number = |exception: Option<Exception>| exception.map_or(0, |e| u32::from(e.number()));
        let pending = |exception, at: u32| u32::from(self.controller.is_pending(exception)) << at;
        let external = (16..Exception::END).filter_map(Exception::new);
        let any_external = external.into_iter().any(|at| self.controller.is_pending(at));
        number(self.current)
            | u32::from(self.controller.active_count() <= 1) << 11
            | number(self.controller.first_pending()) << 12
            | u32::from(any_external) << 22
            | pending(Exception::SYS_TICK, 26)
            | pending(Exception::PEND_SV, 28)
            | pending(Exception::NMI, 31)
    }

    fn set_interrupt_state(&mut self, value: u32) {
        let orders = [
            (31, Exception::NMI, true),
            (28, Exception::PEND_SV, true),
            (27, Exception::PEND_SV, false),
            (26, Exception::SYS_TICK, true),
            (25, Exception::SYS_TICK, false),
        ];
        for (_, exception, pending) in orders.into_iter().filter(|&(at, ..)| bit(value, at)) {
            self.controller.pend(exception, pending);
        }
    }

    /// The 32 external interrupts that a register at `offset` has bits for, as far as the part has them.
    fn interrupts_at(&self, offset: u32) -> impl Iterator<Item = (u32, Exception)> + use<> {
        let first = (offset & 0xC) * 8;
        let count = u32::from(self.interrupts);
        (0..32).filter(move |at| first + at < count).filter_map(move |at| {
            let number = u8::try_from(first + at).ok()?;
            Some((at, Exception::interrupt(number)?))
        })
    }

    fn collect(&self, offset: u32, has: impl Fn(&Controller, Exception) -> bool) -> u32 {
        let bits = self.interrupts_at(offset);
        bits.map(|(at, exception)| u32::from(has(&self.controller, exception)) << at).sum()
    }

    fn each(&mut self, offset: u32, bits: u32, mut order: impl FnMut(&mut Controller, Exception)) {
        for (_, exception) in self.interrupts_at(offset).filter(|&(at, _)| bit(bits, at)) {
            order(&mut self.controller, exception);
        }
    }

    fn priority_at(&self, first: u32, at: u32) -> Option<u8> {
        Some(self.controller.priority(prioritised(first, at)?))
    }
}

/// The exception whose priority is the first byte at `offset`, if priorities are there: `SHPR`, `IPR`.
fn priorities(offset: u32, interrupts: u8) -> Option<u32> {
    let end = 0x400 + u32::from(interrupts).next_multiple_of(4);
    match offset {
        0xD18..0xD24 => Some(offset - 0xD18 + 4),
        0x400.. if offset < end => Some(offset - 0x400 + 16),
        _ => None,
    }
}

fn prioritised(first: u32, at: u32) -> Option<Exception> {
    Exception::new(u8::try_from(first + at).ok()?)
}
