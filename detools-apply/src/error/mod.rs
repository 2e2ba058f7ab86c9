//! What can go wrong, and what to do about it.

mod apply;
mod codec;
mod patch;

pub use apply::{ApplyError, Flash, FlashError};
pub use codec::CodecError;
pub use patch::PatchError;

/// What the caller should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A rule of the API was broken: report it.
    Bug,
    /// A flash operation failed: try again, then give up and report.
    Flash,
    /// The patch needs more than this device offers, or something that it lacks: ask for another one.
    Limit,
    /// The patch is damaged: discard it and download it again.
    Malformed,
    /// The patch is for another base: ask for the right one.
    Mismatch,
}
