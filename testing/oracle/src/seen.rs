//! The images as extras see them (§5.3).

use crate::body::Body;
use crate::region::Regions;

impl Body<'_> {
    /// By how much a call at `address` is longer when it is seen from the start of the target.
    fn span(&self, address: u32) -> u32 {
        let regions = &self.header.target_regions.0;
        address.wrapping_sub(regions.first().map_or(0, |region| region.address / 4 * 4))
    }

    /// The address of offset `o` of an image if four bytes of code can be there.
    fn code(&self, regions: &Regions, o: u32) -> Option<u32> {
        let place = regions.place(o)?;
        let aligned = place.address % self.isa.unit() == 0;
        (place.code && aligned && place.left >= 4).then_some(place.address)
    }

    /// The byte at offset `o` of the base, if it exists.
    pub(crate) fn seen_in_base(&self, o: u32) -> Option<u8> {
        let (base, target) = (&self.header.base_regions, &self.header.target_regions);
        self.seen(&self.base_image, base, o, |address, [a, b, c, d]| {
            let call = self.isa.branch(address, [a, b, c, d, 0, 0, 0, 0]);
            let lead = call.map_or(0, |call| {
                self.workspace.map.map(call.to, base, target).wrapping_sub(call.to)
            });
            self.span(address).wrapping_add(lead)
        })
    }

    /// The byte at offset `o` of the target so far, if it exists.
    pub(crate) fn seen_in_target(&self, o: u32) -> Option<u8> {
        let regions = &self.header.target_regions;
        self.seen(&self.target, regions, o, |address, _| self.span(address))
    }

    fn seen(
        &self,
        image: &[u8],
        regions: &Regions,
        o: u32,
        by: impl Fn(u32, [u8; 4]) -> u32,
    ) -> Option<u8> {
        let at = |o: u32| usize::try_from(o).expect("32 bits");
        // Is the byte the first, second, third or fourth of a call?
        for index in 0..4 {
            let Some(start) = o.checked_sub(index) else { break };
            let Some(bytes) = image.get(at(start)..).and_then(|rest| rest.first_chunk()) else {
                continue;
            };
            if let Some(address) = self.code(regions, start)
                && let Some(call) = self.isa.lengthened_call(*bytes, by(address, *bytes))
            {
                return Some(call[at(index)]);
            }
        }
        image.get(at(o)).copied()
    }

    /// Turns the calls that the extra has completed into what they are.
    pub(crate) fn settle(&mut self) {
        if self.header.isa == 0 {
            self.settled = self.target.len();
        }
        while let Some(bytes) = self.target[self.settled..].first_chunk::<4>().copied() {
            let start = u32::try_from(self.settled).expect("at most target_len");
            let address = self.code(&self.header.target_regions, start);
            let call = address.and_then(|address| {
                self.isa.lengthened_call(bytes, 0_u32.wrapping_sub(self.span(address)))
            });
            match call {
                Some(call) => {
                    self.target[self.settled..][..4].copy_from_slice(&call);
                    self.settled += 4;
                }
                None => self.settled += 1,
            }
        }
        self.fill();
    }
}
