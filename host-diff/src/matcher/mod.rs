//! Finds what the target has in common with the base.

pub mod align;
pub mod keys;
pub mod places;
pub mod suffix;
