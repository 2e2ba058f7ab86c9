//! What tests, vectors and fuzz targets of the patch format share.
//!
//! Nothing here ships. Panics are findings: a function of this crate panics when the codec breaks a promise, so that a
//! test and a fuzz target can call the same one.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`decode`] | whole patches through the real decoder: at any chunking, with a restart at every mark |
//! | [`cores`] | the same for any instruction set, without RAM |
//! | [`firmware`] | pairs of made-up Thumb images in which code moves |
//! | [`forge`] | bodies that no encoder would write |
//! | [`hostile`] | what must hold for any input, one function per fuzz target |
//! | [`memory`] | images in memory that notice a decoder out of bounds |
//! | [`plan`] | a naive planner, with restart marks |
//! | [`random`] | numbers that are the same on every machine |
//! | [`seal`] | signed patches, with keys that are no secret |
//! | [`trial`] | two related images out of any bytes |
//! | [`vectors`] | the index of `vectors/` |

pub mod cores;
pub mod decode;
pub mod firmware;
pub mod forge;
pub mod hostile;
pub mod memory;
pub mod plan;
pub mod random;
pub mod seal;
pub mod trial;
pub mod vectors;
