//! Entry into and return from exceptions: B1.5.6 to B1.5.8. One stack pointer, the main one; no floating point.

use crate::bits::{bit, byte, field};
use crate::bus::{Bus, BusError, Width};
use crate::cpu::{Cpu, Flags};
use crate::exception::{Exception, Masks};
use crate::fault::Reason;
use crate::instruction::Register;

/// Bytes of a stack frame: R0 to R3, R12, LR, the return address, xPSR.
const FRAME_BYTES: u32 = 32;
/// Registers in it, in order, before the return address.
const STACKED: [u32; 6] = [0, 1, 2, 3, 12, 14];
/// `EXC_RETURN` to a handler, and to thread mode on the main stack; B1.5.8, table B1-8.
const TO_HANDLER: u32 = 0xFFFF_FFF1;
const TO_THREAD: u32 = 0xFFFF_FFF9;

/// What an instruction may have changed before it failed, so that its exception returns to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resume {
    next: u32,
    it: u8,
}

impl Cpu {
    /// The exception that is being served.
    #[must_use]
    pub fn exception(&self) -> Option<Exception> {
        self.exception
    }

    /// What is masked.
    #[inline]
    #[must_use]
    pub fn masks(&self) -> Masks {
        Masks { primask: self.primask, basepri: self.basepri }
    }

    /// `xPSR`: flags, what is left of an IT block, the Thumb bit, the exception; B1.4.2.
    #[must_use]
    pub fn xpsr(&self) -> u32 {
        let it = u32::from(self.it);
        let number = self.exception.map_or(0, |exception| u32::from(exception.number()));
        self.flags.to_word() | field(it, 0, 2) << 25 | field(it, 2, 6) << 10 | 1 << 24 | number
    }

    /// Where the instruction that comes next would be taken up again.
    #[inline]
    pub(crate) fn mark(&self) -> Resume {
        Resume { next: self.next, it: self.it }
    }

    /// Goes back to where [`mark`](Self::mark) was called.
    pub(crate) fn resume(&mut self, mark: Resume) {
        (self.next, self.it) = (mark.next, mark.it);
    }

    /// The value of the exception return that the instruction at hand asked for.
    #[inline]
    pub(crate) fn take_return(&mut self) -> Option<u32> {
        self.returning.take()
    }

    /// Stacks a frame and goes to the handler of `exception` in the table at `vectors`.
    pub(crate) fn enter<B: Bus>(
        &mut self,
        bus: &mut B,
        exception: Exception,
        vectors: u32,
    ) -> Result<(), Reason> {
        let stack = self.get(Register::SP);
        let align = bit(stack, 2);
        let frame = stack.wrapping_sub(FRAME_BYTES) & !7;
        let psr = self.xpsr() | u32::from(align) << 9;
        let registers = STACKED.map(|number| self.get(Register::new(number)));
        let words = registers.into_iter().chain([self.next, psr]);
        for (at, word) in (frame..).step_by(4).zip(words) {
            let written = bus.write(at, Width::Word, word);
            written.map_err(|error| Reason::Entry { exception, address: at, error })?;
        }
        self.set(Register::SP, frame);
        let back = if self.exception.is_some() { TO_HANDLER } else { TO_THREAD };
        self.serve(bus, exception, vectors, back)
    }

    /// `ExceptionTaken()`: goes to the handler of `exception`, which is to return with `back`. Also what a return does when
    /// another exception is due: the frame stays where it is (B1.5.12).
    pub(crate) fn serve<B: Bus>(
        &mut self,
        bus: &mut B,
        exception: Exception,
        vectors: u32,
        back: u32,
    ) -> Result<(), Reason> {
        self.set(Register::LR, back);
        self.exception = Some(exception);
        self.it = 0;
        let address = vectors.wrapping_add(exception.vector_offset());
        let failed = |error| Reason::Entry { exception, address, error };
        let handler = bus.read(address, Width::Word).map_err(failed)?;
        if !bit(handler, 0) {
            return Err(failed(BusError::Refused));
        }
        self.branch(handler);
        Ok(())
    }

    /// Whether `value` is an `EXC_RETURN` that fits, with `nested` other exceptions being served. Silicon would raise a
    /// usage fault otherwise; the process stack is not modelled.
    pub(crate) fn check_return(value: u32, nested: u32) -> Result<(), Reason> {
        match (value, nested) {
            (TO_THREAD, 0) => Ok(()),
            (TO_HANDLER, 1..) => Ok(()),
            _ => Err(Reason::Return { value }),
        }
    }

    /// Unstacks a frame and goes on where it says. `value` is the `EXC_RETURN`, checked.
    pub(crate) fn leave<B: Bus>(&mut self, bus: &mut B, value: u32) -> Result<(), Reason> {
        let refused = Reason::Return { value };
        let to_thread = value == TO_THREAD;
        let frame = self.get(Register::SP);
        let mut words = [0; 8];
        for (at, word) in (frame..).step_by(4).zip(&mut words) {
            let read = bus.read(at, Width::Word);
            *word = read.map_err(|error| Reason::Access { address: at, error })?;
        }
        let [.., target, psr] = words;
        let exception = Exception::new(byte(psr));
        if exception.is_none() != to_thread || !bit(psr, 24) {
            return Err(refused);
        }
        for (number, &value) in STACKED.into_iter().zip(&words) {
            self.set(Register::new(number), value);
        }
        let stack = frame.wrapping_add(FRAME_BYTES) | field(psr, 9, 1) << 2;
        self.set(Register::SP, stack);
        self.flags = Flags::from_word(psr);
        self.it = byte(field(psr, 25, 2) | field(psr, 10, 6) << 2);
        self.exception = exception;
        self.branch(target);
        Ok(())
    }
}
