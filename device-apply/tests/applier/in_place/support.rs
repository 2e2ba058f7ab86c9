//! A device with one slot.

use core::convert::Infallible;
use core::ops::Range;

use device_apply::in_place::{InPlace, InPlaceError, Parts, Progress, Stage};
use flash_model::{FlashError, FlashModel, Part, Slot, Stored};
use patcher_core::container::in_place::{Form, InPlace as Geometry};
use patcher_core::{Header, reference};
use rig::firmware;
use rig::plan::{Patch, Recipe, filled};

use crate::support::digests;

pub(super) type Failure = InPlaceError<Infallible, FlashError>;

/// What a patch is made for, in pages of the part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) functions: usize,
    pub(super) form: Form,
    /// Pages of slack, or of the scratch.
    pub(super) reserve: u16,
    /// Pages of an epoch; 0 for no marks.
    pub(super) epoch: u32,
    pub(super) resets: bool,
}

/// An update from one image to the other, and the patch for it.
#[derive(Clone, Debug)]
pub(super) struct Update {
    pub(super) base: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) header: Header,
    pub(super) patch: Vec<u8>,
}

impl Update {
    /// Of made-up firmware, on a `P`.
    pub(super) fn new<P: Part>(terms: Terms) -> Self {
        let (base, target) = firmware::pair(7, terms.functions);
        // It may be the target of a way back.
        let base = filled(&base, &digests(base.len()));
        Self::of::<P>(base, target, terms)
    }

    /// Of these images.
    pub(super) fn of<P: Part>(base: Vec<u8>, target: Vec<u8>, terms: Terms) -> Self {
        let page = P::GEOMETRY.erase_bytes() as usize;
        let pages = |len: usize| u16::try_from(len.div_ceil(page)).unwrap();
        let moved = if terms.form == Form::Slide { terms.reserve } else { 0 };
        let slot = Geometry {
            page_log2: u8::try_from(page.ilog2()).unwrap(),
            slot_pages: (pages(base.len()) + moved).max(pages(target.len())),
            form: terms.form,
            reserve_pages: terms.reserve,
            resets: terms.resets,
            check: 0,
        };
        let epoch = (terms.epoch > 0)
            .then(|| u8::try_from((terms.epoch * P::GEOMETRY.erase_bytes()).ilog2()));
        let epoch = epoch.transpose().unwrap().unwrap_or(0);
        let sides = [&base, &target].map(|image| (image.len(), firmware::ADDRESS));
        let [old, new] = sides;
        let recipe = Recipe::plain().addressed(2, old, new).with_marks(epoch, terms.resets);
        // Little memory: snapshots are the most of what is written.
        let recipe = Recipe { memory: 8, map_limit: 12, ..recipe };
        let recipe = Recipe { self_digests: digests(target.len()), ..recipe };
        let made: Patch = recipe.in_place(slot).encode(&base, &target);
        let target = filled(&target, &recipe.self_digests);
        let patch = made.bytes();
        Self { base, target, header: made.header, patch }
    }

    pub(super) fn slot_bytes(&self) -> u32 {
        self.header.in_place.expect("in place").slot_bytes()
    }
}

/// Slot, scratch and journals in one flash.
#[derive(Debug)]
pub(super) struct Device<P> {
    pub(super) flash: FlashModel<P>,
    pub(super) slot: Range<u32>,
    pub(super) scratch: Range<u32>,
    pub(super) steps: Range<u32>,
    pub(super) marks: Range<u32>,
}

impl<P: Part> Device<P> {
    /// With the base of `update`, old bytes elsewhere, and regions as small as they may be.
    pub(super) fn new(update: &Update) -> Self {
        let page = P::GEOMETRY.erase_bytes();
        let slot = update.header.in_place.expect("in place");
        let scratch = if slot.form == Form::Scratch { slot.reserve_bytes() } else { 0 };
        let words = u32::try_from(update.header.workspace_words()).unwrap();
        let state = if slot.resets { 8 * update.header.map_entries } else { 2 * words };
        let area = (state + 46 + 44 + 32).next_multiple_of(page);
        let marks = if update.header.epoch_log2 == 0 { 0 } else { 2 * area };
        let ends = [slot.slot_bytes(), scratch, 2 * page, marks];
        let mut at = 0;
        let [slot, scratch, steps, marks] = ends.map(|len| {
            at += len;
            at - len..at
        });
        let flash = FlashModel::<P>::with_size(at);
        flash.slot(0..scratch.end).load(&vec![0x5A; scratch.end as usize]);
        flash.slot(slot.clone()).load(&update.base);
        Self { flash, slot, scratch, steps, marks }
    }

    /// Another device of the same layout, with this flash.
    pub(super) fn with(&self, flash: FlashModel<P>) -> Self {
        let (slot, scratch) = (self.slot.clone(), self.scratch.clone());
        Self { flash, slot, scratch, steps: self.steps.clone(), marks: self.marks.clone() }
    }

    pub(super) fn parts(&self) -> Parts<Slot<'_, P>, Slot<'_, P>> {
        let some = |range: &Range<u32>| (!range.is_empty()).then(|| self.flash.slot(range.clone()));
        Parts {
            slot: self.flash.slot(self.slot.clone()),
            scratch: some(&self.scratch),
            steps: self.flash.slot(self.steps.clone()),
            marks: some(&self.marks),
        }
    }

    /// Updates, or goes on with it.
    pub(super) fn run(&self, patch: &[u8], words: usize) -> Result<Vec<Progress>, Failure> {
        let mut workspace = vec![0; words];
        let mut update =
            InPlace::new(Stored(patch), self.parts(), &mut workspace, &reference::ALL)?
                .with_erased_value(P::GEOMETRY.erased_value());
        let mut seen = vec![update.progress()];
        loop {
            let progress = update.step()?;
            seen.push(progress);
            assert!(seen.len() < 200_000, "no end: {progress:?}");
            if let Stage::Done { .. } = progress.stage {
                assert_eq!(update.step()?, progress, "nothing more happens");
                return Ok(seen);
            }
        }
    }

    /// Whether the slot holds the target.
    pub(super) fn is_updated(&self, update: &Update) -> bool {
        self.flash.slot(self.slot.clone()).dump(update.target.len()).as_ref() == Ok(&update.target)
    }

    /// Whether the slot holds the base.
    pub(super) fn is_untouched(&self, update: &Update) -> bool {
        self.flash.slot(self.slot.clone()).dump(update.base.len()).as_ref() == Ok(&update.base)
    }

    /// Most erases of any page in a range.
    pub(super) fn wear(&self, range: &Range<u32>) -> u32 {
        let page = P::GEOMETRY.erase_bytes();
        let pages = (range.start / page) as usize..(range.end / page) as usize;
        self.flash.wear()[pages].iter().copied().max().unwrap_or(0)
    }
}
