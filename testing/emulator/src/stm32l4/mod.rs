//! An STM32L496: core, flash with its controller, RAM, clocks, watchdog, a serial port.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`device`] | the part on a board: power, reset, what a test does with it |
//! | [`chip`] | the bus: which address is what; time |
//! | [`flash`] | both banks and their controller |
//! | `rcc`, `iwdg`, `syscfg`, `uart`, `gpio`, `power` | the peripherals |
//!
//! # What it is strict about
//!
//! Flash is refused as silicon refuses it: keys, locks, sizes, alignment, the order of steps, flags left over, words that
//! are programmed already, protected pages. A torn or badly programmed double word raises NMI when it is read. Erase
//! commands name physical banks, whatever is mapped where. Reading a bank that is busy takes until it is ready. A reset in
//! the middle of an operation tears it. Where the manual forbids something and does not say what happens, the access fails
//! with [`Misuse`](crate::BusError::Misuse): a register whose clock is off, a locked or busy controller, banks swapped
//! under caches that are on, erased pages read through a cache that was not reset, too few wait states.
//!
//! # What it leaves out
//!
//! Wait states and caches as time: cycles are those of [`timing`](crate::timing). Caches as memory: only what must not
//! be read through them is known. DMA, low-power modes, fast programming, mass erase, PCROP, read protection, pins.
//!
//! **Reference** RM0351 rev 9 (reference manual), DS11585 (datasheet of the STM32L496). What was not read there but in
//! registers' descriptions of others says so.

pub mod chip;
pub mod device;
pub mod flash;
mod gpio;
mod iwdg;
mod power;
mod rcc;
mod syscfg;
mod time;
mod uart;

pub use chip::Chip;
pub use device::{Device, Event};
pub use flash::Bank;
pub use rcc::ResetCause;
