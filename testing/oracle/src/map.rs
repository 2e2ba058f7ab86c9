//! The address map (§5.1).

use crate::region::Regions;

/// A list of entries (base address, target address) by rising base address.
#[derive(Debug, Default)]
pub(crate) struct AddressMap(pub(crate) Vec<(u32, u32)>);

impl AddressMap {
    pub(crate) fn map(&self, a: u32, base: &Regions, target: &Regions) -> u32 {
        let mut entry = (0, 0);
        for (k, region) in base.0.iter().enumerate() {
            if region.address <= a && region.address >= entry.0 {
                entry = (region.address, target.0.get(k).map_or(region.address, |r| r.address));
            }
            let end = region.address + region.len;
            if end <= a && end > entry.0 {
                entry = (end, end);
            }
        }
        if let Some(explicit) = self.0.iter().rfind(|explicit| explicit.0 <= a)
            && explicit.0 >= entry.0
        {
            entry = *explicit;
        }
        a.wrapping_sub(entry.0).wrapping_add(entry.1)
    }
}
