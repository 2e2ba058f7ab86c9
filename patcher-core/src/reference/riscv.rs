//! RISC-V with or without compressed instructions, 32 or 64 bits, for addresses that fit 32 bits or are cut to them.
//!
//! References are `JAL`, branches under a condition, `C.J`, `C.BEQZ`, `C.BNEZ`, on 32-bit cores `C.JAL`, and two instructions that
//! follow each other directly: `AUIPC` or `LUI`, then one that adds a signed 12-bit offset to its register: `ADDI`, `JALR`, a
//! load, a store. One whose `LUI` is up to [`BEHIND`] bytes before it is a reference by itself, and so is one whose register is the
//! global pointer: how far it leads from there is taken for an address from 0xF000_0000 on.
//!
//! ```text
//!  31                       12 11  7 6     0
//! | imm[20|10:1|11|19:12]     |  rd | 1101111 |    JAL: address + imm
//! | imm[31:12]                |  rd | 0010111 |    AUIPC: address + imm, then + offset
//! | imm[31:12]                |  rd | 0110111 |    LUI: imm, then + offset
//! | imm[12|10:5] | rs2 | rs1 | f3 | imm[4:1|11] | 1100011 |    branch: address + imm
//!  15 13 12                  2 1 0
//! | x01 | imm[11|4|9:8|10|6|7|3:1|5] | 0 1 |       C.J: x = 1, C.JAL: x = 0
//! | 11x | imm[8|4:3] | rs1 | imm[7:6|2:1|5] | 0 1 |    C.BEQZ, C.BNEZ
//! ```
//!
//! **Reference**: The RISC-V Instruction Set Manual, volume I, 2.4 (LUI, AUIPC), 2.5 (JAL, JALR, BEQ), 16.4 (C.J, C.JAL, C.BEQZ).

use super::inside::Inside;
use super::{
    Around, BEHIND, Branch, By, Forms, Found, Isa, MAX_LEN, Site, ahead, call, first, second,
    signed, with_first, words,
};
use crate::container::region::Regions;

/// The RISC-V instruction set with registers of `BITS` bits, 32 or 64.
#[derive(Debug, Clone, Copy)]
pub struct RiscV<const BITS: u8>;

/// The references.
#[derive(Debug, Clone, Copy)]
enum Form {
    Jump,
    /// A branch under a condition.
    Compare,
    Short,
    ShortCompare,
    /// AUIPC and its user.
    Relative,
    /// LUI and its user.
    Absolute,
    /// What uses the global pointer.
    Global,
}

/// Where the global pointer is said to lead: what it really holds is in no instruction of a reference.
const GLOBAL: u32 = 0xF000_0000;

impl<const BITS: u8> RiscV<BITS> {
    fn form(bytes: [u8; MAX_LEN]) -> Option<Form> {
        let word = first(bytes);
        let rd = word >> 7 & 0x1F;
        let followed = || rd != 0 && second(bytes) >> 15 & 0x1F == rd && is_user(second(bytes));
        match word & 0x7F {
            0x6F => Some(Form::Jump),
            0x63 if word & 0x6000 != 0x2000 => Some(Form::Compare),
            0x17 if followed() => Some(Form::Relative),
            0x37 if followed() => Some(Form::Absolute),
            _ => match word & 0xE003 {
                0xA001 => Some(Form::Short),
                0x2001 if BITS == 32 => Some(Form::Short),
                0xC001 | 0xE001 => Some(Form::ShortCompare),
                _ if is_user(word) && word >> 15 & 0x1F == 3 => Some(Form::Global),
                _ => None,
            },
        }
    }
}

/// Whether a call begins with this halfword: `JAL` or `AUIPC` into the register of returns, `JALR` by way of it.
fn starts_call(half: u32) -> bool {
    matches!(half & 0xFFF, 0x0EF | 0x097) || half == 0x80E7
}

/// Whether it is a call whose second halfword does not look like the first one of a call.
fn is_call(word: u32) -> bool {
    let (low, high) = (word & 0xFFFF, word >> 16);
    starts_call(low) && !starts_call(high) && (low != 0x80E7 || high & 0xF == 0)
}

