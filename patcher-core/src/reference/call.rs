//! Calls as extras see them: by what they lead to, not by how far.
//!
//! A call holds the distance to a function, so two calls of one function differ. Extras see an image in which every call holds the
//! distance from the target's first byte instead: a function that is called again is then coded as a copy, and its number as a
//! literal is easier to guess. A call that a copy brings from the base leads to where the address map has moved its function.
//!
//! **Reference**: the branch filters of `xz` (ARM, ARM-Thumb, ARM64, RISC-V) do alike to whole files.

use super::map::AddressMap;
use super::{Branch, Isa};
use crate::container::region::Regions;

/// Bytes of a call.
pub const LEN: usize = 4;

/// Which bytes are given, and what becomes of the calls in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Of the base: as extras see them.
    Base,
    /// Of the target: as extras see them.
    Target,
    /// Of the target, as extras see them: as they are.
    Back,
}

/// How calls of two images are seen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Views<'a> {
    pub(crate) isa: &'a dyn Isa,
    pub(crate) base: &'a Regions,
    pub(crate) target: &'a Regions,
    pub(crate) map: &'a AddressMap<'a>,
}

impl Views<'_> {
    /// Turns the calls in `bytes`, which are at `offset` of their image. Returns how many bytes are certain: a call may begin
    /// behind them.
    pub(crate) fn turn(&self, view: View, offset: u32, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..)
            && rest.len() >= LEN
        {
            let ahead = self.isa.call(rest);
            at += ahead;
            let Some(call) = rest.get_mut(ahead..).and_then(|rest| rest.first_chunk_mut::<LEN>())
            else {
                break;
            };
            let offset = offset.wrapping_add(u32::try_from(at).unwrap_or(0));
            at += 1;
            if let Some(address) = self.address(view, offset) {
                *call = self.isa.lengthen(*call, self.span(view, address, *call));
                at += LEN - 1;
            }
        }
        at
    }

    /// The address of what looks like a call at `offset`, if it can be one.
    fn address(&self, view: View, offset: u32) -> Option<u32> {
        let place = if view == View::Base { self.base } else { self.target }.place(offset)?;
        let aligned = place.address & u32::from(self.isa.unit().wrapping_sub(1)) == 0;
        (place.code && aligned && place.left >= 4).then_some(place.address)
    }

    /// By how much the call `bytes` at `address` is longer from the start of the target, whose low bits are those of the address.
    fn span(&self, view: View, address: u32, [a, b, c, d]: [u8; LEN]) -> u32 {
        let start = self.target.iter().next().map_or(0, |region| region.address & !3);
        let span = address.wrapping_sub(start);
        match view {
            View::Target => span,
            View::Back => 0u32.wrapping_sub(span),
            View::Base => {
                let branch = self.isa.branch([a, b, c, d, 0, 0, 0, 0], address);
                let moved = branch.map_or(0, |Branch { target, .. }| {
                    self.map.target_of(target, self.base, self.target).wrapping_sub(target)
                });
                span.wrapping_add(moved)
            }
        }
    }

    /// Offsets of the calls of `target`.
    #[cfg(feature = "encode")]
    pub(crate) fn calls<'s>(&'s self, target: &'s [u8]) -> impl Iterator<Item = usize> + 's {
        target.windows(LEN).enumerate().filter_map(|(at, bytes)| {
            let offset = u32::try_from(at).ok()?;
            let found = self.isa.call(bytes) == 0;
            self.address(View::Target, offset).filter(|_| found).map(|_| at)
        })
    }
}

/// Whether an image with `regions` has calls of the instruction set of number `isa`.
#[cfg(feature = "encode")]
#[must_use]
pub fn any(isa: u8, regions: &Regions, image: &[u8]) -> bool {
    let Some(&isa) = super::ALL.iter().find(|known| known.id() == isa) else { return false };
    let (base, map) = (&Regions::default(), &AddressMap::new(&mut []));
    Views { isa, base, target: regions, map }.calls(image).next().is_some()
}

/// Where in `bytes` the first word begins that `is` one, else how many words begin there.
#[inline]
pub(super) fn first(bytes: &[u8], is: impl Fn(u32) -> bool) -> usize {
    let mut words = 0;
    while let Some(&word) = bytes.get(words..).and_then(<[u8]>::first_chunk)
        && !is(u32::from_le_bytes(word))
    {
        words += 1;
    }
    words
}

/// A word whose low `bits` bits count words: `by` bytes more.
pub(super) fn lengthen_low(bytes: [u8; LEN], bits: u32, by: u32) -> [u8; LEN] {
    let word = u32::from_le_bytes(bytes);
    let field = (1u32 << (bits & 31)).wrapping_sub(1);
    (word & !field | word.wrapping_add(by >> 2) & field).to_le_bytes()
}
