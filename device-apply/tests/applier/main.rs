//! The applier on the flash model: what it does, what it refuses, what damage it survives.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod damage;
mod errors;
mod flash_errors;
#[cfg(feature = "in-place")]
mod in_place;
mod power_cut;
mod progress;
mod ram;
mod refusals;
mod resume;
mod round_trip;
mod support;
mod units;
