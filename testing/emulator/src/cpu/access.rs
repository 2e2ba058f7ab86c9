//! Loads and stores: addresses, unaligned access, register lists.

use crate::bits::signed;
use crate::bus::{Bus, Width};
use crate::cpu::{Cpu, Effect};
use crate::fault::Reason;
use crate::instruction::{Address, Indexing, Offset, Register};

/// Reads at any address: the core takes an unaligned access apart. With how many accesses more than one.
pub(super) fn read<B: Bus>(bus: &mut B, address: u32, width: Width) -> Result<(u32, u8), Reason> {
    if address.is_multiple_of(width.bytes()) {
        return Ok((read_aligned(bus, address, width)?, 0));
    }
    let parts = parts(address, width);
    let (mut value, mut shift) = (0, 0);
    for (offset, width) in parts.iter() {
        value |= read_aligned(bus, address.wrapping_add(offset), width)? << shift;
        shift += 8 * width.bytes();
    }
    Ok((value, parts.more()))
}

fn write<B: Bus>(bus: &mut B, address: u32, width: Width, value: u32) -> Result<u8, Reason> {
    if address.is_multiple_of(width.bytes()) {
        write_aligned(bus, address, width, value)?;
        return Ok(0);
    }
    let parts = parts(address, width);
    let mut rest = value;
    for (offset, width) in parts.iter() {
        write_aligned(bus, address.wrapping_add(offset), width, rest)?;
        rest >>= 8 * width.bytes();
    }
    Ok(parts.more())
}

#[inline]
fn read_aligned<B: Bus>(bus: &mut B, address: u32, width: Width) -> Result<u32, Reason> {
    bus.read(address, width).map_err(|error| Reason::Access { address, error })
}

#[inline]
fn write_aligned<B: Bus>(
    bus: &mut B,
    address: u32,
    width: Width,
    value: u32,
) -> Result<(), Reason> {
    bus.write(address, width, value).map_err(|error| Reason::Access { address, error })
}

/// What an unaligned access becomes: bytes and halves; Arm 100166 r0p1 §3.3, load/store timings.
struct Parts(&'static [Width]);

fn parts(address: u32, width: Width) -> Parts {
    Parts(match (width, address & 1) {
        (Width::Word, 0) => &[Width::Half, Width::Half],
        (Width::Word, _) => &[Width::Byte, Width::Half, Width::Byte],
        _ => &[Width::Byte, Width::Byte],
    })
}

impl Parts {
    fn iter(&self) -> impl Iterator<Item = (u32, Width)> {
        self.0.iter().scan(0, |offset, &width| {
            let at = *offset;
            *offset += width.bytes();
            Some((at, width))
        })
    }

    /// Accesses more than one.
    fn more(&self) -> u8 {
        if self.0.len() == 3 { 2 } else { 1 }
    }
}

/// The address of an access, and what its base register becomes.
#[inline]
fn resolve(cpu: &Cpu, address: &Address) -> (u32, Option<u32>) {
    let base = cpu.get(address.base);
    let base = if address.base == Register::PC { base & !3 } else { base };
    let offset = match address.offset {
        Offset::Constant(offset) => offset.cast_unsigned(),
        Offset::Register(rm, shift) => cpu.get(rm) << shift,
    };
    let sum = base.wrapping_add(offset);
    match address.indexing {
        Indexing::Offset => (sum, None),
        Indexing::Before => (sum, Some(sum)),
        Indexing::After => (base, Some(sum)),
    }
}

#[inline]
pub(super) fn load<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    (width, is_signed): (Width, bool),
    rt: Register,
    address: &Address,
) -> Result<Effect, Reason> {
    let (at, base) = resolve(cpu, address);
    if rt == Register::PC && !at.is_multiple_of(4) {
        return Err(Reason::Unaligned { address: at });
    }
    let (value, more) = read(bus, at, width)?;
    if let Some(base) = base {
        cpu.set(address.base, base);
    }
    let value = match width {
        _ if !is_signed => value,
        Width::Byte => signed(value, 8).cast_unsigned(),
        Width::Half => signed(value, 16).cast_unsigned(),
        Width::Word => value,
    };
    if rt == Register::PC {
        cpu.branch_exchange(value)?;
        return Ok(Effect { branched: true, work: more });
    }
    cpu.set(rt, value);
    Ok(Effect { branched: false, work: more })
}

