//! Operations on two halves or four bytes at a time: DDI 0403 A7.7, the instructions of the DSP extension.

use crate::bits::byte;
use crate::cpu::alu::{saturate_signed, saturate_unsigned};
use crate::instruction::{LaneOp, Lanes};

/// One lane's result, and whether its `GE` flags are set.
fn lane(sum: i32, adds: bool, lanes: Lanes, signed: bool, bits: u8) -> (u32, bool) {
    // Without a sign, an addition says "carry", a subtraction "no borrow".
    let greater_equal = if !signed && adds { sum >> bits != 0 } else { sum >= 0 };
    let value = match lanes {
        Lanes::Wrapping => sum.cast_unsigned(),
        Lanes::Halving => (sum >> 1).cast_unsigned(),
        Lanes::Saturating if signed => saturate_signed(i64::from(sum), bits).0,
        Lanes::Saturating => saturate_unsigned(i64::from(sum), bits).0,
    };
    (value & ((1 << bits) - 1), greater_equal)
}

fn part(word: u32, index: u32, bits: u8, signed: bool) -> i32 {
    let bits = u32::from(bits);
    let raised = word << (32 - bits * (index + 1));
    if signed { raised.cast_signed() >> (32 - bits) } else { (raised >> (32 - bits)).cast_signed() }
}

/// The result, and the `GE` flags that it gives if lanes wrap.
pub(super) fn parallel(op: LaneOp, lanes: Lanes, signed: bool, a: u32, b: u32) -> (u32, u8) {
    let (bits, count) = match op {
        LaneOp::Add8 | LaneOp::Sub8 => (8u8, 4u32),
        LaneOp::Add16 | LaneOp::Sub16 | LaneOp::AddSub | LaneOp::SubAdd => (16, 2),
    };
    let crosses = matches!(op, LaneOp::AddSub | LaneOp::SubAdd);
    let (mut result, mut ge) = (0u32, 0u32);
    for index in 0..count {
        let adds = match op {
            LaneOp::Add8 | LaneOp::Add16 => true,
            LaneOp::Sub8 | LaneOp::Sub16 => false,
            LaneOp::AddSub => index == 1,
            LaneOp::SubAdd => index == 0,
        };
        let x = part(a, index, bits, signed);
        let y = part(b, if crosses { 1 - index } else { index }, bits, signed);
        let (value, flag) = lane(if adds { x + y } else { x - y }, adds, lanes, signed, bits);
        result |= value << (u32::from(bits) * index);
        let flags = if bits == 8 { 1 } else { 3 };
        if flag {
            ge |= flags << (4 / count * index);
        }
    }
    (result, byte(ge))
}

/// `SEL`: bytes of `a` where the `GE` flag is set, of `b` elsewhere.
pub(super) fn select(ge: u8, a: u32, b: u32) -> u32 {
    let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
    u32::from_le_bytes(core::array::from_fn(
        |index| if ge >> index & 1 == 1 { a[index] } else { b[index] },
    ))
}

/// Sum of the absolute differences of bytes.
pub(super) fn differences(a: u32, b: u32) -> u32 {
    let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
    pairs.map(|(a, b)| u32::from(a.abs_diff(b))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_wrap_saturate_and_halve() {
        let add = |lanes, signed| parallel(LaneOp::Add8, lanes, signed, 0xFF80_7F01, 0x0180_0102);
        assert_eq!(add(Lanes::Wrapping, false), (0x0000_8003, 0b1100));
        assert_eq!(add(Lanes::Wrapping, true), (0x0000_8003, 0b1011));
        assert_eq!(add(Lanes::Saturating, false).0, 0xFFFF_8003);
        assert_eq!(add(Lanes::Saturating, true).0, 0x0080_7F03);
        assert_eq!(add(Lanes::Halving, false).0, 0x8080_4001);
    }

    #[test]
    fn halves_cross() {
        let run = |op| parallel(op, Lanes::Wrapping, true, 0x0005_0003, 0x0001_0002);
        // High plus low, low minus high.
        assert_eq!(run(LaneOp::AddSub).0, 0x0007_0002);
        assert_eq!(run(LaneOp::SubAdd).0, 0x0003_0004);
    }

    #[test]
    fn unsigned_subtraction_flags_no_borrow() {
        let (value, ge) = parallel(LaneOp::Sub8, Lanes::Wrapping, false, 0x0105_0005, 0x0204_0005);
        assert_eq!((value, ge), (0xFF01_0000, 0b0111));
        assert_eq!(select(0b0101, 0xAABB_CCDD, 0x1122_3344), 0x11BB_33DD);
        assert_eq!(differences(0x0A00_05FF, 0x0500_0A00), 5 + 5 + 255);
    }
}
