//! Turns two firmware images into the smallest patch that a given microcontroller can apply.

pub mod apply;
pub mod bench;
pub mod budget;
pub mod bundle;
pub mod create;
pub mod digest;
pub mod encode;
pub mod estimate;
pub mod foreign;
pub mod format;
pub mod image;
pub mod in_place;
pub mod info;
pub mod layout;
pub mod matcher;
mod parallel;
pub mod plan;
pub mod report;
pub mod resume;
pub mod self_digest;
pub mod trust;

pub use create::{CreateError, IsaChoice, Options, Patch, create, create_full};
pub use resume::{Epoch, Resume};
