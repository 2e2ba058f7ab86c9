//! How far an update is.

/// What the applier does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// It waits for the rest of the header.
    Header,
    /// It hashes the base slot; the staging slot is untouched.
    Base {
        /// Bytes hashed.
        checked: u32,
        /// Bytes of the base.
        total: u32,
    },
    /// It decodes the body and writes the staging slot.
    Body,
    /// The target is written; it is read back and hashed.
    Target {
        /// Bytes hashed.
        checked: u32,
        /// Bytes of the target.
        total: u32,
    },
    /// The staging slot holds the target: its digest is right.
    Done {
        /// Bytes of the target.
        target_len: u32,
    },
    /// Nothing: an error poisoned the applier.
    Failed {
        /// [`code`](crate::ApplyError::code) of that error.
        code: u16,
    },
}

/// How far an update is.
///
/// The totals are 0 until the header is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What comes next.
    pub stage: Stage,
    /// Patch bytes that the applier has: those it took, and those that a policy of [`resume`](crate::resume) kept. What is
    /// missing begins here.
    pub patch_done: u32,
    /// Patch bytes there are, header included.
    pub patch_total: u32,
    /// Target bytes made; the last few may not be in flash yet.
    pub target_done: u32,
    /// Target bytes there will be.
    pub target_total: u32,
}
