//! Multiplication and division.

use crate::bits::{bit, byte, high_half, high_word, join, low_half, low_word};
use crate::cpu::{Cpu, lanes};
use crate::instruction::{Half, Multiply, MultiplyLong, Register};

fn half(word: u32, half: Half) -> i64 {
    i64::from(match half {
        Half::Bottom => low_half(word),
        Half::Top => high_half(word),
    })
}

fn signed(word: u32) -> i64 {
    i64::from(word.cast_signed())
}

/// Two products of halves, summed or subtracted.
fn dual(a: u32, b: u32, swap: bool, subtract: bool) -> i64 {
    let b = if swap { b.rotate_right(16) } else { b };
    let (low, high) =
        (half(a, Half::Bottom) * half(b, Half::Bottom), half(a, Half::Top) * half(b, Half::Top));
    if subtract { low - high } else { low + high }
}

pub(super) fn short(
    cpu: &mut Cpu,
    kind: Multiply,
    sets: bool,
    (rd, rn, rm): (Register, Register, Register),
    ra: Option<Register>,
) {
    let (a, b) = (cpu.get(rn), cpu.get(rm));
    let third = ra.map_or(0, |ra| cpu.get(ra));
    // Sums that say in Q that they do not fit into 32 bits; the rest wraps or cannot overflow.
    let mut accumulate = |product: i64| {
        let sum = product + signed(third);
        let value = low_word(sum.cast_unsigned());
        cpu.flags.q |= signed(value) != sum;
        value
    };
    let value = match kind {
        Multiply::Low => a.wrapping_mul(b).wrapping_add(third),
        Multiply::LowSubtract => third.wrapping_sub(a.wrapping_mul(b)),
        Multiply::Halves(x, y) => accumulate(half(a, x) * half(b, y)),
        Multiply::WordHalf(y) => accumulate((signed(a) * half(b, y)) >> 16),
        Multiply::Dual { swap, subtract } => accumulate(dual(a, b, swap, subtract)),
        Multiply::High { round, subtract } => {
            let product = signed(a).wrapping_mul(signed(b)).cast_unsigned();
            let base = join(third, 0);
            let sum =
                if subtract { base.wrapping_sub(product) } else { base.wrapping_add(product) };
            high_word(sum.wrapping_add(u64::from(round) << 31))
        }
        Multiply::Differences => lanes::differences(a, b).wrapping_add(third),
    };
    if sets {
        cpu.flags.set_result(value);
    }
    cpu.set(rd, value);
}

pub(super) fn long(
    cpu: &mut Cpu,
    kind: MultiplyLong,
    (low, high): (Register, Register),
    (rn, rm): (Register, Register),
) {
    let (a, b) = (cpu.get(rn), cpu.get(rm));
    let (old_low, old_high) = (cpu.get(low), cpu.get(high));
    let old = join(old_high, old_low);
    let unsigned = u64::from(a) * u64::from(b);
    let product = (signed(a) * signed(b)).cast_unsigned();
    let value = match kind {
        MultiplyLong::Signed => product,
        MultiplyLong::SignedAdd => old.wrapping_add(product),
        MultiplyLong::Unsigned => unsigned,
        MultiplyLong::UnsignedAdd => old.wrapping_add(unsigned),
        MultiplyLong::UnsignedAddTwo => {
            unsigned.wrapping_add(u64::from(old_low)).wrapping_add(u64::from(old_high))
        }
        MultiplyLong::HalvesAdd(x, y) => old.wrapping_add_signed(half(a, x) * half(b, y)),
        MultiplyLong::Dual { swap, subtract } => {
            old.wrapping_add_signed(dual(a, b, swap, subtract))
        }
    };
    cpu.set(low, low_word(value));
    cpu.set(high, high_word(value));
}

/// Divides; by zero gives zero, as `CCR.DIV_0_TRP` is clear. Returns the bits of the quotient.
pub(super) fn divide(
    cpu: &mut Cpu,
    is_signed: bool,
    rd: Register,
    (rn, rm): (Register, Register),
) -> u8 {
    let (a, b) = (cpu.get(rn), cpu.get(rm));
    let magnitude = |word: u32| {
        if is_signed && bit(word, 31) { word.wrapping_neg() } else { word }
    };
    let value = if is_signed {
        let (a, b) = (a.cast_signed(), b.cast_signed());
        if b == 0 { 0 } else { a.wrapping_div(b).cast_unsigned() }
    } else {
        a.checked_div(b).unwrap_or(0)
    };
    cpu.set(rd, value);
    quotient_bits(magnitude(a), magnitude(b))
}

/// Bits that the quotient may have, judged by the leading zeros of the operands as a divider does.
fn quotient_bits(a: u32, b: u32) -> u8 {
    if a < b || b == 0 {
        return 0;
    }
    byte(b.leading_zeros() - a.leading_zeros() + 1)
}
