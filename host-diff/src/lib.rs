//! Turns two firmware images into the smallest patch that a given microcontroller can apply.

pub mod encode;
pub mod image;
pub mod matcher;
pub mod plan;
