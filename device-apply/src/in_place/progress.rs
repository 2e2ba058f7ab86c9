//! How far an in-place update is.

/// What [`step`](super::InPlace::step) does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// It reads the header.
    Header,
    /// It checks the whole patch; nothing was erased.
    Check {
        /// Bytes checked.
        checked: u32,
        /// Bytes of the patch.
        total: u32,
    },
    /// It compares the slot with what the journal of steps says; nothing was erased since the last reset.
    Recover,
    /// It hashes the base; nothing was erased.
    Base {
        /// Bytes hashed.
        checked: u32,
        /// Bytes of the base.
        total: u32,
    },
    /// It moves the base up.
    Slide,
    /// It decodes the body and writes the target over the base.
    Body,
    /// The target is written; it is read back and hashed.
    Target {
        /// Bytes hashed.
        checked: u32,
        /// Bytes of the target.
        total: u32,
    },
    /// The slot holds the target: its digest is right.
    Done {
        /// Bytes of the target.
        target_len: u32,
    },
    /// Nothing: an error poisoned it.
    Failed {
        /// [`code`](super::InPlaceError::code) of that error.
        code: u16,
    },
}

/// How far an in-place update is. The totals are 0 until the header is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What comes next.
    pub stage: Stage,
    /// Steps that are done: pages moved or saved, and pages written, those before the last reset included.
    pub steps_done: u32,
    /// Steps there are.
    pub steps_total: u32,
}
