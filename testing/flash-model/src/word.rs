//! The state of one word, apart from its bytes.

/// State of one word (the unit of programming and ECC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WordState {
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

impl WordState {
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
