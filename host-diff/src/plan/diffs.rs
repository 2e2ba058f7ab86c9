//! Alignment of both images in several passes, and what follows from it.

use super::mask::{Label, Labels, Masked, Same, mask};
use super::path::path;
use super::prices::Bits;
use crate::in_place::Reach;
use crate::matcher::align::{Aligned, align};
use crate::matcher::suffix::Suffixes;
use patcher_core::container::region::Regions;
use patcher_core::reference::Isa;

/// Both images with what is known about them.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The base image.
    pub base: &'a [u8],
    /// The target image.
    pub target: &'a [u8],
    /// Regions of the base; empty without addresses.
    pub base_regions: Regions,
    /// Regions of the target; empty without addresses.
    pub target_regions: Regions,
    /// The instruction set, if references are to be predicted.
    pub isa: Option<&'static dyn Isa>,
    /// What of the base is there.
    pub reach: Reach,
}

/// Where each base byte went, by the longest alignment over it.
#[derive(Debug)]
pub struct Moved<'a> {
    pair: &'a Pair<'a>,
    to: Vec<u32>,
}

impl<'a> Moved<'a> {
    /// Bytes that no alignment covers move like the covered byte before them.
    #[must_use]
    pub fn new(pair: &'a Pair<'a>, aligned: &[Aligned]) -> Self {
        let none = u32::MAX;
        let mut to = vec![none; pair.base.len() + 1];
        let mut by_length: Vec<&Aligned> = aligned.iter().collect();
        by_length.sort_by_key(|a| (a.len, core::cmp::Reverse(a.target)));
        for a in by_length {
            for (i, slot) in to[a.base..a.base + a.len].iter_mut().enumerate() {
                *slot = u32::try_from(a.target + i).unwrap_or(none);
            }
        }
        let mut shift = 0u32;
        for (from, slot) in (0u32..).zip(&mut to) {
            if *slot == none {
                *slot = from.wrapping_add(shift);
            } else {
                shift = slot.wrapping_sub(from);
            }
        }
        Self { pair, to }
    }
}

impl Labels for Moved<'_> {
    fn label(&self, address: u32) -> u32 {
        let pair = self.pair;
        let Some(from) = pair.base_regions.offset_of(address) else { return address };
        let Some(&to) = self.to.get(from as usize) else { return address };
        pair.target_regions.place(to).map_or(address, |place| place.address)
    }
}

/// Shorter stretches of a greedy alignment are not worth an op.
const LEAST: usize = 4;

/// How stretches are chosen.
#[derive(Debug, Clone, Copy)]
pub enum Way<'a> {
    /// By matches that explain this many bytes more than going on as before.
    Greedy {
        /// Bytes a match must gain.
        gain: usize,
    },
    /// By the cheapest path.
    Path {
        /// Cost of each target byte as a new one in 1/16 bit.
        new_bytes: &'a [Bits],
    },
}

/// Aligns a pair, several times if need be.
#[derive(Debug)]
pub struct Aligner<'a> {
    pair: &'a Pair<'a>,
    /// Base and target masked for the first pass.
    by_kind: (Masked, Masked),
    /// The target masked for the passes after it.
    by_label: Masked,
}

impl<'a> Aligner<'a> {
    /// Masks the references of both images by their kinds.
    #[must_use]
    pub fn new(pair: &'a Pair<'a>) -> Self {
        let base = mask(pair.base, &pair.base_regions, pair.isa, Label::Kind);
        let target = |label| mask(pair.target, &pair.target_regions, pair.isa, label);
        Self { pair, by_kind: (base, target(Label::Kind)), by_label: target(Label::Target(&Same)) }
    }

    /// Aligns in `passes` passes: on kinds of references first, then on their labels.
    #[must_use]
    pub fn align(&self, way: Way<'_>, passes: usize) -> Vec<Aligned> {
        let pair = self.pair;
        let (base, target) = &self.by_kind;
        let mut aligned = self.once(base, target, way);
        let mut labelled = None;
        let passes = if pair.isa.is_some() { passes } else { 1 };
        for _ in 1..passes {
            let moved = Moved::new(pair, &aligned);
            let base = mask(pair.base, &pair.base_regions, pair.isa, Label::Target(&moved));
            if labelled.as_ref() == Some(&base) {
                // Another pass would give the same alignment.
                break;
            }
            aligned = self.once(&base, &self.by_label, way);
            labelled = Some(base);
        }
        aligned
    }

    fn once(&self, base: &Masked, target: &Masked, way: Way<'_>) -> Vec<Aligned> {
        match way {
            Way::Greedy { gain } => {
                let aligned = align(&target.bytes, &Suffixes::new(base.bytes.clone()), gain);
                let mut aligned = self.pair.reach.cut(aligned);
                aligned.retain(|a| a.len >= LEAST);
                aligned
            }
            Way::Path { new_bytes } => {
                let unit = self.pair.isa.map_or(1, Isa::unit);
                path(base, target, unit, new_bytes, &self.pair.reach)
            }
        }
    }
}
