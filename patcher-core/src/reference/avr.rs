//! AVR: 8-bit cores with 16-bit instructions.
//!
//! Code leads to code by the address of a word, which is half of that of a byte (`CALL`, `JMP`), or by a distance (`RCALL`,
//! `RJMP`, branches under a condition). Data are in another address space: here they are from [`DATA`] on, as in the files of
//! GCC. `LDS` and `STS` hold where they are. `SUBI` and `SBCI` of two registers, low byte first, add the address of a table to an index
//! by taking away its negative. Two `LDI` make addresses as well, but constants as often (docs/research.md, "AVR").
//!
//! ```text
//! | 1 0 0 1 0 1 0 | k21-17 | 1 1 | C | k16 |  k15-0  |     JMP: C = 0, CALL: C = 1
//! | 1 1 0 C |              k11-0                |     RJMP: C = 0, RCALL: C = 1
//! | 1 1 1 1 0 c |        k6-0         |    s    |     BRBS, BRBC
//! | 1 0 0 1 0 0 S |  d4-0  |  0 0 0 0  |  k15-0  |     LDS: S = 0, STS: S = 1
//! | 0 1 0 B |   K7-4   |   d3-0   |    K3-0   |     SBCI: B = 0, SUBI: B = 1, of register 16 + d
//! ```
//!
//! **Reference**: AVR Instruction Set Manual, DS40002198B: `BRBC`, `BRBS`, `CALL`, `JMP`, `LDS`, `RCALL`, `RJMP`, `SBCI`, `STS`, `SUBI`.

use core::ops::Range;

use super::{Around, Branch, Forms, Found, Isa, MAX_LEN, Site, first, signed, with_first};
use crate::container::region::Regions;

/// The AVR instruction set.
#[derive(Debug, Clone, Copy)]
pub struct Avr;

/// Address of data 0.
pub const DATA: u32 = 0x0080_0000;

/// Data that may move: what is before are registers, and no part has more SRAM.
const SRAM: Range<u32> = DATA + 0x100..DATA + 0x4000;

/// How an instruction, or two, say where something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `CALL`, `JMP`.
    Word,
    /// `RCALL`, `RJMP`.
    Distance,
    /// `BRBS`, `BRBC`.
    Condition,
    /// `LDS`, `STS`.
    Data,
    /// `SUBI`, then `SBCI` of the next register.
    Negative,
}

/// The form of what begins with `word`, its first halfword low.
fn form(word: u32) -> Option<Form> {
    Some(if word & 0xFE0C == 0x940C {
        Form::Word
    } else if word & 0xE000 == 0xC000 {
        Form::Distance
    } else if word & 0xF800 == 0xF000 {
        Form::Condition
    } else if word & 0xFC0F == 0x9000 {
        Form::Data
    } else if word & 0xF010_F000 == 0x4010_5000 && (word >> 16 ^ word) & 0xF0 == 0x10 {
        Form::Negative
    } else {
        return None;
    })
}

/// The constant of an instruction.
fn constant(half: u32) -> u32 {
    half >> 4 & 0xF0 | half & 0xF
}

fn with_constant(half: u32, value: u32) -> u32 {
    half & 0xF0F0 | (value & 0xF0) << 4 | value & 0xF
}

impl Isa for Avr {
    fn id(&self) -> u8 {
        11
    }

    fn unit(&self) -> u8 {
        2
    }

    fn order(&self) -> u8 {
        1
    }

    fn is_ram(&self, address: u32) -> bool {
        SRAM.contains(&address)
    }

    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch> {
        let word = first(bytes);
        let next = address.wrapping_add(2);
        Some(match form(word)? {
            Form::Word => {
                let high = word >> 3 & 0x3E | word & 1;
                Branch::address((high << 16 | word >> 16) << 1, 4)
            }
            Form::Distance => Branch::far(next.wrapping_add(signed(word, 12) << 1), 2),
            Form::Condition => Branch::near(next.wrapping_add(signed(word >> 3, 7) << 1), 2),
            Form::Data => Branch::address(DATA | word >> 16, 4),
            Form::Negative => {
                let value = constant(word >> 16) << 8 | constant(word);
                Branch::address(DATA | value.wrapping_neg() & 0xFFFF, 4)
            }
        })
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let word = first(bytes);
        let distance = target.wrapping_sub(address.wrapping_add(2)) >> 1;
        let word = match form(word) {
            Some(Form::Word) => {
                word & 0xFE0E | target >> 14 & 0x1F0 | target >> 17 & 1 | target >> 1 << 16
            }
            Some(Form::Distance) => word & 0xFFFF_F000 | distance & 0xFFF,
            Some(Form::Condition) => word & 0xFFFF_FC07 | (distance & 0x7F) << 3,
            Some(Form::Data) => word & 0xFFFF | target << 16,
            Some(Form::Negative) => {
                let value = target.wrapping_neg();
                with_constant(word & 0xFFFF, value) | with_constant(word >> 16, value >> 8) << 16
            }
            None => word,
        };
        with_first(bytes, word)
    }

    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found {
        super::find(self, around, site, regions)
    }
}

