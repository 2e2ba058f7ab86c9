//! AArch64, for images whose addresses fit 32 bits or are cut to them.
//!
//! Branches are `B` and `BL`: one word, reach ±128 MiB. `ADRP` directly followed by an `ADD`, a load or a store that takes
//! its register as base makes an address.
//!
//! ```text
//!  31 30 29 28 27 26 25                        0
//! | L  0  0  1  0  1 |          imm26           |    address + imm26 × 4
//! | 1 |immlo| 1  0  0  0  0 |   immhi    |  Rd  |    page of the address + immhi:immlo pages
//! | 1  0  0  1  0  0  0  1  0  0 | imm12 | Rn | Rd |  ADD: + imm12
//! | size | 1 1 1 V 0 1 | opc | imm12 | Rn | Rt |    load, store: + imm12 × size
//! ```
//!
//! **Reference**: ARM DDI 0487, C6.2 (ADD immediate, ADRP, B, BL) and C4.1 (loads and stores, unsigned immediate).

use super::{Branch, Isa, MAX_LEN, call, first, second, signed, with_first, words};

/// The A64 instruction set.
#[derive(Debug, Clone, Copy)]
pub struct AArch64;

fn is_branch(word: u32) -> bool {
    word & 0x7C00_0000 == 0x1400_0000
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

    fn len(&self, _bytes: [u8; MAX_LEN]) -> u8 {
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
        if is_branch(word) {
            let target = address.wrapping_add(signed(word, 26) << 2);
            return Some(Branch { target, len: 4 });
        }
        let user = second(bytes);
        let scale = scale(word, user)?;
        let pages = word >> 3 & 0x1F_FFFC | word >> 29 & 3;
        let page = (address >> 12).wrapping_add(pages) << 12;
        let target = page.wrapping_add((user >> 10 & 0xFFF) << scale);
        Some(Branch { target, len: 8 })
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let word = first(bytes);
        if is_branch(word) {
            let distance = target.wrapping_sub(address) >> 2;
            return with_first(bytes, word & 0xFC00_0000 | distance & 0x03FF_FFFF);
        }
        let user = second(bytes);
        let Some(scale) = scale(word, user) else { return bytes };
        let pages = (target >> 12).wrapping_sub(address >> 12);
        let offset = (target & 0xFFF) >> scale;
        words(
            word & 0x9F00_001F | (pages & 3) << 29 | (pages >> 2 & 0x7_FFFF) << 5,
            user & 0xFFC0_03FF | offset << 10,
        )
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
            let branch = Some(Branch { target, len });
            assert_eq!(AArch64.branch(bytes, 0x8_0000), branch, "{bytes:x?}");
            assert_eq!(AArch64.retarget(bytes, 0x8_0000, target), bytes);
        }
    }

    #[test]
    fn every_reachable_target_survives_the_round_trip() {
        let address = 0x4008_0120u32;
        for distance in (-(1i32 << 27)..1 << 27).step_by(65_537) {
            let target = address.wrapping_add_signed(distance & !3);
            let moved = AArch64.retarget(words(0x9400_0000, 0), address, target);
            assert_eq!(AArch64.branch(moved, address), Some(Branch { target, len: 4 }));
        }
        for target in (0..=u32::MAX - 0x10_0000).step_by(0xF_1231) {
            for (user, grain) in [(0x9100_0021, 1), (0xF940_0021, 8), (0x7940_0021, 2)] {
                let target = target / grain * grain;
                let moved = AArch64.retarget(words(0x9000_0001, user), address, target);
                assert_eq!(AArch64.branch(moved, address), Some(Branch { target, len: 8 }));
            }
        }
    }

    #[test]
    fn what_only_looks_alike_is_not_taken() {
        // `b.ne`, `cbz`, and ADRP with another register, with ADD LSL #12, with an unscaled load.
        for (first, second) in [
            (0x5400_0001, 0),
            (0xB400_0000, 0),
            (0x9000_0000, 0x9100_0021),
            (0x9000_0001, 0x9140_0021),
            (0x9000_0001, 0xF840_0021),
        ] {
            assert_eq!(AArch64.branch(words(first, second), 0), None, "{first:x} {second:x}");
        }
    }
}
