//! Thumb: ARMv6-M, ARMv7-M, ARMv8-M.
//!
//! Branches are `BL` (encoding T1) and `B.W` (encoding T4): two halfwords, reach ±16 MiB.
//!
//! ```text
//!  15 14 13 12 11 10 9        0   15 14 13 12 11 10        0
//! | 1  1  1  1  0 | S | imm10  | | 1  L  J1 1  J2 |  imm11  |
//! ```
//!
//! Within a function lead `B<c>` (T1), `B` (T2) and `LDR` of a literal (T1), of one halfword. `CBZ` and `ADR` do as well, but
//! bring less than their code takes (docs/research.md, "Short references").
//!
//! ```text
//! | 1  1  0  1 | cond |  imm8  |    | 1  1  1  0  0 |  imm11  |    | 0  1  0  0  1 | Rt |  imm8  |
//! ```
//!
//! `MOVW` directly followed by `MOVT` of the same register makes an address: imm4:i:imm3:imm8 each.
//!
//! ```text
//! | 1  1  1  1  0  i  1  0  H 1 0 0 | imm4 | | 0 | imm3 |  Rd  |  imm8  |     MOVW: H = 0, MOVT: H = 1
//! ```
//!
//! **Reference**: ARM DDI 0403E.e, A7.7.76 (T3), A7.7.79, A7.7.12 and A7.7.18: offset = SignExtend(S:I1:I2:imm10:imm11:0),
//! I1 = NOT(J1 EOR S), I2 = NOT(J2 EOR S), relative to the address plus 4.

use super::{
    Around, BEHIND, Branch, By, Forms, Found, Isa, MAX_LEN, Site, call, signed, with_first, words,
};
use crate::container::region::Regions;

/// The Thumb instruction set.
#[derive(Debug, Clone, Copy)]
pub struct Thumb;

fn halves(bytes: [u8; MAX_LEN]) -> (u32, u32) {
    let [a, b, c, d, ..] = bytes;
    (u32::from(u16::from_le_bytes([a, b])), u32::from(u16::from_le_bytes([c, d])))
}

fn is_branch(first: u32, second: u32) -> bool {
    first & 0xF800 == 0xF000 && second & 0x9000 == 0x9000
}

/// J1 and J2 where I1 and I2 are: they differ from the sign exactly where one of them is 0.
fn flips(second: u32) -> u32 {
    !second << 10 & 1 << 23 | !second << 11 & 1 << 22
}

fn offset(first: u32, second: u32) -> u32 {
    signed((first & 0x7FF) << 12 | (second & 0x7FF) << 1, 23) ^ flips(second)
}

/// Where an instruction of one halfword at `address` leads, if it is a branch or a load of a literal.
fn short(half: u32, address: u32) -> Option<u32> {
    let origin = address.wrapping_add(4);
    let distance = match half >> 11 {
        0x09 => return Some((origin & !3).wrapping_add((half & 0xFF) << 2)),
        0x1A | 0x1B if half & 0xE00 != 0xE00 => signed(half, 8) << 1,
        0x1C => signed(half, 11) << 1,
        _ => return None,
    };
    Some(origin.wrapping_add(distance))
}

fn with_short(half: u32, address: u32, target: u32) -> u32 {
    let origin = address.wrapping_add(4);
    let (value, field) = match half >> 12 {
        0x4 => (target.wrapping_sub(origin & !3) >> 2, 0xFF),
        0xD => (target.wrapping_sub(origin) >> 1, 0xFF),
        _ => (target.wrapping_sub(origin) >> 1, 0x7FF),
    };
    half & !field | value & field
}

/// Whether two instructions are MOVW and MOVT that go together, as first halfword | second halfword << 16.
fn is_pair(low: u32, high: u32) -> bool {
    low & 0x8000_FBF0 == 0xF240 && high & 0x8000_FBF0 == 0xF2C0 && (low ^ high) & 0x0F00_0000 == 0
}

