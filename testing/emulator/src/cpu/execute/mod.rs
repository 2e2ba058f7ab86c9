//! One instruction at work: DDI 0403 A7.7.

mod data;
mod multiply;

use crate::bits::{byte, field};
use crate::bus::{Bus, Width};
use crate::cpu::{Cpu, Flags, Passed, access};
use crate::exception::controller::PRIORITY_MASK;
use crate::fault::Reason;
use crate::instruction::{Instruction, Register, Special};

/// What an instruction did that bears on its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// It went elsewhere.
    pub branched: bool,
    /// How much more than the least it had to do: accesses beyond the first of an unaligned load or store, bits of the
    /// quotient of a division.
    pub work: u8,
}

impl Effect {
    /// Nothing special.
    pub const NONE: Self = Self { branched: false, work: 0 };
    const BRANCHED: Self = Self { branched: true, work: 0 };
}

/// Executes an instruction whose condition holds. `cpu` is already past it.
///
/// # Errors
/// What the silicon would raise a fault for. Registers may have changed.
#[inline]
pub fn execute<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    instruction: &Instruction,
    passed: Passed,
) -> Result<Effect, Reason> {
    match *instruction {
        Instruction::Data { op, flags, rd, rn, operand } => {
            Ok(data::data(cpu, op, passed.sets(flags), (rd, rn), operand))
        }
        Instruction::Load { width, signed, rt, ref address } => {
            access::load(cpu, bus, (width, signed), rt, address)
        }
        Instruction::Store { width, rt, ref address } => {
            access::store(cpu, bus, width, rt, address)
        }
        Instruction::Branch { condition, offset } => {
            if !cpu.passes(condition) {
                return Ok(Effect::NONE);
            }
            Ok(jump(cpu, offset))
        }
        Instruction::CompareBranch { rn, nonzero, offset } => {
            if (cpu.get(rn) != 0) != nonzero {
                return Ok(Effect::NONE);
            }
            Ok(jump(cpu, offset))
        }
        Instruction::LoadPair { first, second, ref address } => {
            access::load_pair(cpu, bus, (first, second), address)
        }
        Instruction::StorePair { first, second, ref address } => {
            access::store_pair(cpu, bus, (first, second), address)
        }
        Instruction::LoadMultiple { base, list, write_back, before } => {
            access::load_multiple(cpu, bus, (base, list), write_back, before)
        }
        Instruction::StoreMultiple { base, list, write_back, before } => {
            access::store_multiple(cpu, bus, (base, list), write_back, before)
        }
        Instruction::BranchLink { offset } => {
            let back = cpu.next() | 1;
            cpu.set(Register::LR, back);
            Ok(jump(cpu, offset))
        }
        Instruction::BranchExchange { rm, link } => {
            let (target, back) = (cpu.get(rm), cpu.next() | 1);
            if link {
                cpu.set(Register::LR, back);
            }
            cpu.branch_exchange(target)?;
            Ok(Effect::BRANCHED)
        }
        Instruction::TableBranch { rn, rm, half } => table_branch(cpu, bus, rn, rm, half),
        Instruction::IfThen { state } => {
            cpu.it = state;
            Ok(Effect::NONE)
        }
        Instruction::ReadSpecial { rd, special } => {
            let value = read_special(cpu, special);
            cpu.set(rd, value);
            Ok(Effect::NONE)
        }
        Instruction::WriteSpecial { rn, special, mask } => {
            let value = cpu.get(rn);
            write_special(cpu, special, mask, value);
            Ok(Effect::NONE)
        }
        Instruction::MaskInterrupts { mask } => {
            cpu.primask = mask;
            Ok(Effect::NONE)
        }
        // That the machine stops, sleeps, or takes an exception is not the core's concern.
        Instruction::Hint(_)
        | Instruction::Breakpoint { .. }
        | Instruction::SupervisorCall
        | Instruction::WaitForInterrupt => Ok(Effect::NONE),
        ref other => Ok(calculate(cpu, other, passed)),
    }
}

