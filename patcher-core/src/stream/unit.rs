//! Units of a diff: what the base predicts at one place.

use super::engine::Engine;
use crate::reference::{Around, Found, MAX_LEN, Site, ahead};

/// What a unit is; the number picks weights and contexts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A run of units that may hit as a whole.
    Block = 0,
    /// One byte.
    #[default]
    Byte = 1,
    /// Code that leads nowhere: an instruction, or a part of one.
    Code = 2,
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
        // Bytes and code, branches, pointers, unchanged; blocks have none.
        const FIRST: [u8; 7] = [0, 0, 0, 2, 4, 4, 6];
        FIRST.get(self as usize).copied().unwrap_or(0).into()
    }

    /// Context of its first byte when it is missed; those of its other bytes follow.
    pub(crate) fn first_context(self) -> u32 {
        // Of bytes 1, of code 4, of branches 8, of pointers 4 each.
        const FIRST: [u8; 7] = [0, 0, 1, 5, 13, 17, 0];
        FIRST.get(self as usize).copied().unwrap_or(0).into()
    }

    /// Whether it is a branch or a pointer.
    #[must_use]
    pub fn is_reference(self) -> bool {
        matches!(self, Self::Branch | Self::Pointer | Self::RamPointer)
    }
}

/// One unit: its kind, its length, the bytes that the target should hold.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unit {
    pub(crate) kind: Kind,
    pub(crate) len: u8,
    pub(crate) predicted: [u8; MAX_LEN],
    /// Target address of its first byte, if it is a branch.
    address: u32,
    /// Base address that a reference leads to.
    pub(crate) leads_to: u32,
    /// The byte that is coded as number `d` of a miss has index `d` ⊕ this.
    order: u8,
}

impl Unit {
    /// The bytes predicted, as many as the unit has.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.predicted.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// The same that `bytes` start with.
    pub(crate) fn with(mut self, bytes: [u8; MAX_LEN]) -> Self {
        self.predicted = bytes;
        self.alone()
    }

    /// The same, without the bytes behind it.
    pub(crate) fn alone(mut self) -> Self {
        for (index, byte) in self.predicted.iter_mut().enumerate() {
            if index >= usize::from(self.len) {
                *byte = 0;
            }
        }
        self
    }

    /// Whether it leads somewhere.
    pub(crate) fn is_reference(&self) -> bool {
        self.kind.is_reference()
    }

    /// Index of the byte that is coded as number `done`.
    pub(crate) fn order(&self, done: u8) -> usize {
        usize::from(done ^ self.order) & (MAX_LEN - 1)
    }
}

impl Engine<'_> {
    /// Where `address` of the base leads in the target: an exception seen before, else with the diff at `site` that holds it, else
    /// the map.
    fn mapped(&self, address: u32, site: &Site) -> u32 {
        self.cache.target_of(address).unwrap_or_else(|| {
            if site.holds(address) {
                return address.wrapping_sub(site.from).wrapping_add(site.to);
            }
            self.map.target_of(address, &self.header.base_regions, &self.header.target_regions)
        })
    }

    /// Where the bytes `ahead` of the current offsets of a diff are loaded.
    pub(crate) fn site(&self, ahead: u32) -> Option<Site> {
        let from = self.header.base_regions.place(self.state.base.wrapping_add(ahead))?;
        let to = self.header.target_regions.place(self.state.position.wrapping_add(ahead))?;
        let behind = self.state.base.wrapping_add(ahead).wrapping_sub(self.state.diff_start);
        Some(Site::of(from, to, behind, self.state.left.saturating_sub(ahead)))
    }

    /// The unit at `site`, where the base holds these bytes. Without an instruction set every unit is a byte.
    pub(crate) fn unit(&self, around: &Around, site: Option<&Site>) -> Unit {
        let window = ahead(around);
        let [first, ..] = window;
        let mut unit = Unit {
            kind: Kind::Byte,
            len: 1,
            predicted: [first, 0, 0, 0, 0, 0, 0, 0],
            address: 0,
            leads_to: 0,
            order: 0,
        };
        let (Some(isa), Some(site)) = (self.isa, site) else { return unit };
        let found = isa.find(around, site, &self.header.base_regions);
        unit.len = found.len();
        unit.order = isa.order() & unit.len.wrapping_sub(1);
        unit.leads_to = found.target().unwrap_or(0);
        match found {
            Found::Plain(1) => {}
            Found::Plain(_) => {
                unit.kind = Kind::Code;
                unit.predicted = window;
            }
            Found::Branch(_) => {
                unit.kind = Kind::Branch;
                unit.predicted = isa.retarget(window, site.to, self.mapped(unit.leads_to, site));
                unit.address = site.to;
            }
            Found::Pointer(_) | Found::RamPointer(_) => {
                let ram = matches!(found, Found::RamPointer(_));
                unit.kind = if ram { Kind::RamPointer } else { Kind::Pointer };
                let [a, b, c, d, ..] = isa.bytes_of(self.mapped(unit.leads_to, site));
                let [.., e, f, g, h] = window;
                unit.predicted = [a, b, c, d, e, f, g, h];
                unit.order = if isa.big_endian() { 0 } else { 3 };
            }
        }
        unit
    }

    /// How many of `bytes`, which the base holds at `site`, are for sure no reference.
    pub(crate) fn plain(&self, bytes: &[u8], site: Option<&Site>) -> usize {
        match (self.isa, site) {
            (Some(isa), Some(site)) => isa.plain(bytes, site, &self.header.base_regions),
            _ => 0,
        }
    }

    /// Learns from a reference that was mispredicted: the bytes of `unit` are what the target holds.
    pub(crate) fn learn(&mut self, unit: &Unit) {
        let Some(isa) = self.isa else { return };
        let bytes = unit.predicted;
        let word = isa.word(bytes);
        let seen = match unit.kind {
            Kind::Block | Kind::Byte | Kind::Code | Kind::Unchanged => None,
            Kind::Branch => isa.branch(bytes, unit.address).map(|branch| branch.target),
            Kind::Pointer => self.header.target_regions.contains(word).then_some(word),
            Kind::RamPointer => isa.is_ram(word).then_some(word),
        };
        if let Some(seen) = seen {
            self.cache.insert(unit.leads_to, seen);
        }
    }
}