// Outlined as its inverse is: a pair takes two of each.
#[inline(never)]
fn half(word: u32) -> u32 {
    (word & 0xF) << 12 | (word & 0x400) << 1 | word >> 20 & 0x700 | word >> 16 & 0xFF
}

#[inline(never)]
fn with_half(word: u32, half: u32) -> u32 {
    let field = half >> 12 & 0xF | half >> 1 & 0x400 | (half & 0x700) << 20 | (half & 0xFF) << 16;
    word & 0x8F00_FBF0 | field
}

/// High bytes of halfwords that data may follow: halves of low addresses and of addresses of RAM, `BX LR`, `POP` of PC, `NOP`, `B`
/// backwards, what is erased.
const BEFORE_DATA: [u8; 7] = [0x00, 0x20, 0x47, 0xBD, 0xBF, 0xE7, 0xFF];

/// Instructions by their five high bits: those that a reference over less than [`REACH`] may be, and all others.
const NEAR: u32 = 1 << 0x09 | 1 << 0x1A | 1 << 0x1B | 1 << 0x1C;
const FAR: u32 = 1 << 0x1E;
const REACH: u32 = 2100;

impl Isa for Thumb {
    fn id(&self) -> u8 {
        2
    }

    fn unit(&self) -> u8 {
        2
    }

    fn order(&self) -> u8 {
        1
    }

    /// The first MiB of the architecture's SRAM region; and that from 0x1000_0000 on, where LPC11 to LPC43 have their SRAM, STM32F3
    /// and F4 the one that is coupled to the core.
    ///
    /// **Reference**: ARM DDI 0403E.e, B3.1: 0x2000_0000 starts SRAM.
    fn is_ram(&self, address: u32) -> bool {
        // Both at once: bit 28 of the difference tells them apart.
        address.wrapping_sub(0x1000_0000) & 0xEFF0_0000 == 0
    }

    /// `BL` and `B.W` over less than 4 MiB, J1 = J2 = 1: what they look like does not depend on their distance, and their second
    /// halfword not like a first one.
    fn call(&self, bytes: &[u8]) -> usize {
        call::first(bytes, |word| word & 0xB800_F800 == 0xB800_F000)
    }

    fn lengthen(&self, bytes: [u8; call::LEN], by: u32) -> [u8; call::LEN] {
        let word = u32::from_le_bytes(bytes);
        let distance = ((word & 0x7FF) << 11 | word >> 16 & 0x7FF).wrapping_add(by >> 1);
        let field = distance >> 11 & 0x7FF | (distance & 0x7FF) << 16;
        (word & 0xF800_F800 | field).to_le_bytes()
    }

    /// A halfword tells code from data.
    fn behind(&self) -> usize {
        2
    }

    /// By the word that starts at each halfword: no pointer, and no branch but one that stays as it is.
    fn plain(&self, bytes: &[u8], site: &Site, regions: &Regions) -> usize {
        let Site { from, to, code, left, .. } = *site;
        if !code || (from | to) & 1 != 0 {
            return 0;
        }
        let bytes = bytes.get(BEHIND..).unwrap_or(&[]);
        let end = bytes.len().saturating_sub(MAX_LEN - 1).min(left.saturating_sub(3) as usize);
        let together = (from ^ to) & 3 == 0;
        let around = site.holds(from.wrapping_sub(REACH)) && site.holds(from.wrapping_add(REACH));
        let kinds = if around { FAR } else { NEAR | FAR };
        let mut address = from;
        let mut done = 0;
        while done < end
            && let Some(&bytes) = bytes.get(done..).and_then(<[u8]>::first_chunk::<MAX_LEN>)
        {
            let word = super::first(bytes);
            let aligned = together && address & 3 == 0;
            if aligned && (self.is_ram(word) || regions.contains(word)) {
                break;
            }
            let mut step = 2;
            if kinds >> (word >> 11 & 31) & 1 == 1
                && let Some(branch) = self.branch(bytes, address)
            {
                if branch.by == By::Address || !site.holds(branch.target) {
                    break;
                }
                step = branch.len;
            }
            done += usize::from(step);
            address = address.wrapping_add(step.into());
        }
        done
    }

