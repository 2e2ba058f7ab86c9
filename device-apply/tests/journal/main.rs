//! Journals on the flash model: cuts, torn records, hostile bytes, wear.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

mod cuts;
mod damage;
mod support;
