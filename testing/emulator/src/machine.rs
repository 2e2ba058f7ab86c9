//! Core, bus and counters together, run to a stop.

use core::fmt;

use crate::bus::{Bus, BusError};
use crate::cpu::{Cpu, Passed, execute};
use crate::decode::{Refusal, decode, is_wide};
use crate::exception::Exception;
use crate::exception::system::FaultCause;
use crate::fault::{Fault, Reason};
use crate::instruction::{Instruction, Register};
use crate::timing::{Cost, EXCEPTION_CYCLES, Pipeline, REFILL_CYCLES, TAIL_CHAIN_CYCLES};

/// Why a machine stopped, when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The program executed `BKPT`: it is done, and has something to say with its operand.
    Breakpoint {
        /// The operand.
        code: u8,
    },
    /// It executed as many instructions as it was allowed to.
    Budget,
    /// The bus says that the core cannot go on.
    Halted,
    /// Whoever let it run only wanted to come as far as this.
    Asked,
}

/// What a machine did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Instructions, those whose condition did not hold included.
    pub instructions: u64,
    /// Cycles without those of pipeline refills.
    pub base_cycles: u64,
    /// Pipeline refills: branches taken, and the like.
    pub refills: u64,
}

impl Counters {
    /// What was done since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            instructions: self.instructions - before.instructions,
            base_cycles: self.base_cycles - before.base_cycles,
            refills: self.refills - before.refills,
        }
    }

    /// Estimated cycles, with `refill` cycles for each pipeline refill; the manual says 1 to 3.
    #[must_use]
    pub fn cycles(&self, refill: u32) -> u64 {
        self.base_cycles + u64::from(refill) * self.refills
    }
}

/// What wants to know of every instruction. `()` does not.
pub trait Observer {
    /// The instruction at `pc` was executed.
    fn executed(&mut self, pc: u32, cost: Cost);
}

impl Observer for () {
    #[inline]
    fn executed(&mut self, _pc: u32, _cost: Cost) {}
}

/// Slots of the memo of decoded instructions, log2.
const MEMO_LOG2: u32 = 12;

/// An encoding and what it decodes to, which does not depend on where it is.
type Memo = (u32, Result<Instruction, Refusal>);

/// A core, what it is connected to, and its counters.
#[derive(Clone)]
pub struct Machine<B> {
    cpu: Cpu,
    bus: B,
    pipeline: Pipeline,
    counters: Counters,
    stack: u32,
    memo: Box<[Memo]>,
    last_fault: Option<Fault>,
}

impl<B: fmt::Debug> fmt::Debug for Machine<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Machine");
        shown.field("cpu", &self.cpu).field("bus", &self.bus).field("counters", &self.counters);
        shown.finish_non_exhaustive()
    }
}

impl<B: Bus> Machine<B> {
    /// A machine about to run the instruction at `entry` (with or without its Thumb bit) with `stack` in SP and zeros in
    /// the other registers, except LR, which leads nowhere.
    #[must_use]
    pub fn new(bus: B, entry: u32, stack: u32) -> Self {
        let nothing = (0, decode(0, 0));
        Self {
            cpu: Cpu::new(entry, stack),
            bus,
            pipeline: Pipeline::default(),
            counters: Counters::default(),
            stack: stack & !3,
            memo: vec![nothing; 1 << MEMO_LOG2].into_boxed_slice(),
            last_fault: None,
        }
    }

    /// Starts the core anew; bus and counters stay.
    pub fn restart(&mut self, entry: u32, stack: u32) {
        self.cpu = Cpu::new(entry, stack);
        self.pipeline = Pipeline::default();
        self.stack = stack & !3;
    }

    /// Runs until a breakpoint, `budget` instructions at most.
    ///
    /// # Errors
    /// [`Fault`]: where and why it cannot go on.
    pub fn run(&mut self, budget: u64) -> Result<Stop, Fault> {
        self.run_observed(budget, &mut ())
    }

    /// [`run`](Self::run), and tells `observer` of every instruction.
    ///
    /// # Errors
    /// [`Fault`]: where and why it cannot go on.
    pub fn run_observed<O: Observer>(
        &mut self,
        budget: u64,
        observer: &mut O,
    ) -> Result<Stop, Fault> {
        self.run_until(budget, observer, |_| false)
    }