#[inline]
pub(super) fn store<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    width: Width,
    rt: Register,
    address: &Address,
) -> Result<Effect, Reason> {
    let (at, base) = resolve(cpu, address);
    let work = write(bus, at, width, cpu.get(rt))?;
    if let Some(base) = base {
        cpu.set(address.base, base);
    }
    Ok(Effect { branched: false, work })
}

/// `LDRD`.
pub(super) fn load_pair<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    (first, second): (Register, Register),
    address: &Address,
) -> Result<Effect, Reason> {
    let (at, base) = resolve(cpu, address);
    let at = word_aligned(at)?;
    let low = read_aligned(bus, at, Width::Word)?;
    let high = read_aligned(bus, at.wrapping_add(4), Width::Word)?;
    cpu.set(first, low);
    cpu.set(second, high);
    if let Some(base) = base {
        cpu.set(address.base, base);
    }
    Ok(Effect::NONE)
}

/// `STRD`.
pub(super) fn store_pair<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    (first, second): (Register, Register),
    address: &Address,
) -> Result<Effect, Reason> {
    let (at, base) = resolve(cpu, address);
    let at = word_aligned(at)?;
    write_aligned(bus, at, Width::Word, cpu.get(first))?;
    write_aligned(bus, at.wrapping_add(4), Width::Word, cpu.get(second))?;
    if let Some(base) = base {
        cpu.set(address.base, base);
    }
    Ok(Effect::NONE)
}

/// Where a list of registers lies, and what its base becomes.
fn list_at(cpu: &Cpu, base: Register, list: u16, before: bool) -> Result<(u32, u32), Reason> {
    let (start, len_bytes) = (cpu.get(base), 4 * list.count_ones());
    let (at, end) = if before {
        let start = start.wrapping_sub(len_bytes);
        (start, start)
    } else {
        (start, start.wrapping_add(len_bytes))
    };
    Ok((word_aligned(at)?, end))
}

fn word_aligned(address: u32) -> Result<u32, Reason> {
    if address.is_multiple_of(4) { Ok(address) } else { Err(Reason::Unaligned { address }) }
}

fn registers(list: u16) -> impl Iterator<Item = Register> {
    (0..16).map(Register::new).filter(move |register| list & register.mask() != 0)
}

/// `LDM`, `LDMDB`, `POP`.
pub(super) fn load_multiple<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    (base, list): (Register, u16),
    write_back: bool,
    before: bool,
) -> Result<Effect, Reason> {
    let (mut at, end) = list_at(cpu, base, list, before)?;
    let mut target = None;
    if write_back {
        cpu.set(base, end);
    }
    for register in registers(list) {
        let value = read_aligned(bus, at, Width::Word)?;
        at = at.wrapping_add(4);
        if register == Register::PC {
            target = Some(value);
        } else {
            cpu.set(register, value);
        }
    }
    if let Some(target) = target {
        cpu.branch_exchange(target)?;
    }
    Ok(Effect { branched: target.is_some(), work: 0 })
}

/// `STM`, `STMDB`, `PUSH`.
pub(super) fn store_multiple<B: Bus>(
    cpu: &mut Cpu,
    bus: &mut B,
    (base, list): (Register, u16),
    write_back: bool,
    before: bool,
) -> Result<Effect, Reason> {
    let (mut at, end) = list_at(cpu, base, list, before)?;
    for register in registers(list) {
        write_aligned(bus, at, Width::Word, cpu.get(register))?;
        at = at.wrapping_add(4);
    }
    if write_back {
        cpu.set(base, end);
    }
    Ok(Effect::NONE)
}
