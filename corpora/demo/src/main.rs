//! Demo firmware of patcher: a field weather station with a modem, a Modbus port, a GNSS receiver and a shell.
//!
//! It exists to be updated. Three releases are cut from this source by cargo features: 1.0.0 (none), 1.0.1
//! (`v1_0_1`, a bug fix of a few lines) and 1.1.0 (`v1_1_0`, a new module and changed structures).
#![cfg_attr(target_os = "none", no_std, no_main)]
#![cfg_attr(
    not(target_os = "none"),
    allow(dead_code, reason = "the host build only type-checks, lints and tests the modules")
)]

mod app;
mod cell;
mod chip;
mod driver;
mod math;
#[cfg(target_os = "none")]
mod startup;
mod version;

#[cfg(not(target_os = "none"))]
fn main() {
    println!("demo firmware {}: build it for a thumb target", version::TEXT);
}