    /// Runs until the stack pointer is at `level` or above, after it was below, so what had been called at that depth is over; or until
    /// the next instruction is at `end` or behind it.
    pub(crate) fn run_to_rise(&mut self, budget: u64, level: u32, end: u32) -> Result<Stop, Fault> {
        let mut below = false;
        self.run_until(budget, &mut (), |cpu| {
            let now = cpu.get(Register::SP) < level;
            core::mem::replace(&mut below, now) && !now || cpu.next() >= end
        })
    }

    /// Runs until `ends` says so after an instruction, and as [`run_observed`](Self::run_observed).
    pub(crate) fn run_until<O: Observer>(
        &mut self,
        budget: u64,
        observer: &mut O,
        mut ends: impl FnMut(&Cpu) -> bool,
    ) -> Result<Stop, Fault> {
        for _ in 0..budget {
            if self.bus.halted() {
                return Ok(Stop::Halted);
            }
            let pc = self.cpu.next();
            let mark = self.cpu.mark();
            match self.step(observer) {
                Ok(None) if ends(&self.cpu) => return Ok(Stop::Asked),
                Ok(None) => {}
                Ok(Some(code)) => return Ok(Stop::Breakpoint { code }),
                Err(reason) => {
                    let fault = Fault { pc, reason };
                    if !self.raises(fault) {
                        return Err(fault);
                    }
                    self.cpu.resume(mark);
                }
            }
        }
        Ok(Stop::Budget)
    }

    /// One instruction, or the entry into an exception; the operand of a breakpoint.
    #[inline]
    fn step<O: Observer>(&mut self, observer: &mut O) -> Result<Option<u8>, Reason> {
        if let Some((exception, vectors)) = self.due() {
            self.cpu.enter(&mut self.bus, exception, vectors)?;
            if let Some(system) = self.bus.exceptions() {
                system.controller.enter(exception);
                system.set_current(Some(exception));
            }
            self.bus.pass(EXCEPTION_CYCLES);
            return Ok(None);
        }
        let pc = self.cpu.next();
        let (instruction, len_bytes) = self.fetch(pc)?;
        self.cpu.advance(len_bytes);
        let passed = self.cpu.take_condition();
        let effect = if passed == Passed::No {
            None
        } else {
            Some(execute(&mut self.cpu, &mut self.bus, &instruction, passed)?)
        };
        let cost = self.pipeline.charge(&instruction, effect);
        self.counters.instructions += 1;
        self.counters.base_cycles += u64::from(cost.cycles);
        self.counters.refills += u64::from(cost.refills);
        observer.executed(pc, cost);
        self.bus.pass(cost.cycles + REFILL_CYCLES * cost.refills);
        if let Some(value) = self.cpu.take_return() {
            self.leave(value)?;
        }
        match instruction {
            Instruction::Breakpoint { code } => return Ok(Some(code)),
            Instruction::SupervisorCall if passed != Passed::No => self.call()?,
            Instruction::WaitForInterrupt if passed != Passed::No => self.wait()?,
            _ => {}
        }
        Ok(None)
    }

    /// The exception that is to be taken before the next instruction, and where its vector is.
    #[inline]
    fn due(&mut self) -> Option<(Exception, u32)> {
        let system = self.bus.exceptions()?;
        if !system.controller.has_pending() {
            return None;
        }
        Some((system.controller.next(self.cpu.masks())?, system.vector_table()))
    }

    /// The end of a handler: back to what it interrupted, or to another handler that is due.
    fn leave(&mut self, value: u32) -> Result<(), Reason> {
        let (masks, served) = (self.cpu.masks(), self.cpu.exception());
        let Some((system, served)) = self.bus.exceptions().zip(served) else {
            return Err(Reason::Return { value });
        };
        let nested = system.controller.active_count().saturating_sub(1);
        Cpu::check_return(value, nested)?;
        system.controller.leave(served);
        if let Some(next) = system.controller.next(masks) {
            system.controller.enter(next);
            system.set_current(Some(next));
            let vectors = system.vector_table();
            self.bus.pass(TAIL_CHAIN_CYCLES);
            return self.cpu.serve(&mut self.bus, next, vectors, value);
        }
        self.cpu.leave(&mut self.bus, value)?;
        let now = self.cpu.exception();
        if let Some(system) = self.bus.exceptions() {
            system.set_current(now);
        }
        self.bus.pass(EXCEPTION_CYCLES);
        Ok(())
    }