/// Instructions of registers only, apart from those of two operands.
fn calculate(cpu: &mut Cpu, instruction: &Instruction, passed: Passed) -> Effect {
    match *instruction {
        Instruction::Adr { rd, offset } => {
            let address = (cpu.get(Register::PC) & !3).wrapping_add_signed(offset);
            cpu.set(rd, address);
        }
        Instruction::MoveTop { rd, value } => {
            let low = cpu.get(rd) & 0xFFFF;
            cpu.set(rd, u32::from(value) << 16 | low);
        }
        Instruction::Multiply { kind, flags, rd, rn, rm, ra } => {
            multiply::short(cpu, kind, passed.sets(flags), (rd, rn, rm), ra);
        }
        Instruction::MultiplyLong { kind, low, high, rn, rm } => {
            multiply::long(cpu, kind, (low, high), (rn, rm));
        }
        Instruction::Divide { signed, rd, rn, rm } => {
            let work = multiply::divide(cpu, signed, rd, (rn, rm));
            return Effect { branched: false, work };
        }
        Instruction::Extract { signed, rd, rn, low, width } => {
            data::extract(cpu, signed, (rd, rn), low, width);
        }
        Instruction::Insert { rd, rn, low, width } => data::insert(cpu, (rd, rn), low, width),
        Instruction::Extend { lane, signed, rd, rn, rm, rotation } => {
            data::extend(cpu, (lane, signed), (rd, rn, rm), rotation);
        }
        Instruction::Permute { kind, rd, rm } => data::permute(cpu, kind, (rd, rm)),
        Instruction::Saturate { signed, rd, rn, bits, shift } => {
            data::saturate(cpu, signed, (rd, rn), bits, shift);
        }
        Instruction::SaturateHalves { signed, rd, rn, bits } => {
            data::saturate_halves(cpu, signed, (rd, rn), bits);
        }
        Instruction::SaturatingAdd { subtract, double, rd, rn, rm } => {
            data::saturating_add(cpu, (subtract, double), (rd, rn, rm));
        }
        Instruction::Parallel { op, lanes, signed, rd, rn, rm } => {
            data::parallel(cpu, (op, lanes, signed), (rd, rn, rm));
        }
        Instruction::Select { rd, rn, rm } => data::select(cpu, (rd, rn, rm)),
        Instruction::Pack { rd, rn, rm, shift, top } => data::pack(cpu, (rd, rn, rm), shift, top),
        _ => {}
    }
    Effect::NONE
}

fn jump(cpu: &mut Cpu, offset: i32) -> Effect {
    let target = cpu.get(Register::PC).wrapping_add_signed(offset);
    cpu.branch(target);
    Effect::BRANCHED
}

fn table_branch<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    rn: Register,
    rm: Register,
    half: bool,
) -> Result<Effect, Reason> {
    let (base, index) = (cpu.get(rn), cpu.get(rm));
    let (address, width) = if half {
        (base.wrapping_add(index << 1), Width::Half)
    } else {
        (base.wrapping_add(index), Width::Byte)
    };
    let (entry, work) = access::read(bus, address, width)?;
    let target = cpu.get(Register::PC).wrapping_add(2 * entry);
    cpu.branch(target);
    Ok(Effect { branched: true, work })
}

fn read_special(cpu: &Cpu, special: Special) -> u32 {
    match special {
        Special::Apsr => cpu.flags.to_word(),
        Special::Ipsr => cpu.exception().map_or(0, |exception| u32::from(exception.number())),
        Special::Msp => cpu.get(Register::SP),
        Special::Primask => u32::from(cpu.primask),
        Special::Basepri | Special::BasepriMax => u32::from(cpu.basepri),
    }
}

fn write_special(cpu: &mut Cpu, special: Special, mask: u8, value: u32) {
    match special {
        Special::Apsr => {
            let new = Flags::from_word(value);
            if mask & 2 != 0 {
                cpu.flags = Flags { ge: cpu.flags.ge, ..new };
            }
            if mask & 1 != 0 {
                cpu.flags.ge = new.ge;
            }
        }
        Special::Ipsr => {}
        Special::Msp => cpu.set(Register::SP, value),
        Special::Primask => cpu.primask = field(value, 0, 1) == 1,
        Special::Basepri => cpu.basepri = byte(value) & PRIORITY_MASK,
        Special::BasepriMax => {
            let new = byte(value) & PRIORITY_MASK;
            if new != 0 && (cpu.basepri == 0 || new < cpu.basepri) {
                cpu.basepri = new;
            }
        }
    }
}
