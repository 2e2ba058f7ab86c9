//! Arithmetic as the architecture's pseudocode defines it: DDI 0403 A2.2.1 and A7.4.2.

use crate::bits::bit;
use crate::instruction::{DataOp, ShiftKind};

/// A result with the carry and overflow that it gives, where it gives one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) value: u32,
    pub(super) carry: bool,
    pub(super) overflow: Option<bool>,
}

/// `AddWithCarry()`.
#[inline]
pub(super) fn add_with_carry(a: u32, b: u32, carry: bool) -> Sum {
    let (sum, first) = a.overflowing_add(b);
    let (value, second) = sum.overflowing_add(u32::from(carry));
    let overflow = bit((a ^ value) & (b ^ value), 31);
    Sum { value, carry: first || second, overflow: Some(overflow) }
}

/// `Shift_C()`: a shift by 0..=255, and the carry it gives; by zero the old carry.
#[inline]
pub(super) fn shift(value: u32, kind: ShiftKind, amount: u32, carry: bool) -> (u32, bool) {
    if amount == 0 {
        return (value, carry);
    }
    match kind {
        ShiftKind::Lsl => match amount {
            1..=31 => (value << amount, bit(value, 32 - amount)),
            32 => (0, bit(value, 0)),
            _ => (0, false),
        },
        ShiftKind::Lsr => match amount {
            1..=31 => (value >> amount, bit(value, amount - 1)),
            32 => (0, bit(value, 31)),
            _ => (0, false),
        },
        ShiftKind::Asr => {
            let signed = value.cast_signed();
            match amount {
                1..=31 => ((signed >> amount).cast_unsigned(), bit(value, amount - 1)),
                _ => ((signed >> 31).cast_unsigned(), bit(value, 31)),
            }
        }
        ShiftKind::Ror => {
            let result = value.rotate_right(amount & 31);
            (result, bit(result, 31))
        }
        ShiftKind::Rrx => (u32::from(carry) << 31 | value >> 1, bit(value, 0)),
    }
}

/// An operation on two operands. `shifted` is the carry of forming the second.
#[inline]
pub(super) fn operate(op: DataOp, a: u32, b: u32, carry: bool, shifted: bool) -> Sum {
    let logical = |value| Sum { value, carry: shifted, overflow: None };
    match op {
        DataOp::And | DataOp::Tst => logical(a & b),
        DataOp::Eor | DataOp::Teq => logical(a ^ b),
        DataOp::Orr => logical(a | b),
        DataOp::Orn => logical(a | !b),
        DataOp::Bic => logical(a & !b),
        DataOp::Mov => logical(b),
        DataOp::Mvn => logical(!b),
        DataOp::Add | DataOp::Cmn => add_with_carry(a, b, false),
        DataOp::Adc => add_with_carry(a, b, carry),
        DataOp::Sub | DataOp::Cmp => add_with_carry(a, !b, true),
        DataOp::Sbc => add_with_carry(a, !b, carry),
        DataOp::Rsb => add_with_carry(b, !a, true),
    }
}

/// `SignedSatQ()`: `value` in `bits` bits, 1..=32, and whether it had to be changed.
#[inline]
pub(super) fn saturate_signed(value: i64, bits: u8) -> (u32, bool) {
    let top = (1i64 << (bits - 1)) - 1;
    let kept = value.clamp(-top - 1, top);
    (crate::bits::low_word(kept.cast_unsigned()), kept != value)
}

