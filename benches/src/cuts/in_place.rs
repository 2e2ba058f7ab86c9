//! Cuts of an update that overwrites its base: nothing but the target may come out.

use core::cell::Cell;
use core::convert::Infallible;
use core::ops::Range;

use device_apply::in_place::{InPlace, InPlaceError, Parts, Stage};
use flash_model::{CutPoint, FlashError, FlashModel, Part, Slot, Stored, Tear};
use host_diff::in_place::Wear;
use patcher_core::container::in_place::Form;
use patcher_core::reference;

use super::known::{Known, Run, Spent};
use super::sweep::scramble;
use super::watched::Watched;
use super::{Effort, Findings, Update};

/// Slot, scratch and journals, one behind the other in one flash, as large as `create` says.
#[derive(Debug, Clone)]
struct Layout {
    slot: Range<u32>,
    scratch: Range<u32>,
    steps: Range<u32>,
    marks: Range<u32>,
    words: usize,
}

impl Layout {
    fn of(update: &Update) -> Result<(Self, Wear), String> {
        let slot = update.header.in_place.ok_or("not in place")?;
        let wear = Wear::of(&update.header).ok_or("not in place")?;
        let scratch = if slot.form == Form::Scratch { slot.reserve_bytes() } else { 0 };
        let mut at = 0;
        let lens = [slot.slot_bytes(), scratch, wear.steps_bytes, wear.marks_bytes];
        let [slot, scratch, steps, marks] = lens.map(|len| {
            at += len;
            at - len..at
        });
        let words = update.header.workspace_words();
        Ok((Self { slot, scratch, steps, marks, words }, wear))
    }

    fn flash<P: Part>(&self, update: &Update) -> FlashModel<P> {
        let flash = FlashModel::<P>::with_size(self.marks.end);
        flash.slot(0..self.scratch.end).load(&vec![0x5A; self.scratch.end as usize]);
        flash.slot(self.slot.clone()).load(&update.base);
        flash
    }

    /// Updates, or goes on with it; up to where it does what a run that is `known` did, if it may.
    fn run<'k, P: Part>(
        &self,
        flash: &FlashModel<P>,
        update: &Update,
        known: &'k mut Known<P>,
        may_meet: bool,
    ) -> Result<Run<'k, P>, InPlaceError<Infallible, FlashError>> {
        let touched = Cell::new(0);
        let mut meeting = Run::new(known, flash, 0..0, may_meet);
        let part = |range: &Range<u32>| Watched::new(flash.slot(range.clone()), 0..0, &touched);
        let some = |range: &Range<u32>| (!range.is_empty()).then(|| part(range));
        let parts: Parts<Watched<'_, Slot<'_, P>>, Watched<'_, Slot<'_, P>>> = Parts {
            slot: part(&self.slot),
            scratch: some(&self.scratch),
            steps: part(&self.steps),
            marks: some(&self.marks),
        };
        let mut workspace = vec![0; self.words];
        let patch = Watched::new(Stored(&update.patch), 0..0, &touched);
        let mut run = InPlace::new(patch, parts, &mut workspace, &reference::ALL)?
            .with_erased_value(P::GEOMETRY.erased_value());
        loop {
            let progress = run.step()?;
            let done = matches!(progress.stage, Stage::Done { .. });
            if done || meeting.meets(flash, progress.steps_done, 0, &run) {
                return Ok(meeting);
            }
        }
    }

    fn is_updated<P: Part>(&self, flash: &FlashModel<P>, update: &Update) -> bool {
        flash.slot(self.slot.clone()).dump(update.target.len()).as_ref() == Ok(&update.target)
    }

    /// Erases of the pages of a range.
    fn wear<P: Part>(wear: &[u32], range: &Range<u32>) -> Vec<u32> {
        let page = P::GEOMETRY.erase_bytes();
        wear[(range.start / page) as usize..(range.end / page) as usize].to_vec()
    }
}

