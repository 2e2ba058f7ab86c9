//! Power cuts at every operation of small updates, and at a sample of those of each recovery.

use core::ops::Range;

use flash_model::{CutPoint, Part, Stm32H7, Stm32L0, Stm32L4, Tear};
use patcher_core::container::in_place::Form;

use super::support::{Device, Terms, Update};

/// What the cuts of an update came to.
#[derive(Debug, Default)]
struct Found {
    cuts: usize,
    second: usize,
    /// Most pages of slot and scratch that one recovery erased again.
    erased_again: u32,
}

/// Pages that were erased more often than in a run without a cut.
fn more(device_wear: &[u32], uncut: &[u32], page: u32, range: &Range<u32>) -> u32 {
    let pages = (range.start / page) as usize..(range.end / page) as usize;
    pages.map(|page| device_wear[page].saturating_sub(uncut[page])).sum()
}

/// Goes on after a cut; the target must be right, and one page at most be erased once more.
fn recover<P: Part>(
    update: &Update,
    device: &Device<P>,
    uncut: &[u32],
    place: &str,
    found: &mut Found,
) {
    let run = device.run(&update.patch, update.header.workspace_words());
    assert!(run.is_ok(), "{place}: {run:?}");
    assert!(device.is_updated(update), "{place}: another target");
    // A record's place that a cut tore, and that looks erased, is tried and passed over.
    assert!(device.flash.stats().refusals <= 1, "{place}");
    let page = P::GEOMETRY.erase_bytes();
    let images = device.slot.start..device.scratch.end;
    found.erased_again = found.erased_again.max(more(&device.flash.wear(), uncut, page, &images));
}

/// Cuts each operation, or one place of `every`; one recovery of `second_of` is cut again.
fn sweep<P: Part>(terms: Terms, every: usize, second_of: usize) -> Found {
    let update = Update::new::<P>(terms);
    let device = Device::<P>::new(&update);
    device.flash.record();
    device.run(&update.patch, update.header.workspace_words()).unwrap();
    let uncut = device.flash.wear();
    let log = device.flash.take_log().unwrap();
    let mut found = Found::default();
    let tears = [Tear::Blank, Tear::Mixed(1), Tear::Finished];
    let points = log.cut_points(&tears).step_by(every);
    for (nth, CutPoint { index, cut, flash }) in points.enumerate() {
        let place = format!("{} {terms:?} {cut:?} of operation {index}", P::GEOMETRY.name());
        let cut = device.with(flash);
        let sampled = nth % second_of == 0;
        if sampled {
            cut.flash.record();
        }
        recover(&update, &cut, &uncut, &place, &mut found);
        found.cuts += 1;
        let Some(recovery) = cut.flash.take_log() else { continue };
        let stride = recovery.operations().len() / 4 + 1;
        for (step, point) in recovery.cut_points(&[Tear::Seeded(nth as u64)]).enumerate() {
            if step > 4 && step % stride != nth % stride {
                continue;
            }
            let place = format!("{place}, then {:?} of {}", point.cut, point.index);
            let again = device.with(point.flash);
            let run = again.run(&update.patch, update.header.workspace_words());
            assert!(run.is_ok() && again.is_updated(&update), "{place}: {run:?}");
            found.second += 1;
        }
    }
    assert_eq!(found.cuts, (4 * log.operations().len() + 1).div_ceil(every));
    assert!(found.second > 20, "{found:?}");
    assert!(found.erased_again <= 1, "{terms:?}: {found:?}");
    found
}

const SLIDE: Terms =
    Terms { functions: 60, form: Form::Slide, reserve: 1, epoch: 1, resets: false };
const SCRATCH: Terms = Terms { form: Form::Scratch, ..SLIDE };

/// Small pages: many of them, several in an epoch.
const SMALL: Terms = Terms { functions: 12, reserve: 4, epoch: 2, ..SLIDE };

#[test]
fn a_cut_anywhere_while_the_base_slides_ends_with_the_target() {
    let found = sweep::<Stm32L4>(SLIDE, 1, 97);
    assert_eq!(found.erased_again, 1, "the page that was unfinished");
    sweep::<Stm32L4>(Terms { resets: true, ..SLIDE }, 7, 11);
    sweep::<Stm32L0>(SMALL, 1, 97);
    sweep::<Stm32L0>(Terms { resets: true, ..SMALL }, 7, 11);
}

#[test]
fn a_cut_anywhere_with_a_scratch_ends_with_the_target() {
    let found = sweep::<Stm32L4>(SCRATCH, 1, 97);
    assert_eq!(found.erased_again, 1, "the page that was unfinished");
    sweep::<Stm32L4>(Terms { resets: true, ..SCRATCH }, 7, 11);
    sweep::<Stm32L0>(Terms { form: Form::Scratch, ..SMALL }, 1, 97);
    sweep::<Stm32L0>(Terms { form: Form::Scratch, resets: true, ..SMALL }, 7, 11);
}

#[test]
fn a_cut_in_a_sector_of_128_kib_ends_with_the_target() {
    let large = Terms { functions: 20, reserve: 1, epoch: 0, ..SLIDE };
    sweep::<Stm32H7>(large, 13, 7);
    sweep::<Stm32H7>(Terms { form: Form::Scratch, ..large }, 13, 7);
}
