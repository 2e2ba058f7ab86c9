//! Where an image lies in the address space (§5, first paragraph).

/// Consecutive bytes of an image at one address.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    /// Image offset of its first byte.
    pub start: u32,
    /// Its bytes.
    pub len: u32,
    /// Address of its first byte.
    pub address: u32,
    /// It may hold instructions.
    pub code: bool,
}

/// The regions of one image, in file order.
#[derive(Clone, Debug, Default)]
pub struct Regions(pub Vec<Region>);

/// What `place` answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) address: u32,
    pub(crate) code: bool,
    /// Bytes left in the region.
    pub(crate) left: u32,
}

impl Regions {
    pub(crate) fn place(&self, offset: u32) -> Option<Place> {
        let region = self.0.iter().find(|r| offset >= r.start && offset - r.start < r.len)?;
        let inside = offset - region.start;
        Some(Place {
            address: region.address + inside,
            code: region.code,
            left: region.len - inside,
        })
    }

    pub(crate) fn offset_of(&self, address: u32) -> Option<u32> {
        let region = self.0.iter().find(|r| address.wrapping_sub(r.address) < r.len)?;
        Some(region.start + (address - region.address))
    }

    pub(crate) fn contains(&self, address: u32) -> bool {
        self.0.iter().any(|r| address.wrapping_sub(r.address) <= r.len)
    }
}