impl Forms for Avr {
    fn len(&self, bytes: [u8; MAX_LEN]) -> u8 {
        match form(first(bytes)) {
            Some(Form::Word | Form::Data) => 4,
            _ => 2,
        }
    }

    /// Pointers have 16 bits.
    fn is_code(&self, _around: &Around) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(four: [u8; 4]) -> [u8; MAX_LEN] {
        with_first([0; MAX_LEN], u32::from_le_bytes(four))
    }

    #[test]
    fn references_are_read_as_an_assembler_writes_them() {
        // At 0x1000: `call 0x25a4e`, `jmp 0x68`, `rcall .+16`, `rjmp .-2`, `brne .-6`, `brcc .+4`, `lds r24, 0x0123`, `sts 0x08ff, r1`;
        // `subi r30, lo8(-(0x0145))` with `sbci r31, hi8(-(0x0145))`.
        for (four, branch) in [
            ([0x0F, 0x94, 0x27, 0x2D], Branch::address(0x0002_5A4E, 4)),
            ([0x0C, 0x94, 0x34, 0x00], Branch::address(0x68, 4)),
            ([0x08, 0xD0, 0, 0], Branch::far(0x1012, 2)),
            ([0xFF, 0xCF, 0, 0], Branch::far(0x1000, 2)),
            ([0xE9, 0xF7, 0, 0], Branch::near(0x0FFC, 2)),
            ([0x10, 0xF4, 0, 0], Branch::near(0x1006, 2)),
            ([0x80, 0x91, 0x23, 0x01], Branch::address(DATA + 0x123, 4)),
            ([0x10, 0x92, 0xFF, 0x08], Branch::address(DATA + 0x8FF, 4)),
            ([0xEB, 0x5B, 0xFE, 0x4F], Branch::address(DATA + 0x145, 4)),
        ] {
            assert_eq!(Avr.branch(bytes(four), 0x1000), Some(branch), "{four:x?}");
            assert_eq!(Avr.retarget(bytes(four), 0x1000, branch.target), bytes(four), "{four:x?}");
        }
    }

    #[test]
    fn every_reachable_target_survives_the_round_trip() {
        let survives = |four: [u8; 4], address: u32, target: u32| {
            let moved = Avr.retarget(bytes(four), address, target);
            let led = Avr.branch(moved, address).map(|branch| branch.target);
            assert_eq!(led, Some(target), "{four:x?} at {address:#x}");
        };
        for word in (0..1u32 << 22).step_by(1_013) {
            survives([0x0E, 0x94, 0, 0], 0x40, word << 1);
            survives([0x0C, 0x94, 0, 0], 0x40, word << 1);
        }
        for words in -2048i32..2048 {
            survives([0x34, 0xD2, 0, 0], 0x1_0000, 0x1_0002u32.wrapping_add_signed(words * 2));
        }
        for words in -64i32..64 {
            survives([0x01, 0xF4, 0, 0], 0x1_0000, 0x1_0002u32.wrapping_add_signed(words * 2));
        }
        for data in SRAM {
            survives([0x00, 0x93, 0, 0], 0, data);
            survives([0xE0, 0x50, 0xF0, 0x40], 0, data);
        }
    }

    #[test]
    fn other_instructions_are_not_taken() {
        // `push r28`, `pop r29`, `ldi r30, 0x23`, `ret`, `ld r24, Z`; `subi` with `sbci` of another register, and alone.
        for four in [
            [0xCF, 0x93, 0, 0],
            [0xDF, 0x91, 0, 0],
            [0xE3, 0xE2, 0xF1, 0xE0],
            [0x08, 0x95, 0, 0],
            [0x80, 0x81, 0, 0],
            [0xEB, 0x5B, 0xDE, 0x4F],
            [0xEB, 0x5B, 0xEE, 0x4F],
            [0xFB, 0x5B, 0xEE, 0x4F],
            [0xEB, 0x5B, 0x08, 0x95],
        ] {
            assert_eq!(Avr.branch(bytes(four), 0), None, "{four:x?}");
        }
    }

    #[test]
    fn two_halfwords_are_as_long_as_they_are() {
        assert_eq!(Avr.len(bytes([0x0E, 0x94, 0, 0])), 4);
        assert_eq!(Avr.len(bytes([0x80, 0x91, 0, 0])), 4);
        assert_eq!(Avr.len(bytes([0xEB, 0x5B, 0xFE, 0x4F])), 2);
        assert_eq!(Avr.len(bytes([0xCF, 0x93, 0, 0])), 2);
    }
}
