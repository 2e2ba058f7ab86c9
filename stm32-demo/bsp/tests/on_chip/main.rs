//! The driver as a Thumb program, `stm32-demo/selftest`, on the model of the part: every register access is the one that
//! silicon would see.

mod banks;
mod ecc;
mod flash;
mod others;
mod posting;
mod rig;
