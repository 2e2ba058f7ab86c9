//! Which unit is at a place, and what it is predicted to become (§10, §10.1).

use crate::body::Body;
use crate::isa::{Isa, retarget};

/// The kinds of units by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Byte = 1,
    Halfword = 2,
    Branch = 3,
    Pointer = 4,
    RamPointer = 5,
}

impl Kind {
    pub(crate) fn number(self) -> u32 {
        u32::try_from(self as usize).expect("small")
    }

    pub(crate) fn is_reference(self) -> bool {
        self.number() >= 3
    }

    /// The order in which the bytes of a miss are coded.
    pub(crate) fn order(self) -> &'static [usize] {
        match self {
            Self::Byte => &[0],
            Self::Halfword => &[1, 0],
            Self::Branch => &[1, 0, 3, 2],
            Self::Pointer | Self::RamPointer => &[3, 2, 1, 0],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Byte => "a byte",
            Self::Halfword => "a halfword",
            Self::Branch => "a branch",
            Self::Pointer => "a pointer",
            Self::RamPointer => "a RAM pointer",
        }
    }
}

/// A unit of a diff.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) kind: Kind,
    /// The base's own bytes.
    pub(crate) original: Vec<u8>,
    pub(crate) predicted: Vec<u8>,
    /// Where it leads in the base, if it is a reference.
    pub(crate) leads_to: u32,
    /// Its address in the target, if it has one.
    pub(crate) target_address: u32,
}

/// The base from two bytes before an offset on, with zeros outside the image.
#[derive(Debug)]
pub(crate) struct Window {
    /// B(−2), B(−1), B(0) …
    bytes: [u8; 26],
}

impl Window {
    pub(crate) fn new(base_image: &[u8], base: u32) -> Self {
        let start = usize::try_from(base).expect("32 bits");
        let byte = |i: usize| (start + i).checked_sub(2).and_then(|offset| base_image.get(offset));
        Self { bytes: core::array::from_fn(|i| byte(i).copied().unwrap_or(0)) }
    }

    /// B(i).
    pub(crate) fn b(&self, i: usize) -> u32 {
        u32::from(self.bytes[i + 2])
    }

    /// H(i).
    pub(crate) fn h(&self, i: usize) -> u32 {
        self.b(i) | self.b(i + 1) << 8
    }

    /// H(−2).
    pub(crate) fn before(&self) -> u32 {
        u32::from(self.bytes[0]) | u32::from(self.bytes[1]) << 8
    }

    /// B(0) to B(3).
    fn four(&self) -> [u8; 4] {
        [self.bytes[2], self.bytes[3], self.bytes[4], self.bytes[5]]
    }
}

impl Body<'_> {
    /// The unit at base offset `b`, target offset `t`, with `r` bytes left of the diff (§10.1).
    pub(crate) fn unit_at(&self, b: u32, t: u32, r: u32) -> Unit {
        let four = Window::new(self.base_image, b).four();
        let without_reference = |kind, length: usize| Unit {
            kind,
            original: four[..length].to_vec(),
            predicted: four[..length].to_vec(),
            leads_to: 0,
            target_address: 0,
        };
        let byte = without_reference(Kind::Byte, 1);

        if self.isa == Isa::None {
            return byte;
        }
        let Some(base) = self.header.base_regions.place(b) else { return byte };
        let Some(target) = self.header.target_regions.place(t) else { return byte };
        let r = r.min(base.left).min(target.left);
        let both = base.address | target.address;
        let reference = |kind, predicted: [u8; 4], leads_to| Unit {
            kind,
            original: four.to_vec(),
            predicted: predicted.to_vec(),
            leads_to,
            target_address: target.address,
        };

        if r >= 4 && both & 3 == 0 {
            let word = u32::from_le_bytes(four);
            if self.isa.in_ram(word) {
                return reference(Kind::RamPointer, self.lead(word).to_le_bytes(), word);
            }
            if self.header.base_regions.contains(word) {
                return reference(Kind::Pointer, self.lead(word).to_le_bytes(), word);
            }
        }
        if base.code && target.code && both & (self.isa.unit() - 1) == 0 {
            if let Some(to) = self.isa.branch(base.address, four)
                && r >= 4
                && self.header.base_regions.contains(to)
            {
                return reference(Kind::Branch, retarget(four, target.address, self.lead(to)), to);
            }
            if self.isa.unit() == 2 && r >= 2 {
                return without_reference(Kind::Halfword, 2);
            }
        }
        byte
    }
}