    /// `SVC`: its exception, or `HardFault` when something at least as urgent is being served (B1.5.16).
    fn call(&mut self) -> Result<(), Reason> {
        let masks = self.cpu.masks();
        let system = self.bus.exceptions().ok_or(Reason::NoExceptions)?;
        let takes = system.controller.preempts(Exception::SV_CALL, masks);
        let taken = if takes { Exception::SV_CALL } else { Exception::HARD_FAULT };
        if !system.controller.preempts(taken, masks) {
            return Err(Reason::Lockup);
        }
        system.controller.pend(taken, true);
        Ok(())
    }

    /// `WFI`: wakes when an exception would be taken, or would be but for `PRIMASK` (B1.5.19).
    fn wait(&mut self) -> Result<(), Reason> {
        let masks = crate::exception::Masks { primask: false, ..self.cpu.masks() };
        loop {
            let system = self.bus.exceptions().ok_or(Reason::NoExceptions)?;
            if system.controller.next(masks).is_some() || self.bus.halted() {
                return Ok(());
            }
            if !self.bus.sleep() {
                return Err(Reason::Asleep);
            }
        }
    }

    /// Whether silicon raises an exception for `fault`: then it is pending. The rest stops the machine, as does a fault
    /// where none can be taken: silicon locks up (B1.5.15).
    #[cold]
    fn raises(&mut self, fault: Fault) -> bool {
        let masks = self.cpu.masks();
        let Some(system) = self.bus.exceptions() else { return false };
        let known = |error| !matches!(error, BusError::NotModelled | BusError::Misuse);
        let cause = match fault.reason {
            Reason::Access { address, error } if known(error) => FaultCause::Data { address },
            Reason::Fetch { error, .. } if known(error) => FaultCause::Fetch,
            Reason::Encoding { refusal: Refusal::Undefined, .. } => FaultCause::Undefined,
            Reason::NotThumb { .. } => FaultCause::NotThumb,
            Reason::Unaligned { .. } => FaultCause::Unaligned,
            _ => return false,
        };
        if !system.controller.preempts(Exception::HARD_FAULT, masks) {
            return false;
        }
        system.fault(cause);
        self.last_fault = Some(fault);
        true
    }

    /// The last fault that became a `HardFault`.
    #[must_use]
    pub fn last_fault(&self) -> Option<Fault> {
        self.last_fault
    }

    /// The instruction at `pc` and its length.
    #[inline]
    fn fetch(&mut self, pc: u32) -> Result<(Instruction, u32), Reason> {
        let first = self.halfword(pc)?;
        let wide = is_wide(first);
        let second = if wide { self.halfword(pc.wrapping_add(2))? } else { 0 };
        let halfwords = first << 16 | second;
        let slot = halfwords.wrapping_mul(0x9E37_79B1) >> (32 - MEMO_LOG2);
        let memo = &mut self.memo[slot as usize];
        if memo.0 != halfwords {
            *memo = (halfwords, decode(first, second));
        }
        let instruction = memo.1.map_err(|refusal| Reason::Encoding { halfwords, refusal })?;
        Ok((instruction, if wide { 4 } else { 2 }))
    }

    #[inline]
    fn halfword(&mut self, address: u32) -> Result<u32, Reason> {
        self.bus.fetch(address).map_err(|error| Reason::Fetch { address, error })
    }

    /// The core and what prices its next instruction, to be put elsewhere.
    pub(crate) fn core(&self) -> (Cpu, Pipeline) {
        (self.cpu.clone(), self.pipeline.clone())
    }

    /// Puts a core of [`core`](Self::core) in the place of this one.
    pub(crate) fn set_core(&mut self, cpu: &Cpu, pipeline: &Pipeline) {
        self.cpu = cpu.clone();
        self.pipeline = pipeline.clone();
    }

    /// Counts what was done elsewhere.
    pub(crate) fn count(&mut self, done: Counters) {
        self.counters.instructions += done.instructions;
        self.counters.base_cycles += done.base_cycles;
        self.counters.refills += done.refills;
    }

    /// The core.
    #[must_use]
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// The core, to prepare it.
    pub fn cpu_mut(&mut self) -> &mut Cpu {
        &mut self.cpu
    }

