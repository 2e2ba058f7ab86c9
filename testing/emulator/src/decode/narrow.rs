//! 16-bit encodings: DDI 0403 A5.2.

use super::{Decoded, Refusal, shift};
use crate::bits::{bit, byte, field, signed};
use crate::bus::Width;
use crate::instruction::{
    Address, Condition, DataOp, Indexing, Instruction, Lane, Multiply, Offset, Operand, Permute,
    Register, SetFlags, Shift, ShiftKind,
};

pub(super) fn decode(word: u32) -> Decoded {
    match word >> 11 {
        0..=2 => Ok(shift_by_constant(word)),
        3 => Ok(add_subtract(word)),
        4..=7 => Ok(constant(word)),
        8 if bit(word, 10) => high_registers(word),
        8 => Ok(registers(word)),
        9 => Ok(load(Width::Word, false, at(word, 8), Register::PC, scaled(word, 8, 4))),
        10..=11 => Ok(register_offset(word)),
        12..=19 => Ok(constant_offset(word)),
        20 => Ok(Instruction::Adr { rd: at(word, 8), offset: scaled(word, 8, 4) }),
        21 => Ok(add(at(word, 8), Register::SP, field(word, 0, 8) * 4)),
        22..=23 => miscellaneous(word),
        24..=25 => multiple(word),
        26..=27 => conditional_branch(word),
        _ => Ok(Instruction::Branch {
            condition: Condition::ALWAYS,
            offset: signed(field(word, 0, 11) << 1, 12),
        }),
    }
}

/// The low register whose number is at bit `low`.
fn at(word: u32, low: u32) -> Register {
    Register::new(field(word, low, 3))
}

/// An unsigned field at bit 0 (8 bits) or 6 (5 bits), times `scale`.
fn scaled(word: u32, bits: u32, scale: u32) -> i32 {
    let low = if bits == 5 { 6 } else { 0 };
    (field(word, low, bits) * scale).cast_signed()
}

fn data(op: DataOp, rd: Register, rn: Register, operand: Operand) -> Instruction {
    let flags = if op.compares() { SetFlags::Always } else { SetFlags::OutsideIt };
    Instruction::Data { op, flags, rd, rn, operand }
}

/// An addition that leaves the flags.
fn add(rd: Register, rn: Register, value: u32) -> Instruction {
    let operand = Operand::Constant(value, None);
    Instruction::Data { op: DataOp::Add, flags: SetFlags::Never, rd, rn, operand }
}

fn plain(rm: Register) -> Operand {
    Operand::Shifted(rm, Shift::NONE)
}

fn load(width: Width, signed: bool, rt: Register, base: Register, offset: i32) -> Instruction {
    let offset = Offset::Constant(offset);
    let address = Address { base, offset, indexing: Indexing::Offset };
    Instruction::Load { width, signed, rt, address }
}

fn shift_by_constant(word: u32) -> Instruction {
    let operand = Operand::Shifted(at(word, 3), shift(word >> 11, field(word, 6, 5)));
    data(DataOp::Mov, at(word, 0), at(word, 0), operand)
}

fn add_subtract(word: u32) -> Instruction {
    let op = if bit(word, 9) { DataOp::Sub } else { DataOp::Add };
    let operand =
        if bit(word, 10) { Operand::Constant(field(word, 6, 3), None) } else { plain(at(word, 6)) };
    data(op, at(word, 0), at(word, 3), operand)
}

fn constant(word: u32) -> Instruction {
    let op = [DataOp::Mov, DataOp::Cmp, DataOp::Add, DataOp::Sub][field(word, 11, 2) as usize];
    data(op, at(word, 8), at(word, 8), Operand::Constant(field(word, 0, 8), None))
}

/// A5.2.2.
fn registers(word: u32) -> Instruction {
    let (rd, rm) = (at(word, 0), at(word, 3));
    let shifted = |kind| data(DataOp::Mov, rd, rd, Operand::ShiftedBy(rd, kind, rm));
    let op = match field(word, 6, 4) {
        0 => DataOp::And,
        1 => DataOp::Eor,
        2 => return shifted(ShiftKind::Lsl),
        3 => return shifted(ShiftKind::Lsr),
        4 => return shifted(ShiftKind::Asr),
        5 => DataOp::Adc,
        6 => DataOp::Sbc,
        7 => return shifted(ShiftKind::Ror),
        8 => DataOp::Tst,
        9 => return data(DataOp::Rsb, rd, rm, Operand::Constant(0, None)),
        10 => DataOp::Cmp,
        11 => DataOp::Cmn,
        12 => DataOp::Orr,
        13 => {
            let flags = SetFlags::OutsideIt;
            return Instruction::Multiply {
                kind: Multiply::Low,
                flags,
                rd,
                rn: rm,
                rm: rd,
                ra: None,
            };
        }
        14 => DataOp::Bic,
        _ => DataOp::Mvn,
    };
    data(op, rd, rd, plain(rm))
}

/// A5.2.3.
fn high_registers(word: u32) -> Decoded {
    let rm = Register::new(field(word, 3, 4));
    let rd = Register::new(field(word, 0, 3) | field(word, 7, 1) << 3);
    let operand = plain(rm);
    let both_low = rm.index() < 8 && rd.index() < 8;
    let never = |op| Instruction::Data { op, flags: SetFlags::Never, rd, rn: rd, operand };
    match field(word, 8, 2) {
        0 if rd == Register::PC && rm == Register::PC => Err(Refusal::Unpredictable),
        0 => Ok(never(DataOp::Add)),
        1 if both_low || rd == Register::PC || rm == Register::PC => Err(Refusal::Unpredictable),
        1 => Ok(data(DataOp::Cmp, rd, rd, operand)),
        2 => Ok(never(DataOp::Mov)),
        _ if field(word, 0, 3) != 0 => Err(Refusal::Unpredictable),
        _ if bit(word, 7) && rm == Register::PC => Err(Refusal::Unpredictable),
        _ => Ok(Instruction::BranchExchange { rm, link: bit(word, 7) }),
    }
}

