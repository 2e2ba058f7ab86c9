//! Decides what to encode: diffs, map entries, copies.

pub mod copies;
pub mod diffs;
pub mod literals;
pub mod map;
pub mod mask;
pub mod path;
pub mod prices;
pub(crate) mod sweep;
pub(crate) mod visits;