    /// **Cost**: one copy of it, called for what looks like a branch.
    #[inline(never)]
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch> {
        let (first, second) = halves(bytes);
        if is_branch(first, second) {
            let target = address.wrapping_add(4).wrapping_add(offset(first, second));
            return Some(Branch::far(target, 4));
        }
        if let Some(target) = short(first, address) {
            return Some(Branch::near(target, 2));
        }
        let (low, high) = (super::first(bytes), super::second(bytes));
        is_pair(low, high).then(|| Branch::address(half(high) << 16 | half(low), 8))
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let (first, second) = halves(bytes);
        if first >= 0xF000 && second < 0x8000 {
            let (low, high) = (super::first(bytes), super::second(bytes));
            return words(with_half(low, target & 0xFFFF), with_half(high, target >> 16));
        }
        if first < 0xF000 {
            let half = with_short(first, address, target);
            return with_first(bytes, half | second << 16);
        }
        let value = target.wrapping_sub(address.wrapping_add(4));
        let sign = signed(value, 25) >> 31;
        let same = !(value ^ 0u32.wrapping_sub(sign));
        let first = 0xF000 | sign << 10 | value >> 12 & 0x3FF;
        let second =
            second & 0xD000 | same >> 10 & 0x2000 | same >> 11 & 0x800 | value >> 1 & 0x7FF;
        with_first(bytes, first | second << 16)
    }

    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found {
        super::find(self, around, site, regions)
    }
}

impl Forms for Thumb {
    fn len(&self, _bytes: [u8; MAX_LEN]) -> u8 {
        2
    }

