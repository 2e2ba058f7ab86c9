//! Units of a diff: what the base predicts at one place.

use super::engine::Engine;
use crate::reference::MAX_LEN;

/// What a unit is; the number picks weights and contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A run of units that may hit as a whole.
    Block = 0,
    /// One byte.
    Byte = 1,
    /// One halfword of code.
    Halfword = 2,
    /// A branch.
    Branch = 3,
    /// A pointer into an image.
    Pointer = 4,
    /// A pointer into RAM.
    RamPointer = 5,
    /// The decision whether a mispredicted reference did not change at all.
    Unchanged = 6,
}

impl Kind {
    /// First of its weight sets of hits.
    pub(crate) fn hit_set(self) -> usize {
        match self {
            Self::Block => 0,
            Self::Byte | Self::Halfword => 4,
            Self::Branch => 6,
            Self::Pointer | Self::RamPointer => 8,
            Self::Unchanged => 10,
        }
    }

    /// Its weight sets of missed bytes.
    pub(crate) fn miss_class(self) -> usize {
        match self {
            Self::Block | Self::Unchanged | Self::Byte => 0,
            Self::Halfword => 1,
            Self::Branch => 2,
            Self::Pointer | Self::RamPointer => 3,
        }
    }

    /// Whether it is a branch or a pointer.
    #[must_use]
    pub fn is_reference(self) -> bool {
        matches!(self, Self::Branch | Self::Pointer | Self::RamPointer)
    }
}

/// One unit: its kind, its length, the bytes that the target should hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    pub(crate) kind: Kind,
    pub(crate) len: u8,
    pub(crate) predicted: [u8; MAX_LEN],
    /// Base address that a reference leads to.
    pub(crate) leads_to: u32,
}

impl Unit {
    /// The bytes predicted, as many as the unit has.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.predicted.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// Whether it leads somewhere.
    pub(crate) fn is_reference(&self) -> bool {
        self.kind.is_reference()
    }

    /// Index of the byte that is coded as number `done`: high bytes first within a halfword of code,
    /// and within a pointer.
    pub(crate) fn order(&self, done: u8) -> usize {
        let index = match self.kind {
            Kind::Branch => done ^ 1,
            Kind::Halfword | Kind::Pointer | Kind::RamPointer => {
                self.len.wrapping_sub(1).wrapping_sub(done)
            }
            Kind::Block | Kind::Byte | Kind::Unchanged => done,
        };
        usize::from(index) & (MAX_LEN - 1)
    }
}

impl Engine<'_> {
    /// Where `address` of the base leads in the target: an exception seen before, else the map.
    fn mapped(&self, address: u32) -> u32 {
        self.cache.target_of(address).unwrap_or_else(|| {
            self.map.target_of(address, &self.header.base_regions, &self.header.target_regions)
        })
    }

    /// The unit at base offset `base` and target offset `target`, where the base holds `window` and
    /// `left` bytes of the diff remain. Without an instruction set every unit is a byte.
    pub(crate) fn unit(&self, window: [u8; MAX_LEN], base: u32, target: u32, left: u32) -> Unit {
        let [first, ..] = window;
        let byte =
            Unit { kind: Kind::Byte, len: 1, predicted: [first, 0, 0, 0, 0, 0, 0, 0], leads_to: 0 };
        let Some(isa) = self.isa else { return byte };
        let from = self.header.base_regions.place(base);
        let to = self.header.target_regions.place(target);
        let (Some(from), Some(to)) = (from, to) else { return byte };
        let left = left.min(from.left).min(to.left);
        let aligned = from.address | to.address;
        if left >= 4 && aligned & 3 == 0 {
            let [a, b, c, d, ..] = window;
            let word = u32::from_le_bytes([a, b, c, d]);
            let kind = if isa.ram().contains(&word) {
                Some(Kind::RamPointer)
            } else if self.header.base_regions.contains(word) {
                Some(Kind::Pointer)
            } else {
                None
            };
            if let Some(kind) = kind {
                let [a, b, c, d] = self.mapped(word).to_le_bytes();
                let predicted = [a, b, c, d, 0, 0, 0, 0];
                return Unit { kind, len: 4, predicted, leads_to: word };
            }
        }
        let unit = isa.unit();
        if !(from.code && to.code) || aligned & u32::from(unit - 1) != 0 {
            return byte;
        }
        if let Some(branch) = isa.branch(window, from.address)
            && left >= u32::from(branch.len)
            && self.header.base_regions.contains(branch.target)
        {
            let target = self.mapped(branch.target);
            return Unit {
                kind: Kind::Branch,
                len: branch.len,
                predicted: isa.retarget(window, to.address, target),
                leads_to: branch.target,
            };
        }
        if unit == 2 && left >= 2 {
            return Unit { kind: Kind::Halfword, len: 2, predicted: window, leads_to: 0 };
        }
        byte
    }

    /// Learns from a reference that was mispredicted: `bytes` is what the target holds.
    pub(crate) fn learn(&mut self, unit: &Unit, target: u32, bytes: [u8; MAX_LEN]) {
        let Some(isa) = self.isa else { return };
        let [a, b, c, d, ..] = bytes;
        let word = u32::from_le_bytes([a, b, c, d]);
        let seen = match unit.kind {
            Kind::Block | Kind::Byte | Kind::Halfword | Kind::Unchanged => None,
            Kind::Branch => self
                .header
                .target_regions
                .place(target)
                .and_then(|place| isa.branch(bytes, place.address))
                .map(|branch| branch.target),
            Kind::Pointer => self.header.target_regions.contains(word).then_some(word),
            Kind::RamPointer => isa.ram().contains(&word).then_some(word),
        };
        if let Some(seen) = seen {
            self.cache.insert(unit.leads_to, seen);
        }
    }
}
