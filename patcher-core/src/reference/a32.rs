//! A32: the 32-bit instructions of ARM7 and later cores.
//!
//! Branches are `B`, `BL` under any condition, and `BLX` to Thumb code: one word, reach ±32 MiB. `MOVW` directly followed by
//! `MOVT` of the same register under the same condition makes an address. `LDR` and `LDRB` of a literal hold its distance.
//!
//! ```text
//!  31     28 27 26 25 24 23            0
//! |  cond   | 1  0  1 | L |    imm24    |     cond = 1111: BLX, L is bit 1 of the offset
//! |  cond   | 0  0  1  1  0 H 0 0 | imm4 |  Rd  |  imm12  |     MOVW: H = 0, MOVT: H = 1
//! |  cond   | 0  1  0  1 U B 0 1 | 1111 |  Rt  |  imm12  |     LDR, LDRB: U adds imm12, else it is taken away
//! ```
//!
//! **Reference**: ARM DDI 0406C, A8.8.18, A8.8.25, A8.8.64, A8.8.102 and A8.8.106: offset = SignExtend(imm24:00), for BLX imm24:H:0, relative to the
//! address plus 8.

use super::{
    Around, Branch, Forms, Found, Isa, MAX_LEN, Site, call, first, second, signed, with_first,
    words,
};
use crate::container::region::Regions;

/// The A32 instruction set; `BIG` for data with their most significant byte first (BE8: instructions stay as they are).
#[derive(Debug, Clone, Copy)]
pub struct A32<const BIG: bool>;

/// Whether two instructions are MOVW and MOVT that go together.
fn is_pair(low: u32, high: u32) -> bool {
    let together = low & 0xF000_F000 == high & 0xF000_F000 && !is_exchange(low);
    together && low & 0x0FF0_0000 == 0x0300_0000 && high & 0x0FF0_0000 == 0x0340_0000
}

/// Whether an instruction loads a word or a byte from a place by its distance.
fn is_literal(word: u32) -> bool {
    word & 0x0F3F_0000 == 0x051F_0000 && !is_exchange(word)
}

/// Whether that distance is added.
const UP: u32 = 1 << 23;

fn half(word: u32) -> u32 {
    word >> 4 & 0xF000 | word & 0xFFF
}

fn with_half(word: u32, half: u32) -> u32 {
    word & 0xFFF0_F000 | (half & 0xF000) << 4 | half & 0xFFF
}

/// The condition that makes it BLX.
fn is_exchange(word: u32) -> bool {
    word >> 28 == 0xF
}

impl<const BIG: bool> Isa for A32<BIG> {
    fn id(&self) -> u8 {
        if BIG { 8 } else { 3 }
    }

    fn unit(&self) -> u8 {
        4
    }

    fn order(&self) -> u8 {
        3
    }

    fn big_endian(&self) -> bool {
        BIG
    }

    /// Internal RAM of the common ARM7 and ARM9 parts: AT91SAM7 at 0x0020_0000, LPC2000 at 0x4000_0000.
    fn is_ram(&self, address: u32) -> bool {
        matches!(address, 0x0020_0000..0x0030_0000 | 0x4000_0000..0x4010_0000)
    }

    /// `BL` under a condition, but not `BLX`.
    fn call(&self, bytes: &[u8]) -> usize {
        call::first(bytes, |word| word & 0x0F00_0000 == 0x0B00_0000 && !is_exchange(word))
    }

    fn lengthen(&self, bytes: [u8; call::LEN], by: u32) -> [u8; call::LEN] {
        call::lengthen_low(bytes, 24, by)
    }

