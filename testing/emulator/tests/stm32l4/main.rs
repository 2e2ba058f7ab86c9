//! The STM32L496 at its registers: what it does, and what it refuses as silicon does.

mod board;
mod caches;
mod ecc;
mod flash;
mod options;
mod peripherals;
mod power;
