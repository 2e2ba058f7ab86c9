//! 32-bit encodings: DDI 0403 A5.3.

use super::{Decoded, Refusal, shift};
use crate::bits::{bit, byte, field, signed};
use crate::instruction::{Condition, Hint, Instruction, Register, Special};

mod constant;
mod memory;
mod multiply;
mod register;

pub(super) fn decode(first: u32, second: u32) -> Decoded {
    match (field(first, 11, 2), field(first, 4, 7)) {
        (1, op) if op & 0x64 == 0 => memory::multiple(first, second),
        (1, op) if op & 0x64 == 4 => memory::pair_or_table(first, second),
        (1, op) if op & 0x60 == 0x20 => register::shifted(first, second),
        (2, _) if bit(second, 15) => branch_or_control(first, second),
        (2, op) if op & 0x20 == 0 => constant::modified(first, second),
        (2, _) => constant::plain(first, second),
        (3, op) if op & 0x71 == 0 || op & 0x67 == 1 || op & 0x67 == 3 || op & 0x67 == 5 => {
            memory::single(first, second)
        }
        (3, op) if op & 0x70 == 0x20 => register::data(first, second),
        (3, op) if op & 0x78 == 0x30 => multiply::short(first, second),
        (3, op) if op & 0x78 == 0x38 => multiply::long(first, second),
        (_, op) if op & 0x40 == 0x40 => Err(Refusal::NotModelled),
        _ => Err(Refusal::Undefined),
    }
}

/// The register whose number is at bit `low`.
fn at(word: u32, low: u32) -> Register {
    Register::new(field(word, low, 4))
}

/// Neither SP nor PC, which most wide instructions do not take.
fn general(registers: &[Register]) -> Result<(), Refusal> {
    let special = |register: &Register| matches!(*register, Register::SP | Register::PC);
    if registers.iter().any(special) { Err(Refusal::Unpredictable) } else { Ok(()) }
}

/// The five bits in `imm3:imm2`.
fn five(second: u32) -> u32 {
    field(second, 12, 3) << 2 | field(second, 6, 2)
}

/// A5.3.4.
fn branch_or_control(first: u32, second: u32) -> Decoded {
    match (field(second, 14, 1), field(second, 12, 1)) {
        (0, 0) if field(first, 7, 3) == 7 => control(first, second),
        (0, 0) => Ok(Instruction::Branch {
            condition: Condition::new(field(first, 6, 4)),
            offset: signed(
                field(first, 10, 1) << 20
                    | field(second, 11, 1) << 19
                    | field(second, 13, 1) << 18
                    | field(first, 0, 6) << 12
                    | field(second, 0, 11) << 1,
                21,
            ),
        }),
        (0, _) => {
            Ok(Instruction::Branch { condition: Condition::ALWAYS, offset: far(first, second) })
        }
        (_, 1) => Ok(Instruction::BranchLink { offset: far(first, second) }),
        // UDF has zero in bit 12 too; BLX to a constant exists on A profile only.
        _ => Err(Refusal::Undefined),
    }
}

/// The offset of `B.W` and `BL`.
fn far(first: u32, second: u32) -> i32 {
    let s = field(first, 10, 1);
    let i1 = !(field(second, 13, 1) ^ s) & 1;
    let i2 = !(field(second, 11, 1) ^ s) & 1;
    let low = field(first, 0, 10) << 12 | field(second, 0, 11) << 1;
    signed(s << 24 | i1 << 23 | i2 << 22 | low, 25)
}

fn control(first: u32, second: u32) -> Decoded {
    match field(first, 4, 7) {
        0b011_1000 | 0b011_1001 => write_special(first, second),
        0b011_1010 => match (field(second, 8, 3), field(second, 4, 4)) {
            (0, 15) => Ok(Instruction::Hint(Hint::Nop)),
            (0, _) => hint(second & 0xFF),
            _ => Err(Refusal::Undefined),
        },
        0b011_1011 => match field(second, 4, 4) {
            2 => Err(Refusal::NotModelled),
            4 | 5 => Ok(Instruction::Hint(Hint::Barrier)),
            6 => Ok(Instruction::Hint(Hint::InstructionBarrier)),
            _ => Err(Refusal::Undefined),
        },
        0b011_1110 | 0b011_1111 => {
            let rd = at(second, 8);
            general(&[rd])?;
            Ok(Instruction::ReadSpecial { rd, special: special(second)? })
        }
        _ => Err(Refusal::Undefined),
    }
}

fn write_special(first: u32, second: u32) -> Decoded {
    let (rn, mask) = (at(first, 0), byte(field(second, 10, 2)));
    general(&[rn])?;
    if mask == 0 {
        return Err(Refusal::Unpredictable);
    }
    Ok(Instruction::WriteSpecial { rn, special: special(second)?, mask })
}

/// The special register in the low byte; B5.1.1.
fn special(second: u32) -> Result<Special, Refusal> {
    match second & 0xFF {
        0 => Ok(Special::Apsr),
        5 => Ok(Special::Ipsr),
        8 => Ok(Special::Msp),
        16 => Ok(Special::Primask),
        17 => Ok(Special::Basepri),
        18 => Ok(Special::BasepriMax),
        _ => Err(Refusal::NotModelled),
    }
}

/// The hint with number `op`. Waiting for events is not modelled; unknown ones do nothing, as the architecture says.
pub(super) fn hint(op: u32) -> Decoded {
    match op {
        2 => Err(Refusal::NotModelled),
        3 => Ok(Instruction::WaitForInterrupt),
        _ => Ok(Instruction::Hint(Hint::Nop)),
    }
}