/// The call with `by` bytes more in its distance, or in the part of it that is in this instruction.
fn longer(word: u32, by: u32) -> u32 {
    match word & 0x7F {
        // Towards zero, so that there and back are alike.
        0x17 => word.wrapping_add((by.cast_signed() / 0x1000 * 0x1000).cast_unsigned()),
        0x67 => word.wrapping_add(by << 20),
        _ => with_jump(word, jump(word).wrapping_add(by)),
    }
}

/// Whether an instruction adds an offset to its first register.
fn is_user(word: u32) -> bool {
    match word & 0x7F {
        // Loads and stores, of floating-point numbers too.
        0x03 | 0x07 | 0x23 | 0x27 => true,
        // ADDI, JALR.
        0x13 | 0x67 => word & 0x7000 == 0,
        _ => false,
    }
}

/// Stores have the low bits of their offset where others have a destination.
fn is_store(word: u32) -> bool {
    word & 0x5B == 0x03 && word & 0x20 != 0
}

fn offset(word: u32) -> u32 {
    let value = if is_store(word) { word >> 20 & 0xFE0 | word >> 7 & 0x1F } else { word >> 20 };
    signed(value, 12)
}

fn with_offset(word: u32, offset: u32) -> u32 {
    if is_store(word) {
        word & 0x01FF_F07F | (offset & 0xFE0) << 20 | (offset & 0x1F) << 7
    } else {
        word & 0x000F_FFFF | offset << 20
    }
}

fn jump(word: u32) -> u32 {
    let low = word >> 20 & 0x7FE | word >> 9 & 0x800 | word & 0xF_F000;
    signed(low | word >> 11 & 0x10_0000, 21)
}

fn with_jump(word: u32, distance: u32) -> u32 {
    let low = (distance & 0x7FE) << 20 | (distance & 0x800) << 9 | distance & 0xF_F000;
    word & 0xFFF | low | (distance & 0x10_0000) << 11
}

fn compare(word: u32) -> u32 {
    let low = word >> 20 & 0x7E0 | word >> 7 & 0x1E | (word & 0x80) << 4;
    signed(low | word >> 19 & 0x1000, 13)
}

fn with_compare(word: u32, distance: u32) -> u32 {
    let low = (distance & 0x7E0) << 20 | (distance & 0x1E) << 7 | distance >> 4 & 0x80;
    word & 0x01FF_F07F | low | (distance & 0x1000) << 19
}

/// Bits of a distance: where in the instruction, where in the distance; the last one is its sign.
type Bits = [(u32, u32)];

/// Those of C.J and C.JAL.
const SHORT: &Bits =
    &[(3, 1), (4, 2), (5, 3), (11, 4), (2, 5), (7, 6), (6, 7), (9, 8), (10, 9), (8, 10), (12, 11)];
/// Those of C.BEQZ and C.BNEZ.
const SHORT_COMPARE: &Bits = &[(3, 1), (4, 2), (10, 3), (11, 4), (2, 5), (5, 6), (6, 7), (12, 8)];

fn short(word: u32, bits: &Bits) -> u32 {
    let distance = bits.iter().fold(0, |sum, &(from, to)| sum | (word >> from & 1) << to);
    signed(distance, u32::try_from(bits.len() + 1).unwrap_or(0))
}

fn with_short(word: u32, bits: &Bits, distance: u32) -> u32 {
    bits.iter().fold(word, |word, &(to, from)| word & !(1 << to) | (distance >> from & 1) << to)
}

impl<const BITS: u8> Isa for RiscV<BITS> {
    fn id(&self) -> u8 {
        if BITS == 64 { 10 } else { 5 }
    }

    fn unit(&self) -> u8 {
        2
    }

    fn order(&self) -> u8 {
        0
    }

    /// The field `opcode`; of a compressed instruction as many bits, operands among them.
    fn follow(&self, inside: &mut Inside, bytes: &[u8]) {
        inside.step(self, bytes, |first| first);
    }

