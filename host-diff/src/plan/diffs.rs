//! Alignment of both images in several passes, and what follows from it.

use super::mask::{Label, Labels, Same, mask};
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

/// Stretches shorter than this are not worth an op.
const LEAST: usize = 4;

/// Aligns a pair, several times if need be.
#[derive(Debug)]
pub struct Aligner<'a> {
    pair: &'a Pair<'a>,
    /// The masked target and the sorted masked base of the first pass.
    by_kind: (Vec<u8>, Suffixes),
    /// The target masked for the passes after it.
    by_label: Vec<u8>,
}

impl<'a> Aligner<'a> {
    /// Masks the references of both images by their kinds and sorts the base.
    #[must_use]
    pub fn new(pair: &'a Pair<'a>) -> Self {
        let target = |label| mask(pair.target, &pair.target_regions, pair.isa, label);
        let base = mask(pair.base, &pair.base_regions, pair.isa, Label::Kind);
        Self {
            pair,
            by_kind: (target(Label::Kind), Suffixes::new(base)),
            by_label: target(Label::Target(&Same)),
        }
    }

    /// Aligns in `passes` passes: on kinds of references first, then on their labels. A match must
    /// gain `gain` bytes.
    #[must_use]
    pub fn align(&self, gain: usize, passes: usize) -> Vec<Aligned> {
        let (target, suffixes) = &self.by_kind;
        let mut aligned = align(target, suffixes, gain);
        let pair = self.pair;
        let mut labelled = None;
        let passes = if pair.isa.is_some() { passes } else { 1 };
        for _ in 1..passes {
            let moved = Moved::new(pair, &aligned);
            let base = mask(pair.base, &pair.base_regions, pair.isa, Label::Target(&moved));
            if labelled.as_ref().is_some_and(|before: &Suffixes| before.text() == base) {
                // Another pass would give the same alignment.
                break;
            }
            let suffixes = Suffixes::new(base);
            aligned = align(&self.by_label, &suffixes, gain);
            labelled = Some(suffixes);
        }
        aligned.retain(|a| a.len >= LEAST);
        aligned
    }
}
