//! Data processing.

use crate::bits::{byte, high_half, low_half, signed as sign_extended};
use crate::cpu::alu::{operate, saturate_signed, saturate_unsigned, shift};
use crate::cpu::{Cpu, Effect, lanes};
use crate::instruction::{DataOp, Lane, LaneOp, Lanes, Operand, Permute, Register, Shift};

#[inline]
pub(super) fn data(
    cpu: &mut Cpu,
    op: DataOp,
    sets: bool,
    (rd, rn): (Register, Register),
    operand: Operand,
) -> Effect {
    let carry = cpu.flags.c;
    let (second, shifted) = match operand {
        Operand::Constant(value, out) => (value, out.unwrap_or(carry)),
        Operand::Shifted(rm, Shift { kind, amount }) => {
            shift(cpu.get(rm), kind, u32::from(amount), carry)
        }
        Operand::ShiftedBy(rm, kind, rs) => {
            shift(cpu.get(rm), kind, u32::from(byte(cpu.get(rs))), carry)
        }
    };
    let sum = operate(op, cpu.get(rn), second, carry, shifted);
    if sets {
        cpu.flags.set_result(sum.value);
        cpu.flags.c = sum.carry;
        if let Some(overflow) = sum.overflow {
            cpu.flags.v = overflow;
        }
    }
    if op.compares() {
        return Effect::NONE;
    }
    if rd == Register::PC {
        cpu.branch(sum.value);
        return Effect { branched: true, work: 0 };
    }
    cpu.set(rd, sum.value);
    Effect::NONE
}

/// A mask of `width` low bits, 1..=32.
fn ones(width: u8) -> u32 {
    u32::MAX >> (32 - u32::from(width))
}

pub(super) fn extract(
    cpu: &mut Cpu,
    signed: bool,
    (rd, rn): (Register, Register),
    low: u8,
    width: u8,
) {
    let value = cpu.get(rn) >> low;
    let value = if signed {
        sign_extended(value, u32::from(width)).cast_unsigned()
    } else {
        value & ones(width)
    };
    cpu.set(rd, value);
}

pub(super) fn insert(cpu: &mut Cpu, (rd, rn): (Register, Option<Register>), low: u8, width: u8) {
    let mask = ones(width) << low;
    let bits = rn.map_or(0, |rn| cpu.get(rn)) << low;
    cpu.set(rd, cpu.get(rd) & !mask | bits & mask);
}

pub(super) fn extend(
    cpu: &mut Cpu,
    (lane, signed): (Lane, bool),
    (rd, rn, rm): (Register, Option<Register>, Register),
    rotation: u8,
) {
    let rotated = cpu.get(rm).rotate_right(u32::from(rotation));
    let wide = |value: u32, bits: u32| {
        if signed { sign_extended(value, bits).cast_unsigned() } else { value & ((1 << bits) - 1) }
    };
    let first = rn.map_or(0, |rn| cpu.get(rn));
    let value = match lane {
        Lane::Byte => first.wrapping_add(wide(rotated, 8)),
        Lane::Half => first.wrapping_add(wide(rotated, 16)),
        Lane::Bytes => {
            let low = first.wrapping_add(wide(rotated, 8)) & 0xFFFF;
            let high = (first >> 16).wrapping_add(wide(rotated >> 16, 8));
            high << 16 | low
        }
    };
    cpu.set(rd, value);
}

pub(super) fn permute(cpu: &mut Cpu, kind: Permute, (rd, rm): (Register, Register)) {
    let value = cpu.get(rm);
    let value = match kind {
        Permute::Clz => value.leading_zeros(),
        Permute::Rbit => value.reverse_bits(),
        Permute::Rev => value.swap_bytes(),
        Permute::Rev16 => value.swap_bytes().rotate_left(16),
        Permute::Revsh => low_half(value.swap_bytes() >> 16).cast_unsigned(),
    };
    cpu.set(rd, value);
}

/// `value` in `bits` bits; remembers in Q that it did not fit.
fn fit(cpu: &mut Cpu, signed: bool, value: i64, bits: u8) -> u32 {
    let (value, changed) =
        if signed { saturate_signed(value, bits) } else { saturate_unsigned(value, bits) };
    cpu.flags.q |= changed;
    value
}

pub(super) fn saturate(
    cpu: &mut Cpu,
    signed: bool,
    (rd, rn): (Register, Register),
    bits: u8,
    by: Shift,
) {
    let (operand, _) = shift(cpu.get(rn), by.kind, u32::from(by.amount), cpu.flags.c);
    let value = fit(cpu, signed, i64::from(operand.cast_signed()), bits);
    cpu.set(rd, value);
}

pub(super) fn saturate_halves(
    cpu: &mut Cpu,
    signed: bool,
    (rd, rn): (Register, Register),
    bits: u8,
) {
    let operand = cpu.get(rn);
    let low = fit(cpu, signed, i64::from(low_half(operand)), bits) & 0xFFFF;
    let high = fit(cpu, signed, i64::from(high_half(operand)), bits);
    cpu.set(rd, high << 16 | low);
}

pub(super) fn saturating_add(
    cpu: &mut Cpu,
    (subtract, double): (bool, bool),
    (rd, rn, rm): (Register, Register, Register),
) {
    let mut second = i64::from(cpu.get(rn).cast_signed());
    if double {
        second = i64::from(fit(cpu, true, 2 * second, 32).cast_signed());
    }
    let first = i64::from(cpu.get(rm).cast_signed());
    let value = fit(cpu, true, if subtract { first - second } else { first + second }, 32);
    cpu.set(rd, value);
}

pub(super) fn parallel(
    cpu: &mut Cpu,
    (op, how, signed): (LaneOp, Lanes, bool),
    (rd, rn, rm): (Register, Register, Register),
) {
    let (value, ge) = lanes::parallel(op, how, signed, cpu.get(rn), cpu.get(rm));
    if how == Lanes::Wrapping {
        cpu.flags.ge = ge;
    }
    cpu.set(rd, value);
}

pub(super) fn select(cpu: &mut Cpu, (rd, rn, rm): (Register, Register, Register)) {
    let value = lanes::select(cpu.flags.ge, cpu.get(rn), cpu.get(rm));
    cpu.set(rd, value);
}

pub(super) fn pack(
    cpu: &mut Cpu,
    (rd, rn, rm): (Register, Register, Register),
    by: Shift,
    top: bool,
) {
    let (second, _) = shift(cpu.get(rm), by.kind, u32::from(by.amount), cpu.flags.c);
    let first = cpu.get(rn);
    let (high, low) = if top { (first, second) } else { (second, first) };
    cpu.set(rd, high & 0xFFFF_0000 | low & 0xFFFF);
}
