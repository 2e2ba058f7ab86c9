//! Data processing of registers: A5.3.11 to A5.3.15.

use super::{Decoded, Refusal, at, constant, five, general, shift};
use crate::bits::{bit, byte, field};
use crate::instruction::{
    DataOp, Instruction, Lane, LaneOp, Lanes, Operand, Permute, SetFlags, ShiftKind,
};

/// A5.3.11: the second operand is shifted by a constant.
pub(super) fn shifted(first: u32, second: u32) -> Decoded {
    if bit(second, 15) {
        return Err(Refusal::Unpredictable);
    }
    let (rd, rm) = (at(second, 8), at(second, 0));
    let shift = shift(field(second, 4, 2), five(second));
    if field(first, 5, 4) == 6 {
        return pack(first, second);
    }
    constant::data(first, rd, Operand::Shifted(rm, shift))
}

fn pack(first: u32, second: u32) -> Decoded {
    let (rd, rn, rm) = (at(second, 8), at(first, 0), at(second, 0));
    if bit(first, 4) || bit(second, 4) {
        return Err(Refusal::Undefined);
    }
    general(&[rd, rn, rm])?;
    let (kind, top) = (field(second, 4, 2), bit(second, 5));
    Ok(Instruction::Pack { rd, rn, rm, shift: shift(kind, five(second)), top })
}

/// A5.3.12: shifts by a register, extensions, lanes, bits.
pub(super) fn data(first: u32, second: u32) -> Decoded {
    if field(second, 12, 4) != 15 {
        return Err(Refusal::Undefined);
    }
    match (bit(first, 7), field(second, 6, 2)) {
        (false, 0 | 1) if field(second, 4, 4) == 0 => shifted_by(first, second),
        (false, 2 | 3) => extend(first, second),
        (true, 0 | 1) => parallel(first, second),
        (true, 2) => miscellaneous(first, second),
        _ => Err(Refusal::Undefined),
    }
}

fn shifted_by(first: u32, second: u32) -> Decoded {
    let (rd, rn, rm) = (at(second, 8), at(first, 0), at(second, 0));
    general(&[rd, rn, rm])?;
    let kind = match field(first, 5, 2) {
        0 => ShiftKind::Lsl,
        1 => ShiftKind::Lsr,
        2 => ShiftKind::Asr,
        _ => ShiftKind::Ror,
    };
    let flags = if bit(first, 4) { SetFlags::Always } else { SetFlags::Never };
    let operand = Operand::ShiftedBy(rn, kind, rm);
    Ok(Instruction::Data { op: DataOp::Mov, flags, rd, rn: rd, operand })
}

fn extend(first: u32, second: u32) -> Decoded {
    let (rd, rn, rm) = (at(second, 8), at(first, 0), at(second, 0));
    general(&[rd, rm])?;
    if bit(second, 6) {
        return Err(Refusal::Unpredictable);
    }
    let lane = match field(first, 5, 2) {
        0 => Lane::Half,
        1 => Lane::Bytes,
        2 => Lane::Byte,
        _ => return Err(Refusal::Undefined),
    };
    let rn = (field(first, 0, 4) != 15).then_some(rn);
    if let Some(rn) = rn {
        general(&[rn])?;
    }
    let rotation = byte(field(second, 4, 2) * 8);
    Ok(Instruction::Extend { lane, signed: !bit(first, 4), rd, rn, rm, rotation })
}

fn parallel(first: u32, second: u32) -> Decoded {
    let (rd, rn, rm) = (at(second, 8), at(first, 0), at(second, 0));
    general(&[rd, rn, rm])?;
    let op = match field(first, 4, 3) {
        0 => LaneOp::Add8,
        1 => LaneOp::Add16,
        2 => LaneOp::AddSub,
        4 => LaneOp::Sub8,
        5 => LaneOp::Sub16,
        6 => LaneOp::SubAdd,
        _ => return Err(Refusal::Undefined),
    };
    let lanes = match field(second, 4, 2) {
        0 => Lanes::Wrapping,
        1 => Lanes::Saturating,
        2 => Lanes::Halving,
        _ => return Err(Refusal::Undefined),
    };
    Ok(Instruction::Parallel { op, lanes, signed: !bit(second, 6), rd, rn, rm })
}

/// A5.3.15.
fn miscellaneous(first: u32, second: u32) -> Decoded {
    let (rd, rn, rm) = (at(second, 8), at(first, 0), at(second, 0));
    general(&[rd, rn, rm])?;
    let kind = match (field(first, 4, 3), field(second, 4, 2)) {
        (0, op) => {
            let (double, subtract) = (op & 1 == 1, op & 2 == 2);
            return Ok(Instruction::SaturatingAdd { subtract, double, rd, rn, rm });
        }
        (2, 0) => return Ok(Instruction::Select { rd, rn, rm }),
        (1, 0) => Permute::Rev,
        (1, 1) => Permute::Rev16,
        (1, 2) => Permute::Rbit,
        (1, _) => Permute::Revsh,
        (3, 0) => Permute::Clz,
        _ => return Err(Refusal::Undefined),
    };
    // The operand is encoded twice.
    if rn != rm { Err(Refusal::Unpredictable) } else { Ok(Instruction::Permute { kind, rd, rm }) }
}
