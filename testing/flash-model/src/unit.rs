//! The state of one write unit, apart from its bytes.

/// State of one write unit, the smallest piece of flash that is programmed and has an ECC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnitState {
    /// Erased: may be programmed.
    Erased,
    /// Programmed since the last erase, even if with erased bytes.
    Programmed {
        /// How often.
        programs: u8,
    },
    /// Torn or programmed twice: its ECC does not match, a read faults.
    Poisoned,
    /// Reads as erased and yet must not be programmed: left by a torn program or a torn erase.
    Unstable,
}

impl UnitState {
    /// Programs since the last erase.
    #[must_use]
    pub const fn programs(self) -> u8 {
        match self {
            Self::Programmed { programs } => programs,
            Self::Poisoned => 1,
            Self::Erased | Self::Unstable => 0,
        }
    }
}
