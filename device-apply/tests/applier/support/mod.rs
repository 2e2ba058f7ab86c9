//! Patches made by hand, and devices to apply them on.

mod device;
mod script;

pub(crate) use device::{ALL_BYTES, Device, Failure, Run, drive, total};
pub(crate) use script::{Options, Patch, Script, digests, noise};
