//! When power fails.

use crate::Tear;

/// Where in an operation power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the operation: flash is as if it had not been asked for.
    Before,
    /// Inside the operation.
    Inside(Tear),
    /// After the operation: it is complete, but its caller never learns.
    After,
}

/// A cut that waits for its operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Armed {
    pub(crate) operations_left: u64,
    pub(crate) cut: Cut,
}

/// What becomes of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Completes,
    Cut(Cut),
}

impl Fate {
    /// What the caller of the operation learns.
    pub(crate) fn result(self) -> Result<(), crate::FlashError> {
        match self {
            Self::Completes => Ok(()),
            Self::Cut(_) => Err(crate::FlashError::PowerLost),
        }
    }
}