    /// Value of register `number`, 0..=14.
    #[must_use]
    pub fn register(&self, number: u32) -> u32 {
        self.cpu.get(Register::new(number))
    }

    /// What the core is connected to.
    #[must_use]
    pub fn bus(&self) -> &B {
        &self.bus
    }

    /// What the core is connected to, to change it.
    pub fn bus_mut(&mut self) -> &mut B {
        &mut self.bus
    }

    /// What it did so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Most bytes of stack that were in use at the same time: how far SP ever was below its first value.
    #[must_use]
    pub fn peak_stack_bytes(&self) -> u32 {
        self.stack.saturating_sub(self.cpu.lowest_stack())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;
    use crate::{BusError, Width};

    fn machine(program: &[u16]) -> Machine<Memory> {
        let mut memory = Memory::new();
        let bytes: Vec<u8> = program.iter().flat_map(|half| half.to_le_bytes()).collect();
        memory.map_rom(0x0800_0000, &bytes).unwrap();
        memory.map_ram(0x2000_0000, 256).unwrap();
        Machine::new(memory, 0x0800_0001, 0x2000_0100)
    }

    #[test]
    fn a_budget_stops_an_endless_loop() {
        // b .
        let mut machine = machine(&[0xE7FE, 0]);
        assert_eq!(machine.run(1000), Ok(Stop::Budget));
        let Counters { instructions, base_cycles, refills } = machine.counters();
        assert_eq!((instructions, base_cycles, refills), (1000, 1000, 1000));
        assert_eq!(machine.counters().cycles(3), 4000);
    }

    #[test]
    fn the_stacks_peak_stays_after_it_was_given_back() {
        // push {r0-r3, lr}; sub sp, #32; add sp, #32; pop {r0-r3}; bkpt #7
        let mut machine = machine(&[0xB50F, 0xB088, 0xB008, 0xBC0F, 0xBE07]);
        assert_eq!(machine.run(10), Ok(Stop::Breakpoint { code: 7 }));
        assert_eq!(machine.peak_stack_bytes(), 52);
    }

    #[test]
    fn what_cannot_go_on_says_where_and_why() {
        let fault = |program: &[u16], reason| {
            assert_eq!(machine(program).run(10), Err(Fault { pc: 0x0800_0002, reason }));
        };
        // nop, then: udf #0; svc #0; wfi; ldrex r0, [r1]; str r0, [pc-relative ROM] by r1
        fault(
            &[0xBF00, 0xDE00],
            Reason::Encoding { halfwords: 0xDE00_0000, refusal: Refusal::Undefined },
        );
        fault(&[0xBF00, 0xDF00], Reason::NoExceptions);
        fault(&[0xBF00, 0xBF30], Reason::NoExceptions);
        fault(
            &[0xBF00, 0xE851, 0x0F00],
            Reason::Encoding { halfwords: 0xE851_0F00, refusal: Refusal::NotModelled },
        );
        // ldr r0, [r1] at 0; bx r0 to an even address
        fault(&[0xBF00, 0x6808], Reason::Access { address: 0, error: BusError::Unmapped });
        fault(&[0xBF00, 0x4700], Reason::NotThumb { target: 0 });
    }

    #[test]
    fn a_return_from_the_program_faults() {
        // bx lr
        let mut machine = machine(&[0x4770, 0]);
        let address = 0xFFFF_FFFE;
        let reason = Reason::Fetch { address, error: BusError::Unmapped };
        assert_eq!(machine.run(10), Err(Fault { pc: address, reason }));
    }

    #[test]
    fn unaligned_words_are_taken_apart_and_lists_must_not_be() {
        // movs r1, #0x20; lsls r1, #24; ldr r0, [r1, #1]; bkpt -- with ldr.w r0, [r1, #1]
        let mut machine = machine(&[0x2120, 0x0609, 0xF8D1, 0x0001, 0xBE00]);
        machine.bus_mut().write(0x2000_0000, Width::Word, 0x4433_2211).unwrap();
        machine.bus_mut().write(0x2000_0004, Width::Word, 0x8877_6655).unwrap();
        assert_eq!(machine.run(10), Ok(Stop::Breakpoint { code: 0 }));
        assert_eq!(machine.register(0), 0x5544_3322);
        // Two cycles of the load, one to wait for r1, two for the other two accesses.
        assert_eq!(machine.counters().base_cycles, 1 + 1 + 5 + 1);
    }
}
