//! Multiplication and division: A5.3.16 and A5.3.17.

use super::{Decoded, Refusal, at, general};
use crate::bits::{bit, field};
use crate::instruction::{Half, Instruction, Multiply, MultiplyLong, Register, SetFlags};

fn half(second: u32, index: u32) -> Half {
    if bit(second, index) { Half::Top } else { Half::Bottom }
}

/// A5.3.16: 32-bit results.
pub(super) fn short(first: u32, second: u32) -> Decoded {
    let (rd, rn, rm, ra) = (at(second, 8), at(first, 0), at(second, 0), at(second, 12));
    general(&[rd, rn, rm])?;
    if field(second, 6, 2) != 0 {
        return Err(Refusal::Undefined);
    }
    let (op, variant) = (field(first, 4, 3), field(second, 4, 2));
    let swap = bit(second, 4);
    let kind = match (op, variant) {
        (0, 0) => Multiply::Low,
        (0, 1) => Multiply::LowSubtract,
        (1, _) => Multiply::Halves(half(second, 5), half(second, 4)),
        (2, 0 | 1) => Multiply::Dual { swap, subtract: false },
        (3, 0 | 1) => Multiply::WordHalf(half(second, 4)),
        (4, 0 | 1) => Multiply::Dual { swap, subtract: true },
        (5, 0 | 1) => Multiply::High { round: swap, subtract: false },
        (6, 0 | 1) => Multiply::High { round: swap, subtract: true },
        (7, 0) => Multiply::Differences,
        _ => return Err(Refusal::Undefined),
    };
    let subtracts = matches!(kind, Multiply::LowSubtract | Multiply::High { subtract: true, .. });
    let ra = (ra != Register::PC || subtracts).then_some(ra);
    if let Some(ra) = ra {
        general(&[ra])?;
    }
    Ok(Instruction::Multiply { kind, flags: SetFlags::Never, rd, rn, rm, ra })
}

/// A5.3.17: 64-bit results, and division.
pub(super) fn long(first: u32, second: u32) -> Decoded {
    let (low, high) = (at(second, 12), at(second, 8));
    let (rn, rm) = (at(first, 0), at(second, 0));
    let swap = bit(second, 4);
    let kind = match (field(first, 4, 3), field(second, 4, 4)) {
        (1 | 3, 15) => {
            general(&[high, rn, rm])?;
            if low != Register::PC {
                return Err(Refusal::Unpredictable);
            }
            return Ok(Instruction::Divide { signed: !bit(first, 5), rd: high, rn, rm });
        }
        (0, 0) => MultiplyLong::Signed,
        (2, 0) => MultiplyLong::Unsigned,
        (4, 0) => MultiplyLong::SignedAdd,
        (4, 8..=11) => MultiplyLong::HalvesAdd(half(second, 5), half(second, 4)),
        (4, 12 | 13) => MultiplyLong::Dual { swap, subtract: false },
        (5, 12 | 13) => MultiplyLong::Dual { swap, subtract: true },
        (6, 0) => MultiplyLong::UnsignedAdd,
        (6, 6) => MultiplyLong::UnsignedAddTwo,
        _ => return Err(Refusal::Undefined),
    };
    general(&[low, high, rn, rm])?;
    if low == high {
        return Err(Refusal::Unpredictable);
    }
    Ok(Instruction::MultiplyLong { kind, low, high, rn, rm })
}