/// `UnsignedSatQ()`: `value` in `bits` bits, 0..=32, and whether it had to be changed.
#[inline]
pub(super) fn saturate_unsigned(value: i64, bits: u8) -> (u32, bool) {
    let kept = value.clamp(0, (1i64 << bits) - 1);
    (crate::bits::low_word(kept.cast_unsigned()), kept != value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Value, amount, carry in; result, carry out.
    type Case = (u32, u32, bool, u32, bool);

    fn check(kind: ShiftKind, cases: &[Case]) {
        for &(value, amount, carry, result, out) in cases {
            assert_eq!(
                shift(value, kind, amount, carry),
                (result, out),
                "{kind:?} {value:#x} by {amount}"
            );
        }
    }

    #[test]
    fn left_shifts_carry_the_last_bit_out() {
        check(
            ShiftKind::Lsl,
            &[
                (0x8000_0001, 0, true, 0x8000_0001, true),
                (0x8000_0001, 1, false, 2, true),
                (0x0000_0003, 31, false, 0x8000_0000, true),
                (0x0000_0001, 32, false, 0, true),
                (0x0000_0002, 32, true, 0, false),
                (0xFFFF_FFFF, 33, true, 0, false),
                (0xFFFF_FFFF, 255, true, 0, false),
            ],
        );
    }

    #[test]
    fn logical_right_shifts_fill_with_zeros() {
        check(
            ShiftKind::Lsr,
            &[
                (0x8000_0001, 0, false, 0x8000_0001, false),
                (0x8000_0001, 1, false, 0x4000_0000, true),
                (0x8000_0000, 31, true, 1, false),
                (0x8000_0000, 32, false, 0, true),
                (0x7FFF_FFFF, 32, true, 0, false),
                (0xFFFF_FFFF, 33, true, 0, false),
            ],
        );
    }

    #[test]
    fn arithmetic_right_shifts_fill_with_the_sign() {
        check(
            ShiftKind::Asr,
            &[
                (0x8000_0001, 1, false, 0xC000_0000, true),
                (0x8000_0000, 31, true, 0xFFFF_FFFF, false),
                (0x8000_0000, 32, false, 0xFFFF_FFFF, true),
                (0x8000_0000, 200, false, 0xFFFF_FFFF, true),
                (0x7FFF_FFFF, 32, true, 0, false),
            ],
        );
    }

    #[test]
    fn rotations_carry_the_new_top_bit() {
        check(
            ShiftKind::Ror,
            &[
                (0x0000_0001, 1, false, 0x8000_0000, true),
                (0x8000_0000, 32, false, 0x8000_0000, true),
                (0x0000_0001, 32, true, 1, false),
                (0x0000_0001, 33, false, 0x8000_0000, true),
            ],
        );
        check(
            ShiftKind::Rrx,
            &[(0x0000_0002, 1, true, 0x8000_0001, false), (0x0000_0001, 1, false, 0, true)],
        );
    }

    #[test]
    fn sums_carry_and_overflow_at_their_own_edges() {
        let cases = [
            (0xFFFF_FFFF, 1, false, 0, true, false),
            (0x7FFF_FFFF, 1, false, 0x8000_0000, false, true),
            (0x8000_0000, 0x8000_0000, false, 0, true, true),
            (0xFFFF_FFFF, 0xFFFF_FFFF, true, 0xFFFF_FFFF, true, false),
            // 0 - 0: no borrow; 0 - 1: borrow; -2³¹ - 1 overflows.
            (0, !0, true, 0, true, false),
            (0, !1, true, 0xFFFF_FFFF, false, false),
            (0x8000_0000, !1, true, 0x7FFF_FFFF, true, true),
        ];
        for (a, b, carry_in, value, carry, overflow) in cases {
            let expected = Sum { value, carry, overflow: Some(overflow) };
            assert_eq!(add_with_carry(a, b, carry_in), expected, "{a:#x} + {b:#x} + {carry_in}");
        }
    }

    #[test]
    fn saturation_changes_only_what_does_not_fit() {
        assert_eq!(saturate_signed(127, 8), (127, false));
        assert_eq!(saturate_signed(128, 8), (127, true));
        assert_eq!(saturate_signed(-129, 8), (0xFFFF_FF80, true));
        assert_eq!(saturate_signed(i64::from(i32::MIN), 32), (0x8000_0000, false));
        assert_eq!(saturate_unsigned(255, 8), (255, false));
        assert_eq!(saturate_unsigned(256, 8), (255, true));
        assert_eq!(saturate_unsigned(-1, 31), (0, true));
        assert_eq!(saturate_unsigned(1, 0), (0, true));
    }
}