/// Cuts every operation of an in-place `update` on a `P`, and compares the wear without a cut with what `create` prints.
///
/// # Errors
/// The first cut after which something was not as it must be, in words.
pub fn sweep_in_place<P: Part>(update: &Update, effort: &Effort) -> Result<Findings, String> {
    let (layout, declared) = Layout::of(update)?;
    let flash = layout.flash::<P>(update);
    flash.record();
    let mut known = Known::new();
    let run =
        layout.run(&flash, update, &mut known, false).map_err(|error| format!("uncut: {error}"))?;
    if !layout.is_updated(&flash, update) || flash.stats().refusals > 0 {
        return Err("uncut: another target".to_owned());
    }
    run.ended(&flash, 0);
    let uncut = flash.wear();
    let most = |range| Layout::wear::<P>(&uncut, range).into_iter().max().unwrap_or(0);
    let ranges = [&layout.slot, &layout.scratch, &layout.steps, &layout.marks];
    let limits = [declared.slot, declared.scratch, declared.steps, declared.marks];
    for (range, limit) in ranges.into_iter().zip(limits) {
        if most(range) > limit {
            return Err(format!("uncut: {} erases of a page of {limits:?}", most(range)));
        }
    }
    let log = flash.take_log().ok_or("nothing was logged")?;
    let sweep = Sweep { update, effort, layout: &layout, uncut: &uncut };
    let all = effort
        .share(&log, &known, |point, nth, known, found| sweep.recover(point, nth, known, found))?;
    let wear = all.wear.max(uncut.iter().copied().max().unwrap_or(0));
    Ok(Findings { header: update.header_len, wear, ..all })
}

struct Sweep<'a> {
    update: &'a Update,
    effort: &'a Effort,
    layout: &'a Layout,
    uncut: &'a [u32],
}

impl Sweep<'_> {
    /// Goes on after a cut, and judges.
    fn recover<P: Part>(
        &self,
        point: CutPoint<P>,
        nth: u64,
        known: &mut Known<P>,
        found: &mut Findings,
    ) -> Result<(), String> {
        let CutPoint { index, cut, flash } = point;
        let place = format!("{cut:?} of operation {index}");
        let sampled = self.effort.samples(nth);
        if sampled {
            flash.record();
        }
        let may_meet = !sampled && !self.effort.to_the_end;
        let (spent, has_met) = self.ends(&flash, &place, known, may_meet)?;
        let images = self.layout.slot.start..self.layout.scratch.end;
        let [before, after] =
            [self.uncut, &spent.wear].map(|wear| Layout::wear::<P>(wear, &images));
        let again: u32 = after.iter().zip(&before).map(|(after, before)| after - before).sum();
        if again > 1 {
            return Err(format!("{place}: {again} pages erased again"));
        }
        found.erased_again = found.erased_again.max(again);
        found.wear = found.wear.max(spent.wear.into_iter().max().unwrap_or(0));
        found.cuts += 1;
        found.to_the_end += u64::from(!has_met);
        if let Some(log) = flash.take_log() {
            self.cut_again(&log, &place, nth, found)?;
        }
        Ok(())
    }

    /// The update must end with the target, and without an operation that flash refuses, but for a record's torn place.
    ///
    /// What flash went through then, and whether it was not run to its end because that is known.
    fn ends<P: Part>(
        &self,
        flash: &FlashModel<P>,
        place: &str,
        known: &mut Known<P>,
        may_meet: bool,
    ) -> Result<(Spent, bool), String> {
        let refused = flash.stats().refusals;
        let run = self
            .layout
            .run(flash, self.update, known, may_meet)
            .map_err(|error| format!("{place}: {error}"))?;
        let has_met = run.has_met();
        if !has_met && !self.layout.is_updated(flash, self.update) {
            return Err(format!("{place}: another target"));
        }
        let spent = run.ended(flash, 0);
        if spent.refusals > refused + 1 {
            return Err(format!("{place}: flash refused an operation"));
        }
        Ok((spent, has_met))
    }

    /// Cuts a recovery that was recorded, at its first operations and at some others.
    fn cut_again<P: Part>(
        &self,
        log: &flash_model::Log<P>,
        place: &str,
        nth: u64,
        found: &mut Findings,
    ) -> Result<(), String> {
        let points = log.operations().len() as u64 * 2 + 1;
        let first = self.effort.second_cuts as u64 / 2;
        let stride = (points / (first + 1)).max(1);
        let offset = scramble(nth) % stride;
        for (step, point) in (0u64..).zip(log.cut_points(&[Tear::Seeded(nth)])) {
            if step >= first && step % stride != offset {
                continue;
            }
            let place = format!("{place}, then {:?} of operation {}", point.cut, point.index);
            self.ends(&point.flash, &place, &mut Known::new(), false)?;
            found.second_cuts += 1;
        }
        Ok(())
    }
}
