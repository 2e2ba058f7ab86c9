//! Attacks on a device that checks signatures: none changes what is in flash, or none is accepted.
//!
//! Run with `--features p256`; a workspace-wide test has it on.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod attacks;
mod blocks;
mod bundles;
#[cfg(feature = "in-place")]
mod in_place;
mod resume;
mod staged;
mod support;
mod vectors;
