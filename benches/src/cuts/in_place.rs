//! Cuts of an update that overwrites its base: nothing but the target may come out.

use core::convert::Infallible;
use core::ops::Range;

use device_apply::in_place::{InPlace, InPlaceError, Parts, Stage};
use flash_model::{CutPoint, FlashError, FlashModel, Part, Slot, Stored, Tear};
use host_diff::in_place::Wear;
use patcher_core::container::in_place::Form;
use patcher_core::reference;

use super::sweep::scramble;
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

    fn run<P: Part>(
        &self,
        flash: &FlashModel<P>,
        update: &Update,
    ) -> Result<(), InPlaceError<Infallible, FlashError>> {
        let part = |range: &Range<u32>| flash.slot(range.clone());
        let some = |range: &Range<u32>| (!range.is_empty()).then(|| part(range));
        let parts: Parts<Slot<'_, P>, Slot<'_, P>> = Parts {
            slot: part(&self.slot),
            scratch: some(&self.scratch),
            steps: part(&self.steps),
            marks: some(&self.marks),
        };
        let mut workspace = vec![0; self.words];
        let patch = Stored(&update.patch);
        let mut run = InPlace::new(patch, parts, &mut workspace, &reference::ALL)?
            .with_erased_value(P::GEOMETRY.erased_value());
        while !matches!(run.step()?.stage, Stage::Done { .. }) {}
        Ok(())
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
    layout.run(&flash, update).map_err(|error| format!("uncut: {error}"))?;
    if !layout.is_updated(&flash, update) || flash.stats().refusals > 0 {
        return Err("uncut: another target".to_owned());
    }
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
    let (jobs, every) = (effort.jobs.max(1), effort.every.max(1));
    let parts: Vec<Result<Findings, String>> = std::thread::scope(|scope| {
        let start = |job: usize| {
            let (log, sweep) = (log.clone(), &sweep);
            scope.spawn(move || {
                let mut found = Findings::default();
                for (nth, point) in log.cut_points(&effort.tears).enumerate() {
                    if nth.is_multiple_of(every) && nth / every % jobs == job {
                        sweep.recover(point, nth as u64, &mut found)?;
                    }
                }
                Ok(found)
            })
        };
        let threads: Vec<_> = (0..jobs).map(start).collect();
        let lost = |_| Err("a thread panicked".to_owned());
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(lost)).collect()
    });
    let mut all = Findings {
        operations: log.operations().len(),
        header: update.header_len,
        wear: uncut.iter().copied().max().unwrap_or(0),
        ..Findings::default()
    };
    for part in parts {
        all.merge(part?);
    }
    Ok(all)
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
        found: &mut Findings,
    ) -> Result<(), String> {
        let CutPoint { index, cut, flash } = point;
        let place = format!("{cut:?} of operation {index}");
        let sampled = self.effort.second_of > 0
            && scramble(nth ^ self.effort.seed).is_multiple_of(self.effort.second_of);
        if sampled {
            flash.record();
        }
        self.ends(&flash, &place)?;
        let images = self.layout.slot.start..self.layout.scratch.end;
        let [before, after] =
            [self.uncut, &flash.wear()].map(|wear| Layout::wear::<P>(wear, &images));
        let again: u32 = after.iter().zip(&before).map(|(after, before)| after - before).sum();
        if again > 1 {
            return Err(format!("{place}: {again} pages erased again"));
        }
        found.erased_again = found.erased_again.max(again);
        found.wear = found.wear.max(flash.wear().into_iter().max().unwrap_or(0));
        found.cuts += 1;
        if let Some(log) = flash.take_log() {
            self.cut_again(&log, &place, nth, found)?;
        }
        Ok(())
    }

    /// The update must end with the target, and without an operation that flash refuses, but for a record's torn place.
    fn ends<P: Part>(&self, flash: &FlashModel<P>, place: &str) -> Result<(), String> {
        let refused = flash.stats().refusals;
        self.layout.run(flash, self.update).map_err(|error| format!("{place}: {error}"))?;
        if !self.layout.is_updated(flash, self.update) {
            return Err(format!("{place}: another target"));
        }
        if flash.stats().refusals > refused + 1 {
            return Err(format!("{place}: flash refused an operation"));
        }
        Ok(())
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
            self.ends(&point.flash, &place)?;
            found.second_cuts += 1;
        }
        Ok(())
    }
}
