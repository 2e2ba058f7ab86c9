//! How far an update is.

/// What an applier does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// It waits for the rest of the header.
    Header,
    /// In place: it moves the base up.
    Shift,
    /// It decodes, and writes the target.
    Body,
    /// The target is written; it waits for the end of the patch.
    End,
    /// The target is written and the patch has ended as it should. Whether it is the right target, the format cannot tell.
    Done,
    /// Nothing: an error poisoned it.
    Failed {
        /// [`code`](crate::ApplyError::code) of that error.
        code: u16,
    },
}

/// How far an update is. The total is 0 until the header is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What comes next.
    pub stage: Stage,
    /// Target bytes made; the last few may not be in flash yet.
    pub target_done: u32,
    /// Target bytes there will be.
    pub target_total: u32,
}

/// Bytes that one call makes or moves at most.
pub(crate) const SLICE_BYTES: u32 = 4096;
