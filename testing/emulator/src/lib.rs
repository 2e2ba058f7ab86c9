//! Runs Cortex-M4 binaries on the host, counts instructions, estimates cycles, and watches the stack.
//!
//! It knows ELF files, instructions and a bus, and nothing of what the program is for. A program ends at a `BKPT`:
//!
//! ```
//! use emulator::{Machine, Memory, Stop};
//!
//! // movs r0, #6; movs r1, #7; muls r0, r1; bkpt #0
//! let program = [0x2006u16, 0x2107, 0x4348, 0xBE00].map(u16::to_le_bytes).concat();
//! let mut memory = Memory::new();
//! memory.map_rom(0x0800_0000, &program)?;
//! memory.map_ram(0x2000_0000, 1024)?;
//!
//! let mut machine = Machine::new(memory, 0x0800_0001, 0x2000_0400);
//! assert_eq!(machine.run(100)?, Stop::Breakpoint { code: 0 });
//! assert_eq!(machine.register(0), 42);
//! assert_eq!(machine.counters().instructions, 4);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`instruction`] | what an instruction does, as data |
//! | [`decode`] | halfwords to instructions |
//! | [`cpu`] | registers, and instructions at work on them and a bus |
//! | [`bus`], [`memory`] | what the core talks to; plain ROM and RAM |
//! | [`exception`] | interrupt controller, SysTick, system control space, for a bus that has them |
//! | [`timing`] | what an instruction costs on a Cortex-M4 |
//! | [`machine`] | core, bus and counters together, run to a stop |
//! | [`stm32l4`] | a whole part: STM32L496 |
//! | [`elf`], [`profile`] | programs and their symbols; where the cycles went |
//!
//! # What it does not do
//!
//! No floating point, no exclusive access, no process stack, no memory protection, no handlers for single kinds of
//! faults, no wait states. Whatever is not modelled, and whatever the architecture calls unpredictable, is a [`Fault`]
//! that names the place; nothing is skipped. What silicon raises `HardFault` for does so when the bus has exceptions, and
//! is a [`Fault`] like the rest when it has none.
//!
//! **Reference** for instructions: Arm DDI 0403E (ARMv7-M Architecture Reference Manual); for cycles: Arm 100166 r0p1
//! (Cortex-M4 Technical Reference Manual).
#![forbid(unsafe_code)]

mod bits;
pub mod bus;
pub mod cpu;
pub mod decode;
pub mod elf;
pub mod exception;
mod fault;
pub mod instruction;
pub mod machine;
pub mod memory;
pub mod profile;
pub mod stm32l4;
pub mod timing;

pub use bus::{Bus, BusError, Width};
pub use elf::Program;
pub use fault::{Fault, Reason};
pub use machine::{Counters, Machine, Stop};
pub use memory::Memory;
pub use profile::Profile;
