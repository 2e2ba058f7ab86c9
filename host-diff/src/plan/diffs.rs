//! Alignment of both images in several passes, and what follows from it.

use super::mask::{Label, Labels, Mark, Masked, Same, Which, mask};
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
        let base = mask(pair.base, &pair.base_regions, pair.isa, Label::Kind, Which::All);
        let target = |label| mask(pair.target, &pair.target_regions, pair.isa, label, Which::All);
        Self { pair, by_kind: (base, target(Label::Kind)), by_label: target(Label::Target(&Same)) }
    }

    /// Aligns by matches that explain `gain` bytes more than going on as before, in `passes` passes: on kinds of references
    /// first, then on their labels. The first alignment is there as well if its labels are in doubt.
    #[must_use]
    pub fn greedy(&self, gain: usize, passes: usize) -> Vec<Vec<Aligned>> {
        let (base, target) = &self.by_kind;
        let first = self.by_matches(base, target, gain);
        if self.pair.isa.is_none() || passes < 2 {
            return vec![first];
        }
        let mut labelled = self.labelled(&first, Which::All);
        let doubtful = self.is_doubtful(&first, &labelled);
        let mut last = self.by_matches(&labelled, &self.by_label, gain);
        for _ in 2..passes {
            let base = self.labelled(&last, Which::All);
            if labelled == base {
                // Another pass would give the same alignment.
                break;
            }
            last = self.by_matches(&base, &self.by_label, gain);
            labelled = base;
        }
        if doubtful { vec![last, first] } else { vec![last] }
    }

    /// Whether a third of the references that `aligned` puts together have labels that differ from those in the base `labelled`
    /// by it: the images may not be loaded where they are thought to be.
    fn is_doubtful(&self, aligned: &[Aligned], labelled: &Masked) -> bool {
        let (base, target) = (labelled, &self.by_label);
        let (mut same, mut all) = (0usize, 0usize);
        for a in aligned {
            for i in 0..a.len {
                let (from, to) = (a.base + i, a.target + i);
                if base.marks[from] == Mark::Start && target.marks[to] == Mark::Start {
                    all += 1;
                    same += usize::from(base.reference(from) == target.reference(to));
                }
            }
        }
        same * 3 < all * 2
    }

    /// The base with references replaced by labels of where `aligned` says that they lead.
    fn labelled(&self, aligned: &[Aligned], which: Which) -> Masked {
        let pair = self.pair;
        let moved = Moved::new(pair, aligned);
        mask(pair.base, &pair.base_regions, pair.isa, Label::Target(&moved), which)
    }

    fn by_matches(&self, base: &Masked, target: &Masked, gain: usize) -> Vec<Aligned> {
        let aligned = align(&target.bytes, &Suffixes::new(base.bytes.clone()), gain);
        let mut aligned = self.pair.reach.cut(aligned);
        aligned.retain(|a| a.len >= LEAST);
        aligned
    }

    /// Aligns along the cheapest path, on the labels that the alignment `before` tells; `new_bytes` is the cost of each target
    /// byte as a new one in 1/16 bit.
    #[must_use]
    pub fn path(&self, before: &[Aligned], new_bytes: &[Bits]) -> Vec<Aligned> {
        let unit = self.pair.isa.map_or(1, Isa::unit);
        let Pair { target, target_regions, isa, .. } = self.pair;
        let base = self.labelled(before, Which::NotNear);
        let target = mask(target, target_regions, *isa, Label::Target(&Same), Which::NotNear);
        path(&base, &target, unit, new_bytes, &self.pair.reach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patcher_core::reference::pointer::Pointers;

    const ADDRESS: u32 = 0x0800_0000;
    const INSERTED: u32 = 64;

    /// Records of eight bytes that nothing predicts and a pointer to one of them, `moved` bytes further than in the base.
    fn records(moved: u32) -> Vec<u8> {
        let numbers = core::iter::successors(Some(1u64), |x| Some(x ^ x << 13 ^ x >> 7 ^ x << 17));
        let record = |number: u64| {
            let to = u32::try_from(number % 500).unwrap() * 12;
            [&number.to_le_bytes()[..], &(ADDRESS + moved + to).to_le_bytes()].concat()
        };
        numbers.take(500).flat_map(|x| record(x.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect()
    }

    fn alignments(moved: u32) -> Vec<Vec<Aligned>> {
        let (base, old) = (records(0), records(moved));
        let target = [&vec![0x5A; INSERTED as usize][..], &old].concat();
        let regions = |image: &[u8]| Regions::single(u32::try_from(image.len()).unwrap(), ADDRESS);
        let pair = Pair {
            base: &base,
            target: &target,
            base_regions: regions(&base),
            target_regions: regions(&target),
            isa: Some(&Pointers::<false>),
            reach: Reach::default(),
        };
        Aligner::new(&pair).greedy(8, 4)
    }

    #[test]
    fn references_that_follow_their_targets_are_aligned_by_labels_alone() {
        let whole = Aligned { target: INSERTED as usize, base: 0, len: 6000 };
        assert_eq!(alignments(INSERTED), [[whole]]);
    }

    #[test]
    fn the_first_alignment_is_kept_where_labels_say_nothing() {
        let found = alignments(0);
        let whole = Aligned { target: INSERTED as usize, base: 0, len: 6000 };
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1], [whole]);
    }
}