    /// RAM of GD32VF and CH32V; of ESP32-C2 and -C3, of -C5, -C6 and -H2; of BL602 and BL702; of ESP32-P4; of FE310, K210 and machines
    /// with DRAM at 2 GiB.
    fn is_ram(&self, address: u32) -> bool {
        matches!(
            address,
            0x2000_0000..0x2010_0000
                | 0x3FC0_0000..0x3FF0_0000
                | 0x4080_0000..0x4090_0000
                | 0x4200_8000..0x4204_0000
                | 0x4FF0_0000..0x5000_0000
                | 0x8000_0000..0x8100_0000
        )
    }

    /// RAM, and what the global pointer leads to.
    fn reaches(&self, address: u32) -> bool {
        self.is_ram(address) || address.wrapping_sub(GLOBAL - 0x800) < 0x1000
    }

    #[inline]
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch> {
        let word = first(bytes);
        let form = Self::form(bytes)?;
        let (target, len) = match form {
            Form::Jump => (address.wrapping_add(jump(word)), 4),
            Form::Compare => (address.wrapping_add(compare(word)), 4),
            Form::Short => (address.wrapping_add(short(word, SHORT)), 2),
            Form::ShortCompare => (address.wrapping_add(short(word, SHORT_COMPARE)), 2),
            Form::Relative => (address.wrapping_add(word & !0xFFF), 8),
            Form::Absolute => (word & !0xFFF, 8),
            Form::Global => (GLOBAL.wrapping_add(offset(word)), 4),
        };
        let offset = if len == 8 { offset(second(bytes)) } else { 0 };
        let by = match form {
            Form::Compare | Form::ShortCompare => By::Near,
            Form::Jump | Form::Short | Form::Relative => By::Far,
            Form::Absolute | Form::Global => By::Address,
        };
        Some(Branch { target: target.wrapping_add(offset), len, by })
    }

    /// `JAL` into the register of returns; `AUIPC` and `JALR` each by itself, which together are one as well.
    fn call(&self, bytes: &[u8]) -> usize {
        call::first(bytes, is_call)
    }

    /// Goes on by the same step where the second halfword would look like a first one: calls never overlap.
    fn lengthen(&self, bytes: [u8; call::LEN], by: u32) -> [u8; call::LEN] {
        let mut word = u32::from_le_bytes(bytes);
        // 528 distances look like that: one step more is out of them.
        for _ in 0..=528 {
            word = longer(word, by & !1);
            if is_call(word) {
                break;
            }
        }
        word.to_le_bytes()
    }

    /// Compilers put other instructions between a `LUI` and what uses it.
    fn behind(&self) -> usize {
        BEHIND
    }

    /// What uses the register of a `LUI` some instructions before it, unless an `ADDI` between them has used it up.
    fn user(&self, around: &Around, _address: u32) -> Option<Branch> {
        let word = first(ahead(around));
        let register = word >> 15 & 0x1F;
        if register == 0 || !is_user(word) {
            return None;
        }
        let mut behind = 0u32;
        for &half in around.get(..BEHIND)?.as_chunks::<2>().0.iter().rev() {
            let before = behind << 16 | u32::from(u16::from_le_bytes(half));
            behind = before & 0xFFFF;
            if before >> 7 & 0x1F != register {
                continue;
            }
            if before & 0x7F == 0x37 {
                let target = (before & !0xFFF).wrapping_add(offset(word));
                return Some(Branch::address(target, 4));
            }
            if before & 0x707F == 0x13 && before >> 15 & 0x1F == register {
                return None;
            }
        }
        None
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let word = first(bytes);
        let distance = target.wrapping_sub(address);
        let pair = |value: u32| {
            // The offset is signed: the high part makes up for it.
            let high = value.wrapping_add(0x800) & !0xFFF;
            words(word & 0xFFF | high, with_offset(second(bytes), value & 0xFFF))
        };
        match Self::form(bytes) {
            Some(Form::Jump) => with_first(bytes, with_jump(word, distance)),
            Some(Form::Compare) => with_first(bytes, with_compare(word, distance)),
            Some(Form::Short) => with_first(bytes, with_short(word, SHORT, distance)),
            Some(Form::ShortCompare) => {
                with_first(bytes, with_short(word, SHORT_COMPARE, distance))
            }
            Some(Form::Relative) => pair(distance),
            Some(Form::Absolute) => pair(target),
            Some(Form::Global) => with_first(bytes, with_offset(word, target & 0xFFF)),
            None if is_user(word) => with_first(bytes, with_offset(word, target & 0xFFF)),
            None => bytes,
        }
    }

    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found {
        super::find(self, around, site, regions)
    }
}

