//! Calls as extras see them: by what they lead to, not by how far.
//!
//! A call holds the distance to a function, so two calls of one function differ. Extras see an image in which every call holds the
//! distance from the target's first byte instead: a function that is called again is then coded as a copy, and its number as a
//! literal is easier to guess. A call that a copy brings from the base leads to where the address map has moved its function.
//!
//! **Reference**: the branch filters of `xz` (ARM, ARM-Thumb, ARM64) do the same to whole files.

use super::map::AddressMap;
use super::{Branch, Isa};
use crate::container::region::Regions;

/// Bytes of a call.
pub const LEN: usize = 4;

/// How calls of two images are seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Views<'a> {
    pub(crate) isa: &'a dyn Isa,
    pub(crate) base: &'a Regions,
    pub(crate) target: &'a Regions,
}

impl Views<'_> {
    /// What is added to the distance of a call at `address` of the target. The low bits are those of `address`.
    fn span(&self, address: u32) -> u32 {
        let first = self.target.iter().next().map_or(0, |region| region.address & !3);
        address.wrapping_sub(first)
    }

    /// Turns `bytes` at `offset` of the base into what extras see.
    pub(crate) fn of_base(&self, map: &AddressMap<'_>, offset: u32, bytes: &mut [u8]) {
        lengthen(self.isa, self.base, offset, bytes, |_, address, [a, b, c, d]| {
            let branch = self.isa.branch([a, b, c, d, 0, 0, 0, 0], address);
            let moved = branch.map_or(0, |Branch { target, .. }| {
                map.target_of(target, self.base, self.target).wrapping_sub(target)
            });
            self.span(address).wrapping_add(moved)
        });
    }

    /// Turns `bytes` at `offset` of the target into what extras see; tells `note` where calls are.
    pub(crate) fn of_target(&self, offset: u32, bytes: &mut [u8], mut note: impl FnMut(u32)) {
        lengthen(self.isa, self.target, offset, bytes, |offset, address, _| {
            note(offset);
            self.span(address)
        });
    }

    /// Turns what extras see back into `bytes` at `offset` of the target. Returns how many bytes are certain: a call may
    /// begin behind them.
    pub(crate) fn back(&self, offset: u32, bytes: &mut [u8]) -> usize {
        lengthen(self.isa, self.target, offset, bytes, |_, address, _| {
            0u32.wrapping_sub(self.span(address))
        })
    }
}

/// Lengthens the calls in `bytes`, which are at `offset` of an image with `regions`, each by what `by` says of its offset,
/// address and bytes. Returns where the next call might begin.
fn lengthen(
    isa: &dyn Isa,
    regions: &Regions,
    offset: u32,
    bytes: &mut [u8],
    mut by: impl FnMut(u32, u32, [u8; LEN]) -> u32,
) -> usize {
    let mut at = 0;
    while let Some(call) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<LEN>()) {
        let offset = offset.wrapping_add(u32::try_from(at).unwrap_or(0));
        let address = if isa.is_call(*call) { code(regions, offset, isa.unit()) } else { None };
        at += if let Some(address) = address {
            *call = isa.lengthen(*call, by(offset, address, *call));
            LEN
        } else {
            1
        };
    }
    at
}

/// Whether an image with `regions` has calls of the instruction set of number `isa`.
#[cfg(feature = "encode")]
#[must_use]
pub fn any(isa: u8, regions: &Regions, image: &[u8]) -> bool {
    let Some(isa) = super::ALL.iter().find(|known| known.id() == isa) else { return false };
    let mut any = false;
    let views = Views { isa: *isa, base: &Regions::default(), target: regions };
    views.of_target(0, &mut image.to_vec(), |_| any = true);
    any
}

/// The address of `offset` if a call can be there.
fn code(regions: &Regions, offset: u32, unit: u8) -> Option<u32> {
    let place = regions.place(offset)?;
    let aligned = place.address & u32::from(unit.wrapping_sub(1)) == 0;
    (place.code && aligned && place.left >= 4).then_some(place.address)
}

/// A word whose low `bits` bits count words: `by` bytes more.
pub(super) fn lengthen_low(bytes: [u8; LEN], bits: u32, by: u32) -> [u8; LEN] {
    let word = u32::from_le_bytes(bytes);
    let field = (1u32 << (bits & 31)).wrapping_sub(1);
    (word & !field | word.wrapping_add(by >> 2) & field).to_le_bytes()
}