    /// An instruction of two halfwords whose second one has only a small number in it, which an address below 16 MiB looks like; but
    /// where data may begin, behind others and behind what functions end in, it is taken for a pointer.
    fn is_code(&self, around: &Around) -> bool {
        let (before, &[_, low, _, high, ..]) =
            around.split_last_chunk::<MAX_LEN>().unwrap_or((&[], &[0; MAX_LEN]));
        let before = before.last().copied().unwrap_or(0);
        low >= 0xE8 && high == 0 && !BEFORE_DATA.contains(&before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::region::Place;

    #[test]
    fn bl_is_read_and_written_as_the_manual_says() {
        // `bl` at 0x0800_0100 to 0x0800_0000: offset −0x104.
        let bytes = [0xFF, 0xF7, 0x7E, 0xFF, 0, 0, 0, 0];
        let branch = Thumb.branch(bytes, 0x0800_0100);
        assert_eq!(branch, Some(Branch::far(0x0800_0000, 4)));
        assert_eq!(Thumb.retarget(bytes, 0x0800_0100, 0x0800_0000), bytes);
    }

    #[test]
    fn every_reachable_target_survives_the_round_trip() {
        let bl = [0x00, 0xF0, 0x00, 0xF8, 0, 0, 0, 0];
        for distance in (-(1i32 << 24)..1 << 24).step_by(7_778) {
            let address = 0x0900_0000u32;
            let target = address.wrapping_add(4).wrapping_add_signed(distance & !1);
            let bytes = Thumb.retarget(bl, address, target);
            assert_eq!(Thumb.branch(bytes, address).map(|b| b.target), Some(target));
        }
    }

    #[test]
    fn a_pair_makes_an_address() {
        // `movw r3, #0x5678`, `movt r3, #0x1234`, and the same for two registers.
        let pair = words(0x6378_F245, 0x2334_F2C1);
        assert_eq!(Thumb.branch(pair, 0), Some(Branch::address(0x1234_5678, 8)));
        assert_eq!(Thumb.retarget(pair, 0, 0x1234_5678), pair);
        assert_eq!(Thumb.branch(words(0x6378_F245, 0x2234_F2C1), 0), None);
        for target in (0..=u32::MAX - 0x10_0000).step_by(0xF_1231) {
            let moved = Thumb.retarget(pair, 0, target);
            assert_eq!(Thumb.branch(moved, 0), Some(Branch::address(target, 8)));
        }
    }

    #[test]
    fn short_references_are_read_as_an_assembler_writes_them() {
        // At 0x102: `beq 0x100`, `b 0x104`, `bgt 0x0`, `ldr r3, [pc, #4]` of 0x108, and of 0x500.
        for (half, target) in
            [(0xD0FD, 0x100), (0xE7FF, 0x104), (0xDC7D, 0x200), (0x4B01, 0x108), (0x48FF, 0x500)]
        {
            let bytes = words(half, 0x1234_5678);
            assert_eq!(Thumb.branch(bytes, 0x102), Some(Branch::near(target, 2)), "{half:#x}");
            assert_eq!(Thumb.retarget(bytes, 0x102, target), bytes, "{half:#x}");
        }
    }

    #[test]
    fn what_leads_within_a_diff_is_plain_and_the_rest_is_not() {
        let regions = Regions::single(0x1_0000, 0x0800_0000);
        let place = Place { address: 0x0800_1000, code: true, left: 0x1000 };
        let mut around = [0; BEHIND + MAX_LEN];
        // `b 0x08001010`, then 64 `nop`.
        let bytes: Vec<u8> =
            [0xE006u16].into_iter().chain([0xBF00; 64]).flat_map(u16::to_le_bytes).collect();
        let before = [&[0; BEHIND][..], &bytes].concat();
        around.copy_from_slice(&before[..BEHIND + MAX_LEN]);
        for (ahead, inside) in [(0x11, true), (0x10, false), (0x1000, true)] {
            let site = Site::of(place, place, 0, ahead);
            let found = Thumb.find(&around, &site, &regions);
            let branch = Found::Branch(Branch::near(0x0800_1010, 2));
            assert_eq!(found, if inside { Found::Plain(2) } else { branch }, "{ahead:#x}");
            let plain = Thumb.plain(&before, &site, &regions);
            assert_eq!(plain > 0, inside, "{ahead:#x}");
        }
        assert!(matches!(Thumb.find(&around, &Site::alone(place), &regions), Found::Branch(_)));
    }

    #[test]
    fn wide_instructions_of_low_images_are_no_pointers() {
        let regions = Regions::single(0x10_0000, 0x0003_0000);
        let found = |before: u16, word: u32, code: bool| {
            let mut around = [0; BEHIND + MAX_LEN];
            around[BEHIND - 2..BEHIND].copy_from_slice(&before.to_le_bytes());
            around[BEHIND..BEHIND + 4].copy_from_slice(&word.to_le_bytes());
            let place = Place { address: 0x0004_0000, code, left: 0x1000 };
            Thumb.find(&around, &Site::alone(place), &regions)
        };
        // `add.w r0, r4, #8` behind `movs r2, #1`; behind `bx lr`, `pop {r4, pc}`, half a pointer; in data.
        assert_eq!(found(0x2201, 0x0008_F104, true), Found::Plain(2));
        for before in [0x4770, 0xBD10, 0x2000, 0x0003] {
            assert_eq!(found(before, 0x0008_F104, true), Found::Pointer(0x0008_F104));
        }
        assert_eq!(found(0x2201, 0x0008_F104, false), Found::Pointer(0x0008_F104));
        // No instruction of two halfwords.
        assert_eq!(found(0x2201, 0x0008_D104, true), Found::Pointer(0x0008_D104));
    }

    #[test]
    fn conditional_branches_and_data_are_not_taken() {
        // `beq.w`, `mrs`, and `bx lr` first.
        for bytes in [[0x00, 0xF0, 0x00, 0x80], [0xEF, 0xF3, 0x08, 0x80], [0x70, 0x47, 0x00, 0xF8]]
        {
            let [a, b, c, d] = bytes;
            assert_eq!(Thumb.branch([a, b, c, d, 0, 0, 0, 0], 0), None);
        }
    }
}
