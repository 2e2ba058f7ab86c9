//! How an update ended.

use super::event::Failure;
use crate::Class;

/// How the last update ended, and what the one under way has failed with so far.
///
/// | outcome | LwM2M 5/0/5 |
/// | --- | --- |
/// | `None` | 0, initial |
/// | `Updated` | 1, updated |
/// | `Failed` by a limit of the flash, of the RAM | 2, 3 |
/// | `Link` | 4, connection lost |
/// | `Failed`: malformed, untrusted | 5, integrity |
/// | `Failed`: wrong base | 6, unsupported package |
/// | `Failed`: flash, bug | 8, update failed |
/// | `Reverted` | 8, update failed |
/// | `Cancelled` | 10, cancelled |
///
/// **Reference**: OMA LwM2M object 5, version 1.2, resource 5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is known to have failed or ended.
    #[default]
    None,
    /// The target is confirmed.
    Updated,
    /// The connection broke.
    Link,
    /// The patch failed.
    Failed {
        /// What kind of error it was.
        class: Class,
        /// Its number.
        code: u16,
    },
    /// The target was started and given up, or never started.
    Reverted {
        /// [`Reason::number`](crate::boot::Reason::number) if the boot metadata names one, else 0.
        reason: u8,
    },
    /// The server took it back.
    Cancelled,
}

/// Code of an error that a device without enough flash gets: [`ApplyError::TargetTooLong`](crate::ApplyError::TargetTooLong).
const TARGET_TOO_LONG: u16 = 66;

impl Outcome {
    /// The *Update Result* of LwM2M object 5.
    #[must_use]
    pub const fn lwm2m_result(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Updated => 1,
            Self::Link => 4,
            Self::Failed { class: Class::Limit, code: TARGET_TOO_LONG } => 2,
            Self::Failed { class: Class::Limit, .. } => 3,
            Self::Failed { class: Class::Malformed | Class::Untrusted, .. } => 5,
            Self::Failed { class: Class::Mismatch, .. } => 6,
            Self::Failed { class: Class::Flash | Class::Bug, .. } | Self::Reverted { .. } => 8,
            Self::Cancelled => 10,
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Link => Self::Link,
            Failure::Patch { class, code } => Self::Failed { class, code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApplyError;

    #[test]
    fn a_target_that_is_too_long_lacks_flash() {
        let error = ApplyError::<(), ()>::TargetTooLong { expected: 2, got: 1 };
        assert_eq!(error.code(), TARGET_TOO_LONG);
        assert_eq!(Outcome::from(Failure::from(&error)).lwm2m_result(), 2);
    }
}