impl<const BITS: u8> Forms for RiscV<BITS> {
    /// An instruction of 32 bits, above all `LUI`, or `C.RET` behind another: literals are not among code, and few data are odd.
    fn is_code(&self, around: &Around) -> bool {
        let word = first(ahead(around));
        word & 3 == 3 || word >> 16 == 0x8082
    }

    /// Nothing else looks like `AUIPC` and its user: what they lead to stays where it is, functions of a ROM above all.
    fn leaves(&self, branch: &Branch) -> bool {
        branch.by == By::Far && branch.len == 8 || self.reaches(branch.target)
    }

    fn len(&self, bytes: [u8; MAX_LEN]) -> u8 {
        let [a, ..] = bytes;
        if a & 3 == 3 { 4 } else { 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::region::Place;

    const CORE: RiscV<32> = RiscV;

    #[test]
    fn references_are_read_as_an_assembler_writes_them() {
        // At 0x1000: `jal ra, 0x2346`, `j 0xffe`, `c.j 0x0f00`, `c.jal 0x17fe`, `bnez a0, 0xff8`,
        // `c.beqz a0, 0x1006`; `auipc a0, 0x12` with `addi a0, a0, -4`,
        // `jalr ra, 0x10(a0)`, `sw a1, -8(a0)`; `lui a0, 0x20001` with `lw a0, -2048(a0)`.
        for (bytes, target, len) in [
            (words(0x3460_10EF, 0), 0x2346, 4),
            (words(0xFFFF_F06F, 0), 0xFFE, 4),
            (words(0xB701, 0), 0xF00, 2),
            (words(0x2FFD, 0), 0x17FE, 2),
            (words(0xFE05_1CE3, 0), 0xFF8, 4),
            (words(0xC119, 0), 0x1006, 2),
            (words(0x0001_2517, 0xFFC5_0513), 0x1_2FFC, 8),
            (words(0x0001_2517, 0x0105_00E7), 0x1_3010, 8),
            (words(0x0001_2517, 0xFEB5_2C23), 0x1_2FF8, 8),
            (words(0x2000_1537, 0x8005_2503), 0x2000_0800, 8),
        ] {
            let by = match first(bytes) & 0x7F {
                0x37 => By::Address,
                0x63 | 0x19 => By::Near,
                _ => By::Far,
            };
            let branch = Some(Branch { target, len, by });
            assert_eq!(CORE.branch(bytes, 0x1000), branch, "{bytes:x?}");
            assert_eq!(CORE.retarget(bytes, 0x1000, target), bytes, "{bytes:x?}");
        }
    }

    fn survives(bytes: [u8; MAX_LEN], address: u32, target: u32, len: u8) {
        let moved = CORE.retarget(bytes, address, target);
        let found = CORE.branch(moved, address).map(|branch| (branch.target, branch.len));
        assert_eq!(found, Some((target, len)), "{moved:x?}");
    }

    #[test]
    fn every_reachable_target_survives_the_round_trip() {
        let address = 0x4200_0122u32;
        for distance in (-(1i32 << 20)..1 << 20).step_by(478) {
            survives(words(0x0EF, 0), address, address.wrapping_add_signed(distance), 4);
        }
        for distance in (-(1i32 << 11)..1 << 11).step_by(2) {
            survives(words(0xA001, 0), address, address.wrapping_add_signed(distance), 2);
            survives(words(0x2001, 0), address, address.wrapping_add_signed(distance), 2);
        }
        for target in (0..=u32::MAX - 0x10_0000).step_by(0xF_1231) {
            for user in [0x0005_0513, 0x0005_00E7, 0x0005_2503, 0x00A5_2023, 0x00A5_2027] {
                let moved = with_offset(user, target);
                assert_eq!(offset(moved), signed(target, 12));
                assert_eq!(moved & 0x7F, user & 0x7F);
                assert_eq!(moved >> 15 & 0x1F, user >> 15 & 0x1F);
                assert!(!is_store(user) || moved >> 20 & 0x1F == user >> 20 & 0x1F);
                survives(words(0x517, user), address, target, 8);
                survives(words(0x537, user), address, target, 8);
            }
        }
    }

    #[test]
    fn calls_are_lengthened_there_and_back() {
        // `jal ra, 0x2346` at 0x1000, from 0x400 on; with the register of another link; with a second halfword like a first.
        let call = [0xEF, 0x10, 0x60, 0x34];
        assert_eq!(CORE.call(&call), 0);
        let seen = words(u32::from_le_bytes(CORE.lengthen(call, 0xC00)), 0);
        assert_eq!(CORE.branch(seen, 0).map(|call| call.target), Some(0x1346 + 0xC00));
        assert_eq!(CORE.call(&[0xEF, 0x12, 0x60, 0x34]), 1);
        assert_eq!(CORE.call(&[0xEF, 0x10, 0xEF, 0x30]), 1);
        // Backwards by what makes such a second halfword of some distances, with steps that reach many of them and few.
        let mut skipped = 0;
        for distance in (0..1 << 21).step_by(2) {
            let bytes = with_jump(0xEF, distance).to_le_bytes();
            if CORE.call(&bytes) != 0 {
                continue;
            }
            for by in [2, 0x100, 0x1000, 0x10_0000, 0xFFFF_FFFF, 0x1357] {
                let seen = CORE.lengthen(bytes, by);
                assert_eq!(CORE.call(&seen), 0);
                assert_eq!(CORE.lengthen(seen, 0u32.wrapping_sub(by & !1)), bytes);
                let once = with_jump(0xEF, distance.wrapping_add(by & !1)).to_le_bytes();
                skipped += u32::from(seen != once);
            }
        }
        assert!(skipped > 6 * 128, "{skipped}");
    }

    #[test]
    fn calls_of_two_instructions_are_lengthened_one_by_one() {
        // `auipc ra, 0x1`, `jalr ra, 0x234(ra)`, from 0x2400 on.
        let seen = CORE.lengthen([0x97, 0x10, 0, 0], 0x2400);
        assert_eq!(seen, [0x97, 0x30, 0, 0], "whole pages");
        assert_eq!(CORE.lengthen([0xE7, 0x80, 0x40, 0x23], 0x2400), [0xE7, 0x80, 0x40, 0x63]);
        // Another register; a second halfword like a first; one that is no offset.
        assert_eq!(CORE.call(&[0x17, 0x13, 0, 0]), 1);
        assert_eq!(CORE.call(&[0x97, 0x10, 0xE7, 0x80]), 1);
        assert_eq!(CORE.call(&[0xE7, 0x80, 0x41, 0x23]), 1);
        for high in 0..1u32 << 20 {
            for first in [high << 12 | 0x97, high << 20 | 0x80E7] {
                let bytes = first.to_le_bytes();
                if CORE.call(&bytes) != 0 {
                    continue;
                }
                for by in [2, 0x100, 0x1000, 0x1_0000, 0x1000_0000, 0xFFFF_FFFE, 0x1357_9BDE] {
                    let seen = CORE.lengthen(bytes, by);
                    assert_eq!(CORE.call(&seen), 0);
                    assert_eq!(CORE.lengthen(seen, 0u32.wrapping_sub(by)), bytes);
                }
            }
        }
    }

    #[test]
    fn what_leads_out_of_the_image_counts_where_it_is_surely_a_reference() {
        let regions = Regions::single(0x1_0000, 0x4038_0000);
        let found = |bytes: [u8; MAX_LEN]| {
            let mut around = [0; BEHIND + MAX_LEN];
            around[BEHIND..].copy_from_slice(&bytes);
            let place = Place { address: 0x4038_0100, code: true, left: 0x1000 };
            CORE.find(&around, &Site::alone(place), &regions)
        };
        // `auipc ra, -0x380`, `jalr ra, 0x40(ra)`: a function of the ROM; `lui` and `lw` of a peripheral; `jal` far away.
        let rom = Branch::far(0x4000_0140, 8);
        assert_eq!(found(words(0xFFC8_0097, 0x0400_80E7)), Found::Branch(rom));
        assert_eq!(found(words(0x6000_07B7, 0x0047_A783)), Found::Plain(4));
        assert_eq!(found(words(0x0001_90EF, 0)), Found::Plain(4));
        // `lw s1, -200(gp)` and `sb a0, 16(gp)`.
        let global = |offset: i32| Branch::address(GLOBAL.wrapping_add_signed(offset), 4);
        assert_eq!(found(words(0xF381_A483, 0)), Found::Branch(global(-200)));
        assert_eq!(found(words(0x00A1_8823, 0)), Found::Branch(global(16)));
        let moved = CORE.retarget(words(0x00A1_8823, 0), 0, GLOBAL - 4);
        assert_eq!(CORE.branch(moved, 0), Some(global(-4)));
    }

    #[test]
    fn a_register_set_before_is_found_until_it_is_used_up() {
        // `lui a5, 0x3fcd6`, `mv a0, s0` (short), then `addi a5, a5, 1176`; the same used up by another `addi` before.
        let code = [0xB7, 0x67, 0xCD, 0x3F, 0x22, 0x85, 0x93, 0x87, 0x87, 0x49];
        let around = |code: &[u8], len: usize| -> Around {
            let mut around = [0; BEHIND + MAX_LEN];
            let place = BEHIND + len - code.len();
            around[place..place + code.len()].copy_from_slice(code);
            around
        };
        let found = Some(Branch::address(0x3FCD_6498, 4));
        assert_eq!(CORE.user(&around(&code, 4), 0), found);
        let moved = CORE.retarget(words(0x4987_8793, 0), 0, 0x3FCD_64C0);
        assert_eq!(moved, words(0x4C07_8793, 0));
        let twice = [&code[..], &[0x93, 0x87, 0x87, 0x49]].concat();
        assert_eq!(CORE.user(&around(&twice, 4), 0), None);
        // `lui` into another register; too far away.
        assert_eq!(CORE.user(&around(&[&[0x37, 0x67], &code[2..]].concat(), 4), 0), None);
        let far = [&code[..4], &[0x22, 0x85].repeat(11), &code[6..]].concat();
        assert_eq!(CORE.user(&around(&far[2..], 4), 0), None);
        let near = [&code[..4], &[0x22, 0x85].repeat(10), &code[6..]].concat();
        assert_eq!(CORE.user(&around(&near, 4), 0), found);
    }

    #[test]
    fn instructions_are_no_pointers() {
        let regions = Regions::single(0x1_0000, 0x3FCD_0000);
        let found = |word: u32, code: bool| {
            let mut around = [0; BEHIND + MAX_LEN];
            around[BEHIND..BEHIND + 4].copy_from_slice(&word.to_le_bytes());
            let place = Place { address: 0x3FCD_4000, code, left: 0x1000 };
            CORE.find(&around, &Site::alone(place), &regions)
        };
        // `lui a0, 0x3fcd6`; `addi sp, sp, 16` (short) and `ret`, which DRAM at 2 GiB looks like.
        assert_eq!(found(0x3FCD_6537, true), Found::Plain(4));
        assert_eq!(found(0x8082_0141, true), Found::Plain(2));
        assert_eq!(found(0x3FCD_6537, false), Found::Pointer(0x3FCD_6537));
        assert_eq!(found(0x8082_0141, false), Found::RamPointer(0x8082_0141));
        assert_eq!(found(0x3FCD_6538, true), Found::Pointer(0x3FCD_6538));
    }

    #[test]
    fn what_only_looks_alike_is_not_taken() {
        // Opcode of branches without one, `c.andi`, LUI with another register, with `andi`, into x0.
        for (first, second) in [
            (0x0000_2063, 0),
            (0x8801, 0),
            (0x537, 0x0005_8513),
            (0x537, 0x0005_7513),
            (0x037, 0x0000_0013),
        ] {
            assert_eq!(CORE.branch(words(first, second), 0), None, "{first:x} {second:x}");
        }
        // C.ADDIW on 64-bit cores.
        assert_eq!(RiscV::<64>.branch(words(0x2001, 0), 0), None);
        assert_eq!(RiscV::<64>.id(), 10);
    }
}
