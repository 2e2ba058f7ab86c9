//! Xtensa, windowed or not: ESP8266, ESP32, ESP32-S2, ESP32-S3, and big-endian ones in peripherals.
//!
//! Instructions take 3 bytes, narrow ones 2: told apart by the low four bits, `op0`. A zero byte is padding. References:
//!
//! ```text
//!  23                    6 5 4 3    0
//! |        offset18       | n | 0101 |    CALL0, CALL4, CALL8, CALL12: (address & !3) + 4 + offset18 × 4
//! |        offset18       | 0 | 0110 |    J: address + 4 + offset18
//!  23         12 11   8 7 6 5 4 3    0
//! |   offset12   |  s   | m |01 | 0110 |    BEQZ, BNEZ, BLTZ, BGEZ: address + 4 + offset12
//! | offset8 | r  |  s   |   t   | 0111 |    BEQ and so on, BEQI, BLTUI: address + 4 + offset8
//!  23            8 7     4 3    0
//! |     imm16     |   t   | 0001 |        L32R: ((address + 3) & !3) + (imm16 − 2¹⁶) × 4
//! ```
//!
//! Big-endian cores have the same fields in the opposite order, from `op0` in the high four bits of the first byte on.
//!
//! **Reference**: Xtensa Instruction Set Architecture Reference Manual, chapter 6 (BEQ, BEQI, BEQZ, CALL0, CALLn, J, L32R) and 7.1
//! (formats).

use super::inside::Inside;
use super::{Around, Branch, By, Forms, Found, Isa, MAX_LEN, Site, signed};
use crate::container::region::Regions;

/// The Xtensa instruction set; `BIG` for cores with the most significant byte first.
#[derive(Debug, Clone, Copy)]
pub struct Xtensa<const BIG: bool>;

/// The references among the instructions.
#[derive(Debug, Clone, Copy)]
enum Form {
    Call,
    Jump,
    Literal,
    /// A branch under a condition of two values; of one and zero.
    Compare,
    Zero,
}

impl<const BIG: bool> Xtensa<BIG> {
    /// An instruction of 3 bytes, its first byte where `op0` is.
    fn instruction(bytes: [u8; MAX_LEN]) -> u32 {
        let [a, b, c, ..] = bytes;
        if BIG { u32::from_be_bytes([0, a, b, c]) } else { u32::from_le_bytes([a, b, c, 0]) }
    }

    /// The field of that name of an instruction that begins with `first`.
    fn op0(first: u8) -> u8 {
        if BIG { first >> 4 } else { first & 0xF }
    }

    fn form(word: u32) -> Option<Form> {
        let op0 = if BIG { word >> 20 } else { word & 0xF };
        let [n, m] = if BIG { [18, 16] } else { [4, 6] }.map(|shift| word >> shift & 3);
        match (op0, n, m) {
            (5, _, _) => Some(Form::Call),
            (6, 0, _) => Some(Form::Jump),
            (6, 1, _) => Some(Form::Zero),
            (7, _, _) | (6, 2, _) | (6, 3, 2..) => Some(Form::Compare),
            (1, _, _) => Some(Form::Literal),
            _ => None,
        }
    }

    /// Where the distance of a form stands, as a shift and a mask.
    fn field(form: Form) -> (u32, u32) {
        match (form, BIG) {
            (Form::Call | Form::Jump, false) => (6, 0x3_FFFF),
            (Form::Call | Form::Jump, true) => (0, 0x3_FFFF),
            (Form::Literal, false) => (8, 0xFFFF),
            (Form::Literal, true) => (0, 0xFFFF),
            (Form::Compare, false) => (16, 0xFF),
            (Form::Compare, true) => (0, 0xFF),
            (Form::Zero, false) => (12, 0xFFF),
            (Form::Zero, true) => (0, 0xFFF),
        }
    }

    /// What distances count from, at `address`.
    fn origin(form: Form, address: u32) -> u32 {
        match form {
            Form::Call => (address & !3).wrapping_add(4),
            Form::Jump | Form::Compare | Form::Zero => address.wrapping_add(4),
            Form::Literal => address.wrapping_add(3) & !3,
        }
    }
}

impl<const BIG: bool> Isa for Xtensa<BIG> {
    fn id(&self) -> u8 {
        if BIG { 9 } else { 6 }
    }

    fn unit(&self) -> u8 {
        1
    }

    fn order(&self) -> u8 {
        0
    }

    fn big_endian(&self) -> bool {
        BIG
    }

    fn follow(&self, inside: &mut Inside, bytes: &[u8]) {
        inside.step(self, bytes, Self::op0);
    }

    /// Data RAM of the ESP chips, all below 0x4000_0000; what lies between are registers of the ESP32.
    fn is_ram(&self, address: u32) -> bool {
        !BIG && matches!(address, 0x3FC0_0000..0x3FF0_0000 | 0x3FF8_0000..0x4000_0000)
    }

    #[inline]
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch> {
        let word = Self::instruction(bytes);
        let form = Self::form(word)?;
        let (shift, mask) = Self::field(form);
        let value = word >> shift & mask;
        let distance = match form {
            Form::Call => signed(value, 18) << 2,
            Form::Jump => signed(value, 18),
            Form::Compare => signed(value, 8),
            Form::Zero => signed(value, 12),
            Form::Literal => (value << 2).wrapping_sub(0x4_0000),
        };
        let by = match form {
            Form::Call | Form::Literal | Form::Jump => By::Far,
            Form::Compare | Form::Zero => By::Near,
        };
        Some(Branch { target: Self::origin(form, address).wrapping_add(distance), len: 3, by })
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let word = Self::instruction(bytes);
        let Some(form) = Self::form(word) else { return bytes };
        let distance = target.wrapping_sub(Self::origin(form, address));
        let value = match form {
            Form::Call | Form::Literal => distance >> 2,
            Form::Jump | Form::Compare | Form::Zero => distance,
        };
        let (shift, mask) = Self::field(form);
        let word = word & !(mask << shift) | (value & mask) << shift;
        let [_, _, _, d, e, f, g, h] = bytes;
        if BIG {
            let [_, a, b, c] = word.to_be_bytes();
            [a, b, c, d, e, f, g, h]
        } else {
            let [a, b, c, _] = word.to_le_bytes();
            [a, b, c, d, e, f, g, h]
        }
    }

    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found {
        super::find(self, around, site, regions)
    }
}