fn register_offset(word: u32) -> Instruction {
    let rt = at(word, 0);
    let offset = Offset::Register(at(word, 6), 0);
    let address = Address { base: at(word, 3), offset, indexing: Indexing::Offset };
    let store = |width| Instruction::Store { width, rt, address };
    let load = |width, signed| Instruction::Load { width, signed, rt, address };
    match field(word, 9, 3) {
        0 => store(Width::Word),
        1 => store(Width::Half),
        2 => store(Width::Byte),
        3 => load(Width::Byte, true),
        4 => load(Width::Word, false),
        5 => load(Width::Half, false),
        6 => load(Width::Byte, false),
        _ => load(Width::Half, true),
    }
}

fn constant_offset(word: u32) -> Instruction {
    let (width, rt, base, offset) = match word >> 12 {
        6 => (Width::Word, at(word, 0), at(word, 3), scaled(word, 5, 4)),
        7 => (Width::Byte, at(word, 0), at(word, 3), scaled(word, 5, 1)),
        8 => (Width::Half, at(word, 0), at(word, 3), scaled(word, 5, 2)),
        _ => (Width::Word, at(word, 8), Register::SP, scaled(word, 8, 4)),
    };
    if bit(word, 11) {
        return load(width, false, rt, base, offset);
    }
    let offset = Offset::Constant(offset);
    Instruction::Store { width, rt, address: Address { base, offset, indexing: Indexing::Offset } }
}

/// A5.2.5.
fn miscellaneous(word: u32) -> Decoded {
    let (rd, rm) = (at(word, 0), at(word, 3));
    let extend =
        |lane, signed| Ok(Instruction::Extend { lane, signed, rd, rn: None, rm, rotation: 0 });
    let permute = |kind| Ok(Instruction::Permute { kind, rd, rm });
    match field(word, 8, 4) {
        0 => {
            let value = field(word, 0, 7) * 4;
            let value = if bit(word, 7) { value.wrapping_neg() } else { value };
            Ok(add(Register::SP, Register::SP, value))
        }
        1 | 3 | 9 | 11 => Ok(Instruction::CompareBranch {
            rn: rd,
            nonzero: bit(word, 11),
            offset: (field(word, 3, 5) << 1 | field(word, 9, 1) << 6).cast_signed(),
        }),
        2 => match field(word, 6, 2) {
            0 => extend(Lane::Half, true),
            1 => extend(Lane::Byte, true),
            2 => extend(Lane::Half, false),
            _ => extend(Lane::Byte, false),
        },
        4 | 5 => {
            let list = low_list(word) | lr_if(bit(word, 8));
            let (base, write_back, before) = (Register::SP, true, true);
            listed(list, Instruction::StoreMultiple { base, list, write_back, before })
        }
        6 if word & 0xFFEF == 0xB662 => Ok(Instruction::MaskInterrupts { mask: bit(word, 4) }),
        6 if word & 0xFFE8 == 0xB660 => Err(Refusal::NotModelled),
        10 => match field(word, 6, 2) {
            0 => permute(Permute::Rev),
            1 => permute(Permute::Rev16),
            3 => permute(Permute::Revsh),
            _ => Err(Refusal::Undefined),
        },
        12 | 13 => {
            let list = low_list(word) | u16::from(bit(word, 8)) << 15;
            let (base, write_back, before) = (Register::SP, true, false);
            listed(list, Instruction::LoadMultiple { base, list, write_back, before })
        }
        14 => Ok(Instruction::Breakpoint { code: byte(word) }),
        15 => if_then_or_hint(word),
        _ => Err(Refusal::Undefined),
    }
}

fn if_then_or_hint(word: u32) -> Decoded {
    if word & 15 == 0 {
        return super::wide::hint(field(word, 4, 4));
    }
    let (condition, mask) = (field(word, 4, 4), field(word, 0, 4));
    // With "always" there is no "else", and "never" is no condition: A7.7.38.
    if condition == 15 || condition == 14 && !mask.is_power_of_two() {
        return Err(Refusal::Unpredictable);
    }
    Ok(Instruction::IfThen { state: byte(word) })
}

fn multiple(word: u32) -> Decoded {
    let (base, list, before) = (at(word, 8), low_list(word), false);
    let in_list = list & base.mask() != 0;
    if bit(word, 11) {
        let write_back = !in_list;
        return listed(list, Instruction::LoadMultiple { base, list, write_back, before });
    }
    // A base in the list that is not its lowest register would be stored as an unknown value: A7.7.159.
    if in_list && list.trailing_zeros() as usize != base.index() {
        return Err(Refusal::Unpredictable);
    }
    listed(list, Instruction::StoreMultiple { base, list, write_back: true, before })
}

fn conditional_branch(word: u32) -> Decoded {
    match field(word, 8, 4) {
        14 => Err(Refusal::Undefined),
        15 => Ok(Instruction::SupervisorCall),
        condition => Ok(Instruction::Branch {
            condition: Condition::new(condition),
            offset: signed(field(word, 0, 8) << 1, 9),
        }),
    }
}

fn low_list(word: u32) -> u16 {
    u16::from(byte(word))
}

fn lr_if(there: bool) -> u16 {
    if there { Register::LR.mask() } else { 0 }
}

/// An empty list is unpredictable.
fn listed(list: u16, instruction: Instruction) -> Decoded {
    if list == 0 { Err(Refusal::Unpredictable) } else { Ok(instruction) }
}
