//! AArch64, for images whose addresses fit 32 bits or are cut to them.
//!
//! Branches are `B` and `BL`: one word, reach ±128 MiB; `B.c`, `CBZ`, `TBZ` and loads of literals lead within a function. `ADRP`
//! directly followed by an `ADD`, a load or a store that takes its register as base makes an address; one whose `ADRP` is up to
//! [`BEHIND`] bytes before it is a reference by itself.
//!
//! ```text
//!  31 30 29 28 27 26 25                        0
//! | L  0  0  1  0  1 |          imm26           |    address + imm26 × 4
//! | 0 1 0 1 0 1 0 0 |       imm19        | 0 |  c |    B.c: address + imm19 × 4; CBZ, LDR literal alike, TBZ with imm14
//! | 1 |immlo| 1  0  0  0  0 |   immhi    |  Rd  |    page of the address + immhi:immlo pages
//! | 1  0  0  1  0  0  0  1  0  0 | imm12 | Rn | Rd |  ADD: + imm12
//! | size | 1 1 1 V 0 1 | opc | imm12 | Rn | Rt |    load, store: + imm12 × size
//! ```
//!
//! **Reference**: ARM DDI 0487, C6.2 (ADD immediate, ADRP, B, B.cond, BL, CBZ, LDR literal, TBZ) and C4.1 (loads and stores, unsigned immediate).

use super::{
    Around, BEHIND, Branch, By, Forms, Found, Isa, MAX_LEN, Site, ahead, call, first, second,
    signed, with_first, words,
};
use crate::container::region::Regions;

/// The A64 instruction set.
#[derive(Debug, Clone, Copy)]
pub struct AArch64;

/// Where the distance of a branch or of a load of a literal stands, as a shift and its bits.
fn field(word: u32) -> Option<(u32, u32)> {
    if word & 0x7C00_0000 == 0x1400_0000 {
        return Some((0, 26));
    }
    let is_test = word & 0x7E00_0000 == 0x3600_0000;
    let is_compare = word & 0x7E00_0000 == 0x3400_0000 || word & 0xFF00_0010 == 0x5400_0000;
    let is_literal = word & 0x3B00_0000 == 0x1800_0000;
    (is_test || is_compare || is_literal).then_some((5, if is_test { 14 } else { 19 }))
}

/// The page that an `ADRP` at `address` makes.
fn page(word: u32, address: u32) -> u32 {
    let pages = word >> 3 & 0x1F_FFFC | word >> 29 & 3;
    (address >> 12).wrapping_add(pages) << 12
}

/// What an instruction adds to a page.
fn offset(user: u32, scale: u32) -> u32 {
    (user >> 10 & 0xFFF) << scale
}

fn with_offset(user: u32, target: u32, scale: u32) -> u32 {
    user & 0xFFC0_03FF | (target & 0xFFF) >> scale << 10
}

/// By how much the offset of the second instruction of a pair is shifted; `None` when there is no pair.
fn scale(page: u32, user: u32) -> Option<u32> {
    if page & 0x9F00_0000 != 0x9000_0000 || page & 0x1F != user >> 5 & 0x1F {
        return None;
    }
    if user & 0xFFC0_0000 == 0x9100_0000 {
        return Some(0);
    }
    // 128-bit registers have size 0 and the high bit of opc set.
    let wide = user & 0xC480_0000 == 0x0480_0000;
    let scale = if wide { 4 } else { user >> 30 };
    (user & 0x3B00_0000 == 0x3900_0000).then_some(scale)
}

impl Isa for AArch64 {
    fn id(&self) -> u8 {
        4
    }

    fn unit(&self) -> u8 {
        4
    }

    fn order(&self) -> u8 {
        3
    }

    fn is_ram(&self, _address: u32) -> bool {
        false
    }

    /// Pairs are told from other code by their shape: what follows the image in memory is data without initial values.
    fn reaches(&self, _address: u32) -> bool {
        true
    }

    /// `BL`.
    fn call(&self, bytes: &[u8]) -> usize {
        call::first(bytes, |word| word & 0xFC00_0000 == 0x9400_0000)
    }

    fn lengthen(&self, bytes: [u8; call::LEN], by: u32) -> [u8; call::LEN] {
        call::lengthen_low(bytes, 26, by)
    }

    #[inline]
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch> {
        let word = first(bytes);
        if let Some((shift, bits)) = field(word) {
            let target = address.wrapping_add(signed(word >> shift, bits) << 2);
            let by = if bits == 26 { By::Far } else { By::Near };
            return Some(Branch { target, len: 4, by });
        }
        let user = second(bytes);
        let scale = scale(word, user)?;
        Some(Branch::address(page(word, address).wrapping_add(offset(user, scale)), 8))
    }

    /// Compilers put other instructions between an `ADRP` and what uses it.
    fn behind(&self) -> usize {
        BEHIND
    }

