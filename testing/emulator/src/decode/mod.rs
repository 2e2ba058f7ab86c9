//! Halfwords to instructions: DDI 0403 chapter A5.
//!
//! Whatever is not decoded is refused with a reason, never skipped.

use core::fmt;

use crate::instruction::{Instruction, Shift, ShiftKind};

mod narrow;
mod wide;

#[cfg(test)]
mod tests;

/// Why an encoding is no [`Instruction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The architecture leaves it undefined, or it is `UDF`.
    Undefined,
    /// The architecture does not say what it does.
    Unpredictable,
    /// It is an instruction that is not modelled: events, exclusive access, coprocessors, unprivileged access.
    NotModelled,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undefined => "undefined",
            Self::Unpredictable => "unpredictable",
            Self::NotModelled => "not modelled",
        })
    }
}

type Decoded = Result<Instruction, Refusal>;

/// Whether an instruction that starts with `first` has a second halfword.
#[inline]
#[must_use]
pub const fn is_wide(first: u32) -> bool {
    first >> 11 >= 0b1_1101
}

/// The instruction with the halfwords `first` and, if it [`is_wide`], `second`; their high halves are zero.
///
/// # Errors
/// Why it is not one.
pub fn decode(first: u32, second: u32) -> Result<Instruction, Refusal> {
    if is_wide(first) { wide::decode(first, second) } else { narrow::decode(first) }
}

/// `DecodeImmShift()`: a shift by a constant, from its type and its five bits.
fn shift(kind: u32, amount: u32) -> Shift {
    let [amount, ..] = amount.to_le_bytes();
    match (kind & 3, amount) {
        (0, _) => Shift { kind: ShiftKind::Lsl, amount },
        (1, 0) => Shift { kind: ShiftKind::Lsr, amount: 32 },
        (1, _) => Shift { kind: ShiftKind::Lsr, amount },
        (2, 0) => Shift { kind: ShiftKind::Asr, amount: 32 },
        (2, _) => Shift { kind: ShiftKind::Asr, amount },
        (_, 0) => Shift { kind: ShiftKind::Rrx, amount: 1 },
        (_, _) => Shift { kind: ShiftKind::Ror, amount },
    }
}
