//! Board support of the demo: the STM32L496's flash, bank swap, watchdog, clocks, serial port.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`flash`] | areas of flash as [`NorFlash`](embedded_storage::nor_flash::NorFlash); torn words as typed errors |
//! | [`bank`] | which physical bank has which addresses, and changing that |
//! | [`reset`] | why the part was reset; resetting it |
//! | [`watchdog`] | the independent watchdog |
//! | [`clock`] | 80 MHz |
//! | [`serial`] | the port behind the debugger's USB |
//! | [`ticks`] | milliseconds |
//! | [`idle`] | sleeping until there is something to do |
//! | [`boot`] | starting another program |
//!
//! All of it is for one core without an operating system, in thread mode: interrupt handlers must not use flash. What a
//! program has to do itself: call [`flash::on_nmi`] from its handler of NMI.
//!
//! Registers are named by address, with the section of the manual that has them. On a host this crate builds and its
//! pure parts are tested; nothing else of it may run there.
//!
//! **Reference** RM0351; PM0214 (Cortex-M4 programming manual). Section numbers and registers other than the flash's are
//! recalled: what was read, and where, is in the docs of `emulator::stm32l4`. None of this has run on silicon yet.
#![no_std]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

pub mod bank;
pub mod boot;
pub mod clock;
mod core_registers;
pub mod flash;
pub mod idle;
mod register;
pub mod reset;
pub mod serial;
pub mod ticks;
pub mod watchdog;
