//! Thumb: ARMv6-M, ARMv7-M, ARMv8-M.
//!
//! Branches are `BL` (encoding T1) and `B.W` (encoding T4): two halfwords, reach ±16 MiB.
//!
//! ```text
//!  15 14 13 12 11 10 9        0   15 14 13 12 11 10        0
//! | 1  1  1  1  0 | S | imm10  | | 1  L  J1 1  J2 |  imm11  |
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

use super::{Branch, Isa, MAX_LEN, Site, call, words};
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

fn offset(first: u32, second: u32) -> u32 {
    let s = first >> 10 & 1;
    let i1 = !(second >> 13 ^ s) & 1;
    let i2 = !(second >> 11 ^ s) & 1;
    let value = s << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
    // Sign extension from 25 bits.
    if s == 1 { value | 0xFE00_0000 } else { value }
}

/// Whether two instructions are MOVW and MOVT that go together, as first halfword | second halfword << 16.
fn is_pair(low: u32, high: u32) -> bool {
    low & 0x8000_FBF0 == 0xF240 && high & 0x8000_FBF0 == 0xF2C0 && (low ^ high) & 0x0F00_0000 == 0
}

fn half(word: u32) -> u32 {
    (word & 0xF) << 12 | (word & 0x400) << 1 | word >> 20 & 0x700 | word >> 16 & 0xFF
}

fn with_half(word: u32, half: u32) -> u32 {
    let field = half >> 12 & 0xF | half >> 1 & 0x400 | (half & 0x700) << 20 | (half & 0xFF) << 16;
    word & 0x8F00_FBF0 | field
}

impl Isa for Thumb {
    fn id(&self) -> u8 {
        2
    }

    fn unit(&self) -> u8 {
        2
    }

    fn len(&self, _bytes: [u8; MAX_LEN]) -> u8 {
        2
    }

    fn order(&self) -> u8 {
        1
    }

    /// The SRAM region of the architecture's memory map, its first MiB.
    ///
    /// **Reference**: ARM DDI 0403E.e, B3.1: 0x2000_0000 starts SRAM.
    fn is_ram(&self, address: u32) -> bool {
        matches!(address, 0x2000_0000..0x2010_0000)
    }

    /// `BL` over less than 4 MiB, J1 = J2 = 1: what it looks like does not depend on its distance, and its second halfword not like
    /// a first one.
    fn call(&self, bytes: &[u8]) -> usize {
        call::first(bytes, |word| word & 0xF800_F800 == 0xF800_F000)
    }

    fn lengthen(&self, bytes: [u8; call::LEN], by: u32) -> [u8; call::LEN] {
        let word = u32::from_le_bytes(bytes);
        let distance = ((word & 0x7FF) << 11 | word >> 16 & 0x7FF).wrapping_add(by >> 1);
        let field = distance >> 11 & 0x7FF | (distance & 0x7FF) << 16;
        (word & 0xF800_F800 | field).to_le_bytes()
    }

    /// By the word that starts at each halfword: no pointer, and no first halfword of a branch or of `MOVW`.
    fn plain(&self, bytes: &[u8], site: &Site, regions: &Regions) -> usize {
        let Site { from, to, code, left } = *site;
        if !code || (from | to) & 1 != 0 {
            return 0;
        }
        let end = bytes.len().saturating_sub(MAX_LEN - 1).min(left.saturating_sub(3) as usize);
        let together = (from ^ to) & 3 == 0;
        let mut address = from;
        let mut done = 0;
        while done < end
            && let Some(&word) = bytes.get(done..).and_then(<[u8]>::first_chunk)
        {
            let word = u32::from_le_bytes(word);
            let aligned = together && address & 3 == 0;
            if word & 0xF800 == 0xF000 || aligned && (self.is_ram(word) || regions.contains(word)) {
                break;
            }
            done += 2;
            address = address.wrapping_add(2);
        }
        done
    }

    #[inline]
    fn branch(&self, bytes: [u8; MAX_LEN], address: u32) -> Option<Branch> {
        let (first, second) = halves(bytes);
        if is_branch(first, second) {
            let target = address.wrapping_add(4).wrapping_add(offset(first, second));
            return Some(Branch { target, len: 4 });
        }
        let (low, high) = (super::first(bytes), super::second(bytes));
        is_pair(low, high).then(|| Branch { target: half(high) << 16 | half(low), len: 8 })
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], address: u32, target: u32) -> [u8; MAX_LEN] {
        let (low, high) = (super::first(bytes), super::second(bytes));
        if is_pair(low, high) {
            return words(with_half(low, target & 0xFFFF), with_half(high, target >> 16));
        }
        let (_, second) = halves(bytes);
        let value = target.wrapping_sub(address.wrapping_add(4));
        let s = value >> 24 & 1;
        let j1 = !(value >> 23 ^ s) & 1;
        let j2 = !(value >> 22 ^ s) & 1;
        let first = 0xF000 | s << 10 | (value >> 12 & 0x3FF);
        let second = (second & 0xD000) | j1 << 13 | j2 << 11 | (value >> 1 & 0x7FF);
        let [a, b, ..] = first.to_le_bytes();
        let [c, d, ..] = second.to_le_bytes();
        let [_, _, _, _, rest @ ..] = bytes;
        let [e, f, g, h] = rest;
        [a, b, c, d, e, f, g, h]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bl_is_read_and_written_as_the_manual_says() {
        // `bl` at 0x0800_0100 to 0x0800_0000: offset −0x104.
        let bytes = [0xFF, 0xF7, 0x7E, 0xFF, 0, 0, 0, 0];
        let branch = Thumb.branch(bytes, 0x0800_0100);
        assert_eq!(branch, Some(Branch { target: 0x0800_0000, len: 4 }));
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
        assert_eq!(Thumb.branch(pair, 0), Some(Branch { target: 0x1234_5678, len: 8 }));
        assert_eq!(Thumb.retarget(pair, 0, 0x1234_5678), pair);
        assert_eq!(Thumb.branch(words(0x6378_F245, 0x2234_F2C1), 0), None);
        for target in (0..=u32::MAX - 0x10_0000).step_by(0xF_1231) {
            let moved = Thumb.retarget(pair, 0, target);
            assert_eq!(Thumb.branch(moved, 0), Some(Branch { target, len: 8 }));
        }
    }

    #[test]
    fn conditional_branches_and_data_are_not_taken() {
        // `beq.w`, `mrs`, and a 16-bit instruction first.
        for bytes in [[0x00, 0xF0, 0x00, 0x80], [0xEF, 0xF3, 0x08, 0x80], [0x70, 0x47, 0x00, 0xF8]]
        {
            let [a, b, c, d] = bytes;
            assert_eq!(Thumb.branch([a, b, c, d, 0, 0, 0, 0], 0), None);
        }
    }
}
