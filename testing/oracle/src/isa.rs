//! Instruction sets and their branches (§5).

use crate::Reject;

/// What decoding needs to know of an instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    None,
    Pointers,
    Thumb,
}

impl Isa {
    pub(crate) fn numbered(number: u8) -> Result<Self, Reject> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Pointers),
            2 => Ok(Self::Thumb),
            _ => Err(Reject::Isa),
        }
    }

    /// Bytes that instructions are aligned to.
    pub(crate) fn unit(self) -> u32 {
        if self == Self::Thumb { 2 } else { 1 }
    }

    pub(crate) fn in_ram(self, address: u32) -> bool {
        self == Self::Thumb && (0x2000_0000..0x2010_0000).contains(&address)
    }

    /// Where the branch in four bytes at an address leads, if it is one.
    pub(crate) fn branch(self, address: u32, bytes: [u8; 4]) -> Option<u32> {
        let first = u32::from(u16::from_le_bytes([bytes[0], bytes[1]]));
        let second = u32::from(u16::from_le_bytes([bytes[2], bytes[3]]));
        if self != Self::Thumb || first & 0xF800 != 0xF000 || second & 0x9000 != 0x9000 {
            return None;
        }
        let s = bit(first, 10);
        let i1 = 1 ^ bit(second, 13) ^ s;
        let i2 = 1 ^ bit(second, 11) ^ s;
        let offset = s << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
        let offset = if s == 1 { offset | 0xFE00_0000 } else { offset };
        Some(address.wrapping_add(4).wrapping_add(offset))
    }
}

/// The Thumb branch in four bytes, made to lead from `address` to `t`.
pub(crate) fn retarget(bytes: [u8; 4], address: u32, t: u32) -> [u8; 4] {
    let d = t.wrapping_sub(address.wrapping_add(4));
    let second = u32::from(u16::from_le_bytes([bytes[2], bytes[3]]));
    let s = bit(d, 24);
    let j1 = 1 ^ bit(d, 23) ^ s;
    let j2 = 1 ^ bit(d, 22) ^ s;
    let first = 0xF000 | s << 10 | (d >> 12 & 0x3FF);
    let second = (second & 0xD000) | j1 << 13 | j2 << 11 | (d >> 1 & 0x7FF);
    (second << 16 | first).to_le_bytes()
}

fn bit(value: u32, index: u32) -> u32 {
    value >> index & 1
}
