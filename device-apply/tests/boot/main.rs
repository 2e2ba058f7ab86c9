//! The boot decision and its metadata: against the table in the docs, over all states, and over all cuts.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

mod properties;
mod single;
mod space;
mod sweep;
mod table;
