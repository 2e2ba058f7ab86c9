//! Which unit is at a place, and what it is predicted to become (§10, §10.1).

use crate::body::Body;
use crate::isa::{Before, Isa, Reference};

/// The kinds of units by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Byte = 1,
    Code = 2,
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

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Byte => "a byte",
            Self::Code => "code",
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
    /// What the index of a byte is combined with, in the order of coding.
    pub(crate) order: usize,
    /// Its address in the target, if it has one.
    pub(crate) target_address: u32,
}

/// A place of a diff by its bytes before it, and those from there on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Diff {
    pub(crate) behind: u32,
    pub(crate) left: u32,
}

impl Diff {
    /// So many bytes on.
    pub(crate) fn after(self, bytes: u32) -> Self {
        Self { behind: self.behind + bytes, left: self.left - bytes }
    }
}

/// The same with its addresses in both images.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    base: u32,
    target: u32,
    diff: Diff,
}

impl Site {
    /// Where an address of the base is in the target if it moves with the diff.
    pub(crate) fn along(&self, a: u32) -> Option<u32> {
        let first = self.base.wrapping_sub(self.diff.behind);
        let inside = a.wrapping_sub(first) < self.diff.behind + self.diff.left;
        inside.then_some(a.wrapping_sub(self.base).wrapping_add(self.target))
    }
}

/// The base around an offset, with zeros outside the image.
#[derive(Debug)]
pub(crate) struct Window {
    /// B(−24) … B(−1)
    before: Before,
    /// B(0) …
    bytes: [u8; 8],
}

impl Window {
    pub(crate) fn new(base_image: &[u8], base: u32) -> Self {
        let start = usize::try_from(base).expect("32 bits");
        let byte = |offset: usize| base_image.get(offset).copied().unwrap_or(0);
        Self {
            before: core::array::from_fn(|i| (start + i).checked_sub(24).map_or(0, byte)),
            bytes: core::array::from_fn(|i| byte(start + i)),
        }
    }

    /// B(i).
    pub(crate) fn b(&self, i: usize) -> u32 {
        u32::from(self.bytes[i])
    }

    /// H(i).
    pub(crate) fn h(&self, i: usize) -> u32 {
        self.b(i) | self.b(i + 1) << 8
    }
}

impl Body<'_> {
    /// The unit at base offset `b`, target offset `t`, at a place of a diff (§10.1).
    pub(crate) fn unit_at(&self, b: u32, t: u32, diff: Diff) -> Unit {
        let window = Window::new(&self.base_image, b);
        let here = window.bytes;
        let plain = |kind, length: usize, order| Unit {
            kind,
            original: here[..length].to_vec(),
            predicted: here[..length].to_vec(),
            leads_to: 0,
            order,
            target_address: 0,
        };
        let byte = plain(Kind::Byte, 1, 0);

        let isa = self.isa;
        if isa == Isa::None {
            return byte;
        }
        let Some(base) = self.header.base_regions.place(b) else { return byte };
        let Some(target) = self.header.target_regions.place(t) else { return byte };
        let site = Site { base: base.address, target: target.address, diff };
        let r = usize::try_from(diff.left.min(base.left).min(target.left)).expect("32 bits");
        let both = base.address | target.address;
        let reference = |kind, predicted: &[u8], leads_to, order| Unit {
            kind,
            original: here[..predicted.len()].to_vec(),
            predicted: predicted.to_vec(),
            leads_to,
            order,
            target_address: target.address,
        };

        if r >= 4 && both & 3 == 0 {
            let word = isa.word([here[0], here[1], here[2], here[3]]);
            let is_code = base.code && target.code && isa.is_instruction(window.before[23], here);
            if let Some(kind) = self.pointer_kind(word).filter(|_| !is_code) {
                let order = if isa.is_big() { 0 } else { 3 };
                return reference(kind, &isa.bytes_of(self.lead(word, site)), word, order);
            }
        }
        if !base.code || !target.code || both & (isa.unit() - 1) != 0 {
            return byte;
        }
        let ahead = [1, 2].into_iter().find(|ahead| base.address.wrapping_add(*ahead) % 4 == 0);
        if let Some(ahead) = ahead
            && isa.unit() == 1
            && base.address % 4 == target.address % 4
        {
            let ahead = usize::try_from(ahead).expect("small");
            let next: [u8; 8] = core::array::from_fn(|n| here.get(ahead + n).copied().unwrap_or(0));
            let word = isa.word([next[0], next[1], next[2], next[3]]);
            let stops = isa.is_function(next) || self.pointer_kind(word).is_some();
            if r >= ahead + 4 && stops {
                return byte;
            }
        }
        let found = isa
            .branch(base.address, here)
            .or_else(|| isa.user(base.address, window.before, here))
            .filter(|found| r >= found.length);
        if let Some(Reference { to, length, by_distance }) = found {
            if by_distance && site.along(to).is_some() {
                let length = length.min(4);
                return plain(Kind::Code, length, isa.order() & (length - 1));
            }
            let pair = matches!(isa, Isa::RiscV { .. }) && by_distance && length == 8;
            if pair || self.header.base_regions.contains(to) || isa.reaches(to) {
                let predicted = isa.retarget(here, target.address, self.lead(to, site));
                let order = isa.order() & (length - 1);
                return reference(Kind::Branch, &predicted[..length], to, order);
            }
        }
        let length = isa.length(here);
        if length > 1 && r >= length {
            return plain(Kind::Code, length, isa.order() & (length - 1));
        }
        byte
    }

    /// What kind of pointer a word is, if it is one.
    fn pointer_kind(&self, word: u32) -> Option<Kind> {
        if self.header.base_regions.contains(word) {
            Some(Kind::Pointer)
        } else if self.isa.in_ram(word) {
            Some(Kind::RamPointer)
        } else {
            None
        }
    }
}