impl<const BIG: bool> Forms for Xtensa<BIG> {
    fn len(&self, bytes: [u8; MAX_LEN]) -> u8 {
        let [a, ..] = bytes;
        match (a, Self::op0(a)) {
            (0, _) => 1,
            (_, 8..14) => 2,
            _ => 3,
        }
    }

    /// ENTRY of the stack pointer, or a stack frame of the other calling convention.
    fn starts(&self, bytes: [u8; MAX_LEN]) -> bool {
        let word = Self::instruction(bytes);
        if BIG {
            word & 0xFF_F000 == 0x6C_1000 || word & 0xFF_FF80 == 0x21_1C80
        } else {
            word & 0x00_0FFF == 0x00_0136 || word & 0x80_FFFF == 0x80_C112
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Xtensa<false> = Xtensa;
    const BIG: Xtensa<true> = Xtensa;

    fn bytes(three: [u8; 3]) -> [u8; MAX_LEN] {
        let [a, b, c] = three;
        [a, b, c, 0, 0, 0, 0, 0]
    }

    #[test]
    fn references_are_read_as_an_assembler_writes_them() {
        // At 0x40201002: `call0 0x40202000`, `call8 0x40200ff0`, `j 0x40201010`, `l32r a2, 0x40200ff8`.
        for (three, target) in [
            ([0xC5, 0xFF, 0x00], 0x4020_2000),
            ([0xA5, 0xFE, 0xFF], 0x4020_0FEC),
            ([0x86, 0x02, 0x00], 0x4020_1010),
            ([0x21, 0xFD, 0xFF], 0x4020_0FF8),
        ] {
            let branch = Some(Branch::far(target, 3));
            assert_eq!(LITTLE.branch(bytes(three), 0x4020_1002), branch);
            assert_eq!(LITTLE.retarget(bytes(three), 0x4020_1002, target), bytes(three));
        }
        for (three, target) in [
            ([0x50, 0x03, 0xFF], 0x4020_2000),
            ([0x60, 0x00, 0x0A], 0x4020_1010),
            ([0x12, 0xFF, 0xFD], 0x4020_0FF8),
        ] {
            let branch = Some(Branch::far(target, 3));
            assert_eq!(BIG.branch(bytes(three), 0x4020_1002), branch);
            assert_eq!(BIG.retarget(bytes(three), 0x4020_1002, target), bytes(three));
        }
    }

    fn survives(isa: &dyn Isa, three: [u8; 3], address: u32, target: u32) {
        let moved = isa.retarget(bytes(three), address, target);
        let branch = isa.branch(moved, address);
        assert_eq!(branch, Some(Branch::far(target, 3)), "{three:x?} {address:#x}");
    }

    #[test]
    fn every_reachable_target_survives_the_round_trip() {
        for address in 0x4020_0000u32..0x4020_0004 {
            for words in (-(1i32 << 17)..1 << 17).step_by(1_009) {
                let call = (address & !3).wrapping_add(4).wrapping_add_signed(words * 4);
                let jump = address.wrapping_add(4).wrapping_add_signed(words);
                for n in [0x05, 0x15, 0x25, 0x35] {
                    survives(&LITTLE, [n, 0, 0], address, call);
                }
                survives(&BIG, [0x54, 0, 0], address, call);
                survives(&LITTLE, [6, 0, 0], address, jump);
                survives(&BIG, [0x60, 0, 0], address, jump);
            }
            for words in (1..=1u32 << 16).step_by(251) {
                let literal = (address.wrapping_add(3) & !3).wrapping_sub(4 * words);
                survives(&LITTLE, [0xA1, 0, 0], address, literal);
                survives(&BIG, [0x1A, 0, 0], address, literal);
            }
        }
    }

    #[test]
    fn branches_under_a_condition_are_near() {
        // At 0x40201002: `beq a2, a3, 0x40201000`, `bnez a4, 0x40201100`, `bltui a5, 2, 0x40201010`; not `entry`.
        for (three, target) in [
            ([0x37, 0x12, 0xFA], Some(0x4020_1000)),
            ([0x56, 0xA4, 0x0F], Some(0x4020_1100)),
            ([0xB6, 0x25, 0x0A], Some(0x4020_1010)),
            ([0x36, 0x41, 0x00], None),
        ] {
            let branch = target.map(|target| Branch::near(target, 3));
            assert_eq!(LITTLE.branch(bytes(three), 0x4020_1002), branch, "{three:x?}");
            let to = target.unwrap_or(0);
            assert_eq!(LITTLE.retarget(bytes(three), 0x4020_1002, to), bytes(three));
        }
    }

    #[test]
    fn lengths_follow_the_first_byte() {
        // `ret.n`, `l32i.n`, padding, `addi`, `beqz`.
        for (first, len) in [(0x0D, 2), (0x28, 2), (0, 1), (0x12, 3), (0x16, 3)] {
            assert_eq!(LITTLE.len(bytes([first, 0, 0])), len, "{first:#x}");
            assert_eq!(BIG.len(bytes([first.rotate_left(4), 0, 0])), len, "{first:#x}");
        }
    }
}
