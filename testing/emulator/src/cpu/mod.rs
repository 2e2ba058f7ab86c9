//! Registers, and instructions at work on them and a bus.

mod access;
mod alu;
mod exception;
mod execute;
mod flags;
mod lanes;

use crate::bits::field;
use crate::exception::Exception;
use crate::fault::Reason;
use crate::instruction::{Condition, Register, SetFlags};

pub use execute::{Effect, execute};
pub use flags::Flags;

/// The core's registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpu {
    /// R0 to R15. R15 is what instructions read: their address plus 4.
    registers: [u32; 16],
    /// Flags of the application.
    pub flags: Flags,
    /// `ITSTATE`: condition in the high, what is left of the block in the low bits.
    it: u8,
    /// `PRIMASK`.
    primask: bool,
    /// `BASEPRI`.
    basepri: u8,
    /// What `IPSR` has: the exception that is being served.
    exception: Option<Exception>,
    /// The `EXC_RETURN` that an instruction has branched to.
    returning: Option<u32>,
    /// Address of the instruction that runs next.
    next: u32,
    /// Lowest value that the stack pointer ever had.
    lowest_stack: u32,
}

impl Cpu {
    /// A core about to run the instruction at `entry`, whose Thumb bit is ignored, with the stack pointer at `stack`.
    #[must_use]
    pub fn new(entry: u32, stack: u32) -> Self {
        let stack = stack & !3;
        let mut registers = [0; 16];
        registers[Register::SP.index()] = stack;
        // What the architecture has there at reset: a return from the program faults.
        registers[Register::LR.index()] = 0xFFFF_FFFF;
        Self {
            registers,
            flags: Flags::default(),
            it: 0,
            primask: false,
            basepri: 0,
            exception: None,
            returning: None,
            next: entry & !1,
            lowest_stack: stack,
        }
    }

    /// Address of the instruction that runs next.
    #[must_use]
    pub fn next(&self) -> u32 {
        self.next
    }

    /// Lowest value that the stack pointer ever had.
    #[must_use]
    pub fn lowest_stack(&self) -> u32 {
        self.lowest_stack
    }

    /// Takes note of a value that the stack pointer had elsewhere; from scratch with `anew`.
    pub(crate) fn note_stack(&mut self, value: u32, anew: bool) {
        self.lowest_stack = if anew { value } else { self.lowest_stack.min(value) };
    }

    pub(crate) fn registers(&self) -> &[u32; 16] {
        &self.registers
    }

    /// Value of a register; the PC's is that of the instruction before, plus 4.
    #[inline]
    #[must_use]
    pub fn get(&self, register: Register) -> u32 {
        self.registers[register.index()]
    }

    /// Sets a register. The stack pointer keeps its low two bits clear. Setting the PC here is no branch.
    #[inline]
    pub fn set(&mut self, register: Register, value: u32) {
        self.registers[register.index()] = value;
        if register == Register::SP {
            let value = value & !3;
            self.registers[register.index()] = value;
            self.lowest_stack = self.lowest_stack.min(value);
        }
    }

    /// Goes to the instruction of `len_bytes` bytes at [`next`](Self::next).
    #[inline]
    pub(crate) fn advance(&mut self, len_bytes: u32) {
        self.registers[Register::PC.index()] = self.next.wrapping_add(4);
        self.next = self.next.wrapping_add(len_bytes);
    }

    /// Whether the instruction at hand runs: the condition of its IT block, if it is in one. Moves on in the block.
    #[inline]
    pub(crate) fn take_condition(&mut self) -> Passed {
        if self.it == 0 {
            return Passed::Free;
        }
        let passes = self.passes(Condition::new(field(u32::from(self.it), 4, 4)));
        // ITAdvance(): A7.3.3.
        self.it = if self.it & 7 == 0 { 0 } else { self.it & 0xE0 | self.it << 1 & 0x1F };
        if passes { Passed::InBlock } else { Passed::No }
    }

    /// Whether `condition` holds: `ConditionPassed()`, A7.3.1.
    #[inline]
    #[must_use]
    pub fn passes(&self, condition: Condition) -> bool {
        let Flags { n, z, c, v, .. } = self.flags;
        match condition.code() {
            0 => z,
            1 => !z,
            2 => c,
            3 => !c,
            4 => n,
            5 => !n,
            6 => v,
            7 => !v,
            8 => c && !z,
            9 => !c || z,
            10 => n == v,
            11 => n != v,
            12 => n == v && !z,
            13 => n != v || z,
            _ => true,
        }
    }

    /// `BranchWritePC()`.
    #[inline]
    fn branch(&mut self, target: u32) {
        self.next = target & !1;
    }

    /// `BXWritePC()`: the target's low bit must say Thumb. In a handler the highest addresses mean its end: B1.5.8.
    #[inline]
    fn branch_exchange(&mut self, target: u32) -> Result<(), Reason> {
        if target >> 28 == 15 && self.exception.is_some() {
            self.returning = Some(target);
            return Ok(());
        }
        if target & 1 == 0 {
            return Err(Reason::NotThumb { target });
        }
        self.branch(target);
        Ok(())
    }
}

/// Whether an instruction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passed {
    /// It is in no IT block.
    Free,
    /// It is in one, and its condition holds.
    InBlock,
    /// Its condition does not hold.
    No,
}

impl Passed {
    /// Whether flags are to be written.
    #[inline]
    fn sets(self, flags: SetFlags) -> bool {
        match flags {
            SetFlags::Never => false,
            SetFlags::Always => true,
            SetFlags::OutsideIt => self == Self::Free,
        }
    }
}
