//! Drives the demo's device, its real binaries in the emulator, through what an update can meet.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`image`] | programs as signed images |
//! | [`board`] | a device out of the factory, its power, its boot metadata |
//! | [`host`] | the other side of the serial port: requests and their answers |
//! | [`delivery`] | updates: what a server does to get a target onto the device |
//! | [`single`] | the same with one slot, and updates in place |
//! | [`scenario`] | stories as data, and their transcripts |
//! | [`sweep`] | power cuts at every operation of the flash in an update |
//! | [`transfer_sweep`] | the same while a device with one slot takes patches in |
//! | [`single_sweep`] | and while its bootloader applies a patch in place, either way |
#![forbid(unsafe_code)]

pub mod board;
pub mod delivery;
pub mod host;
pub mod image;
pub mod scenario;
pub mod single;
pub mod single_sweep;
pub mod sweep;
pub mod transfer_sweep;

pub use board::{Board, Release};
pub use delivery::{Delivery, Outcome};
pub use host::LinkError;
