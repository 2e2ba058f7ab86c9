//! Regions: which part of an image file is loaded where.

/// Most regions of one image.
pub const MAX_REGIONS: usize = 8;

/// Consecutive bytes of an image that are loaded at consecutive addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Region {
    /// Bytes.
    pub len: u32,
    /// Load address of the first byte.
    pub address: u32,
    /// Whether branches are looked for; pointers are looked for in every region.
    pub code: bool,
}

impl Region {
    /// Whether its end is past that of the address space.
    #[must_use]
    pub fn wraps(&self) -> bool {
        self.address.checked_add(self.len).is_none()
    }
}

/// The address that is written as `bits`: bits 0 to 7 are its highest 8, bits 8 to 19 its middle 12, the others its lowest 12.
///
/// So the varint is short: most images begin at the start of a page of 4 KiB, few pages after the start of 16 MiB.
pub(crate) fn address_of(bits: u32) -> u32 {
    bits << 24 | bits << 4 & 0x00FF_F000 | bits >> 20
}

/// How `address` is written: the reverse of [`address_of`].
#[cfg(feature = "encode")]
pub(crate) fn written(address: u32) -> u32 {
    address >> 24 | address >> 4 & 0x000F_FF00 | address << 20
}

/// The regions of one image, in file order and without gaps.
///
/// An image without regions has no addresses: no reference in it or into it is predicted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Regions {
    /// Length and address.
    list: [[u32; 2]; MAX_REGIONS],
    count: u8,
    /// A bit for each: whether it is code. Not in the list, which has no gaps then.
    code: u8,
}

/// Where an offset of an image lies in the address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Load address of the offset.
    pub address: u32,
    /// Whether its region holds code.
    pub code: bool,
    /// Bytes from the offset to the end of its region.
    pub left: u32,
}

impl Regions {
    /// One region of code over the whole image.
    #[must_use]
    pub fn single(len: u32, address: u32) -> Self {
        let mut regions = Self::default();
        regions.push(Region { len, address, code: true });
        regions
    }

    /// Appends a region. `false` when the list is full.
    ///
    /// **Cost**: one copy for all that read a header.
    #[inline(never)]
    pub fn push(&mut self, region: Region) -> bool {
        match self.list.get_mut(usize::from(self.count)) {
            Some(slot) => {
                *slot = [region.len, region.address];
                self.code |= u8::from(region.code) << self.count;
                self.count += 1;
                true
            }
            None => false,
        }
    }

    /// The regions in file order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Region> + DoubleEndedIterator {
        let list = self.list.get(..usize::from(self.count)).unwrap_or(&[]);
        let code = self.code;
        list.iter().enumerate().map(move |(index, &[len, address])| Region {
            len,
            address,
            code: code >> index & 1 == 1,
        })
    }

    /// Number of regions.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Sum of all lengths, or `None` past 32 bits.
    #[must_use]
    pub fn total(&self) -> Option<u32> {
        self.iter().try_fold(0u32, |sum, region| sum.checked_add(region.len))
    }

    /// Where the byte at `offset` of the image is loaded.
    #[must_use]
    pub fn place(&self, offset: u32) -> Option<Place> {
        let mut start = 0u32;
        for region in self.iter() {
            let inside = offset.wrapping_sub(start);
            if inside < region.len {
                return Some(Place {
                    address: region.address.wrapping_add(inside),
                    code: region.code,
                    left: region.len - inside,
                });
            }
            start = start.wrapping_add(region.len);
        }
        None
    }

    /// Offset in the image of the byte that is loaded at `address`; the first region that holds it.
    #[must_use]
    pub fn offset_of(&self, address: u32) -> Option<u32> {
        let mut start = 0u32;
        for region in self.iter() {
            let inside = address.wrapping_sub(region.address);
            if inside < region.len {
                return Some(start.wrapping_add(inside));
            }
            start = start.wrapping_add(region.len);
        }
        None
    }

    /// Whether `address` is in a region or just past its end.
    #[must_use]
    pub fn contains(&self, address: u32) -> bool {
        self.iter().any(|region| address.wrapping_sub(region.address) <= region.len)
    }
}
