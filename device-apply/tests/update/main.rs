//! The update's state machine: against the table in the docs, over all states and events, and over all cuts.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

mod budget;
mod raw;
mod table;
mod world;