    /// What uses the register of an `ADRP` some instructions before it, unless one between them has it as destination.
    fn user(&self, around: &Around, address: u32) -> Option<Branch> {
        let user = first(ahead(around));
        let (before, _) = around.get(..BEHIND)?.as_chunks::<4>();
        for (&word, back) in before.iter().rev().zip(1..) {
            let word = u32::from_le_bytes(word);
            if word & 0x1F == user >> 5 & 0x1F {
                let scale = scale(word, user)?;
                let target =
                    page(word, address.wrapping_sub(4 * back)).wrapping_add(offset(user, scale));
                return Some(Branch::address(target, 4));
            }
        }
        None
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let word = first(bytes);
        if let Some((shift, bits)) = field(word) {
            let distance = target.wrapping_sub(address) >> 2;
            let mask = (1u32 << bits) - 1;
            return with_first(bytes, word & !(mask << shift) | (distance & mask) << shift);
        }
        let user = second(bytes);
        if let Some(scale) = scale(word, user) {
            let pages = (target >> 12).wrapping_sub(address >> 12);
            let page = word & 0x9F00_001F | (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5;
            return words(page, with_offset(user, target, scale));
        }
        // By itself: whatever its page is.
        match scale(0x9000_0000 | word >> 5 & 0x1F, word) {
            Some(scale) => with_first(bytes, with_offset(word, target, scale)),
            None => bytes,
        }
    }

    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found {
        super::find(self, around, site, regions)
    }
}

impl Forms for AArch64 {
    fn len(&self, _bytes: [u8; MAX_LEN]) -> u8 {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_an_assembler_writes_them() {
        // At 0x80000: `bl 0x80100`, `b 0x7fff0`; `adrp x0, 0x91000` with `add x0, x0, #0x234`, `ldr x1, [x0, #0x238]`,
        // `str w1, [x0, #0x234]`, `ldr q0, [x0, #0x230]`; `adrp x3, 0x7f000` with `ldrb w3, [x3, #1]`.
        for (bytes, target, len) in [
            (words(0x9400_0040, 0), 0x8_0100, 4),
            (words(0x17FF_FFFC, 0), 0x7_FFF0, 4),
            (words(0xB000_0080, 0x9108_D000), 0x9_1234, 8),
            (words(0xB000_0080, 0xF941_1C01), 0x9_1238, 8),
            (words(0xB000_0080, 0xB902_3401), 0x9_1234, 8),
            (words(0xB000_0080, 0x3DC0_8C00), 0x9_1230, 8),
            (words(0xF0FF_FFE3, 0x3940_0463), 0x7_F001, 8),
        ] {
            let branch =
                Some(Branch { target, len, by: if len == 4 { By::Far } else { By::Address } });
            assert_eq!(AArch64.branch(bytes, 0x8_0000), branch, "{bytes:x?}");
            assert_eq!(AArch64.retarget(bytes, 0x8_0000, target), bytes);
        }
    }

    #[test]
    fn short_references_and_users_further_on() {
        // At 0x80000: `b.ne 0x7fff8`, `cbz x0, 0x80010`, `tbnz w1, #3, 0x80008`, `ldr x2, 0x80020`.
        for (word, target) in [
            (0x54FF_FFC1, 0x7_FFF8),
            (0xB400_0080, 0x8_0010),
            (0x3718_0041, 0x8_0008),
            (0x5800_0102, 0x8_0020),
        ] {
            let branch = Some(Branch::near(target, 4));
            assert_eq!(AArch64.branch(words(word, 0), 0x8_0000), branch, "{word:#x}");
            assert_eq!(AArch64.retarget(words(word, 0), 0x8_0000, target), words(word, 0));
        }
        // `adrp x0, 0x91000` at 0x80000, `nop`, `ldr x1, [x0, #0x238]`; with `mov x0, x1` between them.
        for (between, target) in [(0xD503_201Fu32, Some(0x9_1238)), (0xAA01_03E0, None)] {
            let mut around = [0; BEHIND + MAX_LEN];
            for (word, at) in [(0xB000_0080u32, 8), (between, 4)] {
                around[BEHIND - at..BEHIND - at + 4].copy_from_slice(&word.to_le_bytes());
            }
            around[BEHIND..BEHIND + 4].copy_from_slice(&0xF941_1C01u32.to_le_bytes());
            let found = AArch64.user(&around, 0x8_0008);
            assert_eq!(found, target.map(|target| Branch::address(target, 4)));
        }
        let moved = AArch64.retarget(words(0xF941_1C01, 0), 0x8_0008, 0xA_0450);
        assert_eq!(moved, words(0xF942_2801, 0));
    }

    #[test]
    fn every_reachable_target_survives_the_round_trip() {
        let address = 0x4008_0120u32;
        for distance in (-(1i32 << 27)..1 << 27).step_by(65_537) {
            let target = address.wrapping_add_signed(distance & !3);
            let moved = AArch64.retarget(words(0x9400_0000, 0), address, target);
            assert_eq!(AArch64.branch(moved, address), Some(Branch::far(target, 4)));
        }
        for target in (0..=u32::MAX - 0x10_0000).step_by(0xF_1231) {
            for (user, grain) in [(0x9100_0021, 1), (0xF940_0021, 8), (0x7940_0021, 2)] {
                let target = target / grain * grain;
                let moved = AArch64.retarget(words(0x9000_0001, user), address, target);
                assert_eq!(AArch64.branch(moved, address), Some(Branch::address(target, 8)));
            }
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_taken() {
        // `bc.ne`, `adr`, and ADRP with another register, with ADD LSL #12, with an unscaled load.
        for (first, second) in [
            (0x5400_0011, 0),
            (0x1000_0000, 0),
            (0x9000_0000, 0x9100_0021),
            (0x9000_0001, 0x9140_0021),
            (0x9000_0001, 0xF840_0021),
        ] {
            assert_eq!(AArch64.branch(words(first, second), 0), None, "{first:x} {second:x}");
        }
    }
}
