//! Data processing with constants: A5.3.1 and A5.3.3.

use super::{Decoded, Refusal, at, five, general, shift};
use crate::bits::{bit, byte, field};
use crate::instruction::{DataOp, Instruction, Operand, Register, SetFlags};

/// A5.3.1: a constant formed from twelve bits.
pub(super) fn modified(first: u32, second: u32) -> Decoded {
    let twelve = field(first, 10, 1) << 11 | field(second, 12, 3) << 8 | field(second, 0, 8);
    let (value, carry) = expand(twelve)?;
    data(first, at(second, 8), Operand::Constant(value, carry))
}

/// Operation, flags and registers as both kinds of second operand have them.
pub(super) fn data(first: u32, rd: Register, operand: Operand) -> Decoded {
    let (rn, sets) = (at(first, 0), bit(first, 4));
    let (to_flags, from_none) = (rd == Register::PC && sets, rn == Register::PC);
    let op = match field(first, 5, 4) {
        0 if to_flags => DataOp::Tst,
        0 => DataOp::And,
        1 => DataOp::Bic,
        2 if from_none => DataOp::Mov,
        2 => DataOp::Orr,
        3 if from_none => DataOp::Mvn,
        3 => DataOp::Orn,
        4 if to_flags => DataOp::Teq,
        4 => DataOp::Eor,
        8 if to_flags => DataOp::Cmn,
        8 => DataOp::Add,
        10 => DataOp::Adc,
        11 => DataOp::Sbc,
        13 if to_flags => DataOp::Cmp,
        13 => DataOp::Sub,
        14 => DataOp::Rsb,
        _ => return Err(Refusal::Undefined),
    };
    check(op, rd, rn, operand)?;
    let flags = if sets { SetFlags::Always } else { SetFlags::Never };
    Ok(Instruction::Data { op, flags, rd, rn, operand })
}

/// Which registers an operation takes: SP only where stack frames need it, PC never.
fn check(op: DataOp, rd: Register, rn: Register, operand: Operand) -> Result<(), Refusal> {
    let stack = |register| register == Register::SP;
    let rn_may_be_stack = matches!(op, DataOp::Add | DataOp::Sub | DataOp::Cmp | DataOp::Cmn);
    let rd_may_be_stack = match op {
        DataOp::Add | DataOp::Sub => stack(rn),
        DataOp::Mov => matches!(operand, Operand::Shifted(_, shift) if shift.amount == 0),
        _ => false,
    };
    let takes_rd = stack(rd) && rd_may_be_stack;
    if !op.compares() && !takes_rd {
        general(&[rd])?;
    }
    let takes_rn = stack(rn) && rn_may_be_stack;
    if op.uses_first() && !takes_rn {
        general(&[rn])?;
    }
    match operand {
        // MOV may move the stack pointer, if not onto itself.
        Operand::Shifted(rm, _)
            if op == DataOp::Mov && stack(rm) && rd_may_be_stack && !stack(rd) =>
        {
            Ok(())
        }
        Operand::Shifted(rm, _) => general(&[rm]),
        Operand::Constant(..) | Operand::ShiftedBy(..) => Ok(()),
    }
}

/// `ThumbExpandImm_C()`; A5.3.2.
fn expand(twelve: u32) -> Result<(u32, Option<bool>), Refusal> {
    let low = field(twelve, 0, 8);
    let repeated =
        |times: u32| if low == 0 { Err(Refusal::Unpredictable) } else { Ok((low * times, None)) };
    match field(twelve, 8, 4) {
        0 => Ok((low, None)),
        1 => repeated(0x0001_0001),
        2 => repeated(0x0100_0100),
        3 => repeated(0x0101_0101),
        _ => {
            let value = (low | 0x80).rotate_right(field(twelve, 7, 5));
            Ok((value, Some(bit(value, 31))))
        }
    }
}

/// A5.3.3: constants of twelve and sixteen bits, saturation, bit fields.
pub(super) fn plain(first: u32, second: u32) -> Decoded {
    let (rn, rd) = (at(first, 0), at(second, 8));
    let twelve = field(first, 10, 1) << 11 | field(second, 12, 3) << 8 | field(second, 0, 8);
    let sixteen = field(first, 0, 4) << 12 | twelve;
    match field(first, 4, 5) {
        0 => add(rd, rn, twelve.cast_signed()),
        10 => add(rd, rn, -twelve.cast_signed()),
        4 => {
            general(&[rd])?;
            let (op, flags, operand) =
                (DataOp::Mov, SetFlags::Never, Operand::Constant(sixteen, None));
            Ok(Instruction::Data { op, flags, rd, rn: rd, operand })
        }
        12 => {
            general(&[rd])?;
            let value = u16::try_from(sixteen).map_err(|_| Refusal::Undefined)?;
            Ok(Instruction::MoveTop { rd, value })
        }
        16 | 18 | 24 | 26 => saturate(first, second),
        20 | 28 => extract(first, second),
        22 => insert(first, second),
        _ => Err(Refusal::Undefined),
    }
}

fn add(rd: Register, rn: Register, offset: i32) -> Decoded {
    if rn == Register::PC {
        general(&[rd])?;
        return Ok(Instruction::Adr { rd, offset });
    }
    if !(rd == Register::SP && rn == Register::SP) {
        general(&[rd])?;
    }
    let operand = Operand::Constant(offset.unsigned_abs(), None);
    let op = if offset < 0 { DataOp::Sub } else { DataOp::Add };
    Ok(Instruction::Data { op, flags: SetFlags::Never, rd, rn, operand })
}

fn saturate(first: u32, second: u32) -> Decoded {
    let (rn, rd, signed) = (at(first, 0), at(second, 8), !bit(first, 7));
    general(&[rn, rd])?;
    if bit(first, 10) || bit(second, 5) {
        return Err(Refusal::Unpredictable);
    }
    let bits = byte(field(second, 0, 5)) + u8::from(signed);
    if bit(first, 5) && five(second) == 0 {
        if bit(second, 4) {
            return Err(Refusal::Unpredictable);
        }
        return Ok(Instruction::SaturateHalves { signed, rd, rn, bits });
    }
    let shift = shift(field(first, 5, 1) << 1, five(second));
    Ok(Instruction::Saturate { signed, rd, rn, bits, shift })
}

fn extract(first: u32, second: u32) -> Decoded {
    let (rn, rd) = (at(first, 0), at(second, 8));
    general(&[rn, rd])?;
    let (low, width) = (five(second), field(second, 0, 5) + 1);
    if low + width > 32 || bit(first, 10) || bit(second, 5) {
        return Err(Refusal::Unpredictable);
    }
    let signed = !bit(first, 7);
    Ok(Instruction::Extract { signed, rd, rn, low: byte(low), width: byte(width) })
}

fn insert(first: u32, second: u32) -> Decoded {
    let (rn, rd) = (at(first, 0), at(second, 8));
    general(&[rd])?;
    let (low, high) = (five(second), field(second, 0, 5));
    if high < low || bit(first, 10) || bit(second, 5) || rn == Register::SP {
        return Err(Refusal::Unpredictable);
    }
    let rn = (rn != Register::PC).then_some(rn);
    Ok(Instruction::Insert { rd, rn, low: byte(low), width: byte(high + 1 - low) })
}
