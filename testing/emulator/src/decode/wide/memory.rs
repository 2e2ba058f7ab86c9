//! Loads and stores: A5.3.5 to A5.3.10.

use super::{Decoded, Refusal, at, general};
use crate::bits::{bit, byte, field};
use crate::bus::Width;
use crate::instruction::{Address, Hint, Indexing, Instruction, Offset, Register};

/// A5.3.5: `LDM`, `STM` and the like.
pub(super) fn multiple(first: u32, second: u32) -> Decoded {
    let (base, loads, write_back) = (at(first, 0), bit(first, 4), bit(first, 5));
    let before = match field(first, 7, 2) {
        1 => false,
        2 => true,
        _ => return Err(Refusal::Undefined),
    };
    let list = u16::try_from(second).map_err(|_| Refusal::Undefined)?;
    let has = |register: Register| list & register.mask() != 0;
    let both = has(Register::PC) && has(Register::LR);
    if base == Register::PC
        || list.count_ones() < 2
        || has(Register::SP)
        || if loads { both } else { has(Register::PC) }
        || write_back && has(base)
    {
        return Err(Refusal::Unpredictable);
    }
    Ok(if loads {
        Instruction::LoadMultiple { base, list, write_back, before }
    } else {
        Instruction::StoreMultiple { base, list, write_back, before }
    })
}

/// A5.3.6: `LDRD`, `STRD`, `TBB`, `TBH`; exclusive access is not modelled.
pub(super) fn pair_or_table(first: u32, second: u32) -> Decoded {
    let (base, rt, rt2) = (at(first, 0), at(second, 12), at(second, 8));
    let (index, up, write_back, loads) =
        (bit(first, 8), bit(first, 7), bit(first, 5), bit(first, 4));
    if !index && !write_back {
        return if up && loads && field(second, 5, 3) == 0 {
            table_branch(first, second)
        } else {
            Err(Refusal::NotModelled)
        };
    }
    general(&[rt, rt2])?;
    let offset = signed_offset(field(second, 0, 8) * 4, up);
    let indexing = indexing(index, write_back);
    if write_back && (base == Register::PC || base == rt || base == rt2)
        || loads && rt == rt2
        || !loads && base == Register::PC
    {
        return Err(Refusal::Unpredictable);
    }
    let address = Address { base, offset, indexing };
    Ok(if loads {
        Instruction::LoadPair { first: rt, second: rt2, address }
    } else {
        Instruction::StorePair { first: rt, second: rt2, address }
    })
}

fn table_branch(first: u32, second: u32) -> Decoded {
    let (rn, rm) = (at(first, 0), at(second, 0));
    general(&[rm])?;
    if rn == Register::SP || field(second, 8, 8) != 0xF0 {
        return Err(Refusal::Unpredictable);
    }
    Ok(Instruction::TableBranch { rn, rm, half: bit(second, 4) })
}

fn signed_offset(value: u32, up: bool) -> Offset {
    let value = value.cast_signed();
    Offset::Constant(if up { value } else { -value })
}

fn indexing(index: bool, write_back: bool) -> Indexing {
    match (index, write_back) {
        (true, false) => Indexing::Offset,
        (true, true) => Indexing::Before,
        (false, _) => Indexing::After,
    }
}

/// A5.3.7 to A5.3.10: one register.
pub(super) fn single(first: u32, second: u32) -> Decoded {
    let width = match field(first, 5, 2) {
        0 => Width::Byte,
        1 => Width::Half,
        2 => Width::Word,
        _ => return Err(Refusal::Undefined),
    };
    let (loads, signed, rt) = (bit(first, 4), bit(first, 8), at(second, 12));
    if signed && width == Width::Word {
        return Err(Refusal::Undefined);
    }
    let address = address(first, second)?;
    if !loads {
        return store(width, rt, address);
    }
    if rt == Register::PC && width != Width::Word {
        return preload(width, address);
    }
    if rt == Register::SP && width != Width::Word {
        return Err(Refusal::Unpredictable);
    }
    if address.indexing != Indexing::Offset && address.base == rt {
        return Err(Refusal::Unpredictable);
    }
    Ok(Instruction::Load { width, signed, rt, address })
}

fn store(width: Width, rt: Register, address: Address) -> Decoded {
    if address.base == Register::PC {
        return Err(Refusal::Undefined);
    }
    if rt == Register::PC
        || rt == Register::SP && width != Width::Word
        || address.indexing != Indexing::Offset && address.base == rt
    {
        return Err(Refusal::Unpredictable);
    }
    Ok(Instruction::Store { width, rt, address })
}

/// `PLD`, `PLI`; the forms between them are reserved.
fn preload(width: Width, address: Address) -> Decoded {
    if width == Width::Byte && address.indexing == Indexing::Offset {
        return Ok(Instruction::Hint(Hint::Nop));
    }
    Err(Refusal::Unpredictable)
}

fn address(first: u32, second: u32) -> Result<Address, Refusal> {
    let base = at(first, 0);
    let constant = |offset, indexing| Address { base, offset, indexing };
    // Literals have twelve bits and a sign in the place of the form.
    if base == Register::PC && bit(first, 4) {
        return Ok(constant(signed_offset(field(second, 0, 12), bit(first, 7)), Indexing::Offset));
    }
    if bit(first, 7) {
        return Ok(constant(signed_offset(field(second, 0, 12), true), Indexing::Offset));
    }
    if !bit(second, 11) {
        if field(second, 6, 5) != 0 {
            return Err(Refusal::Undefined);
        }
        let rm = at(second, 0);
        general(&[rm])?;
        let offset = Offset::Register(rm, byte(field(second, 4, 2)));
        return Ok(constant(offset, Indexing::Offset));
    }
    let (index, up, write_back) = (bit(second, 10), bit(second, 9), bit(second, 8));
    match (index, up, write_back) {
        (true, true, false) => Err(Refusal::NotModelled),
        (false, _, false) => Err(Refusal::Undefined),
        _ => Ok(constant(signed_offset(field(second, 0, 8), up), indexing(index, write_back))),
    }
}