    #[inline]
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch> {
        let word = first(bytes);
        if word & 0x0E00_0000 == 0x0A00_0000 {
            let half = if is_exchange(word) { word >> 23 & 2 } else { 0 };
            let offset = signed(word, 24) << 2 | half;
            return Some(Branch::far(address.wrapping_add(8).wrapping_add(offset), 4));
        }
        if is_literal(word) {
            let offset = word & 0xFFF;
            let offset = if word & UP != 0 { offset } else { 0u32.wrapping_sub(offset) };
            return Some(Branch::near(address.wrapping_add(8).wrapping_add(offset), 4));
        }
        let high = second(bytes);
        is_pair(word, high).then(|| Branch::address(half(high) << 16 | half(word), 8))
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let word = first(bytes);
        if is_pair(word, second(bytes)) {
            let high = with_half(second(bytes), target >> 16);
            return words(with_half(word, target & 0xFFFF), high);
        }
        let offset = target.wrapping_sub(address.wrapping_add(8));
        if is_literal(word) {
            let up = offset >> 31 == 0;
            let (sign, distance) = if up { (UP, offset) } else { (0, offset.wrapping_neg()) };
            return with_first(bytes, word & !(UP | 0xFFF) | sign | distance & 0xFFF);
        }
        let kept =
            if is_exchange(word) { 0xFA00_0000 | (offset & 2) << 23 } else { word & 0xFF00_0000 };
        with_first(bytes, kept | offset >> 2 & 0x00FF_FFFF)
    }

    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found {
        super::find(self, around, site, regions)
    }
}

impl<const BIG: bool> Forms for A32<BIG> {
    fn len(&self, _bytes: [u8; MAX_LEN]) -> u8 {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(word: u32) -> [u8; MAX_LEN] {
        with_first([0; MAX_LEN], word)
    }

    #[test]
    fn branches_are_read_as_an_assembler_writes_them() {
        // `bl`, `bne`, `b .`, `blx` to an odd halfword, `ldr r0, [pc, #16]`, `ldrbne r1, [pc, #-4]`, each at 0x100000.
        for (word, target) in [
            (0xEB00_003E, 0x0010_0100),
            (0x1AFF_FFFA, 0x000F_FFF0),
            (0xEAFF_FFFE, 0x0010_0000),
            (0xFB00_003E, 0x0010_0102),
            (0xE59F_0010, 0x0010_0018),
            (0x155F_1004, 0x0010_0004),
        ] {
            let literal = word & 0x0400_0000 != 0;
            let by = if literal { Branch::near } else { Branch::far };
            assert_eq!(A32::<false>.branch(bytes(word), 0x0010_0000), Some(by(target, 4)));
            assert_eq!(A32::<true>.retarget(bytes(word), 0x0010_0000, target), bytes(word));
        }
    }

    #[test]
    fn every_reachable_target_survives_the_round_trip() {
        for distance in -4095i32..4096 {
            let (address, word) = (0x0400_0000u32, bytes(0xE51F_4000));
            let target = address.wrapping_add(8).wrapping_add_signed(distance);
            let moved = A32::<true>.retarget(word, address, target);
            assert_eq!(A32::<false>.branch(moved, address), Some(Branch::near(target, 4)));
        }
        for (opcode, step) in [(0xEB00_0000, 4), (0x0A00_0000, 4), (0xFA00_0000, 2)] {
            for distance in (-(1i32 << 25)..1 << 25).step_by(10_007) {
                let address = 0x0400_0000u32;
                let target = address.wrapping_add(8).wrapping_add_signed(distance / step * step);
                let moved = A32::<true>.retarget(bytes(opcode), address, target);
                assert_eq!(A32::<false>.branch(moved, address), Some(Branch::far(target, 4)));
            }
        }
    }

    #[test]
    fn a_pair_makes_an_address() {
        // `movw r3, #0x5678`, `movt r3, #0x1234`, and the same for two registers.
        let pair = words(0xE305_3678, 0xE341_3234);
        let branch = Branch::address(0x1234_5678, 8);
        assert_eq!(A32::<false>.branch(pair, 0), Some(branch));
        let moved = words(0xE30D_3EF0, 0xE349_3ABC);
        assert_eq!(A32::<false>.retarget(pair, 0, 0x9ABC_DEF0), moved);
        assert_eq!(A32::<false>.branch(words(0xE305_3678, 0xE341_2234), 0), None);
    }

    #[test]
    fn other_instructions_are_not_taken() {
        // `ldr r0, [r1]`, `str r0, [pc]`, `push {r4, lr}`, `svc 0`, `mcr`.
        for word in [0xE591_0000, 0xE58F_0000, 0xE92D_4010, 0xEF00_0000, 0xEE07_0F15] {
            assert_eq!(A32::<false>.branch(bytes(word), 0), None, "{word:#x}");
        }
    }
}
