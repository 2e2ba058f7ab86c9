//! Drives the demo's device, its real binaries in the emulator, through what an update can meet.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`image`] | programs as signed images |
//! | [`board`] | a device out of the factory, its power, its boot metadata |
//! | [`host`] | the other side of the serial port: requests, updates |
//! | [`scenario`] | stories as data, and their transcripts |
#![forbid(unsafe_code)]

pub mod board;
pub mod host;
pub mod image;
pub mod scenario;

pub use board::{Board, Release};
pub use host::{Delivery, LinkError, Outcome};
