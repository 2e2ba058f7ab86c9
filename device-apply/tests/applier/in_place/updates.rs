//! Whole updates: what they make, what they erase.

use core::mem::discriminant;

use device_apply::in_place::{InPlace, Stage};
use flash_model::{Nrf52, Part, Stm32H7, Stm32L0, Stm32L4, Stm32U5, Stored};
use patcher_core::container::in_place::Form;
use patcher_core::reference;

use super::support::{Device, Terms, Update};

const SLIDE: Terms =
    Terms { functions: 250, form: Form::Slide, reserve: 3, epoch: 1, resets: false };
const SCRATCH: Terms = Terms { form: Form::Scratch, ..SLIDE };

/// Updates an image; the target is right, and no page is erased more often than is said.
fn update<P: Part>(terms: Terms) -> Device<P> {
    let update = Update::new::<P>(terms);
    let device = Device::<P>::new(&update);
    let seen = device.run(&update.patch, update.header.workspace_words()).unwrap();
    assert!(device.is_updated(&update), "{} {terms:?}", P::GEOMETRY.name());
    let stats = device.flash.stats();
    assert_eq!((stats.refusals, stats.ecc_faults), (0, 0));
    let last = seen.iter().rev().find(|progress| progress.steps_total > 0).unwrap();
    assert_eq!(last.steps_done, last.steps_total);
    let slot = update.header.in_place.unwrap();
    let saved = slot.pages(update.header.base_len).min(slot.pages(update.header.target_len));
    let (once, scratch) = match terms.form {
        Form::Slide => (2, 0),
        Form::Scratch => (1, saved.div_ceil(terms.reserve.into())),
    };
    assert!(device.wear(&device.slot) <= once, "{terms:?}");
    assert_eq!(device.wear(&device.scratch), scratch, "{terms:?}");
    device
}

#[test]
fn both_forms_make_the_target_on_every_part() {
    for form in [SLIDE, SCRATCH] {
        for resets in [false, true] {
            let terms = Terms { resets, ..form };
            update::<Stm32L4>(terms);
            update::<Stm32U5>(Terms { functions: 900, ..terms });
            update::<Nrf52>(Terms { functions: 500, ..terms });
            update::<Stm32L0>(Terms { functions: 60, reserve: 9, epoch: 2, ..terms });
            update::<Stm32H7>(Terms { functions: 60, reserve: 1, epoch: 0, ..terms });
        }
    }
}

/// A bootloader asks for both before it goes on with an update, also if nothing of that is left to do.
#[test]
fn where_it_leads_from_and_to_is_known_until_it_is_done() {
    let update = Update::new::<Stm32L4>(SLIDE);
    let device = Device::<Stm32L4>::new(&update);
    let ends = Some((update.header.base_digest, update.header.target_digest));
    for stages in [6, 4] {
        let mut workspace = vec![0; update.header.workspace_words()];
        let patch = Stored(&update.patch);
        let parts = device.parts();
        let mut run = InPlace::new(patch, parts, &mut workspace, &reference::ALL).unwrap();
        let mut seen = Vec::new();
        while !matches!(run.progress().stage, Stage::Done { .. }) {
            let stage = discriminant(&run.progress().stage);
            if seen.last() != Some(&stage) {
                seen.push(stage);
            }
            let known = run.base_digest().zip(run.target_digest());
            let expected = ends.filter(|_| !matches!(run.progress().stage, Stage::Header));
            assert_eq!(known, expected, "{:?}", run.progress());
            run.step().unwrap();
        }
        assert_eq!(seen.len(), stages);
        assert_eq!(run.base_digest().zip(run.target_digest()), None);
    }
}

#[test]
fn one_page_of_slack_or_scratch_is_enough() {
    for form in [SLIDE, SCRATCH] {
        update::<Stm32L4>(Terms { reserve: 1, ..form });
        update::<Stm32L0>(Terms { functions: 20, reserve: 1, epoch: 2, ..form });
    }
}

#[test]
fn with_slack_for_all_of_the_target_no_marks_are_needed() {
    let device = update::<Stm32L4>(Terms { reserve: 12, epoch: 0, ..SLIDE });
    assert!(device.marks.is_empty());
}

#[test]
fn images_of_other_lengths_and_of_none_are_made() {
    let (base, target) = rig::firmware::pair(3, 90);
    let (shorter, tiny) = (target[..2500].to_vec(), vec![7; 3]);
    let cases = [
        (base.clone(), shorter.clone()),
        (shorter, base.clone()),
        (base.clone(), Vec::new()),
        (Vec::new(), base.clone()),
        (tiny.clone(), base.clone()),
        (base.clone(), base.clone()),
        (base, tiny),
    ];
    for (base, target) in cases {
        for form in [SLIDE, SCRATCH] {
            let update = Update::of::<Stm32L4>(base.clone(), target.clone(), form);
            let device = Device::<Stm32L4>::new(&update);
            device.run(&update.patch, update.header.workspace_words()).unwrap();
            assert!(device.is_updated(&update), "{} -> {}, {form:?}", base.len(), target.len());
        }
    }
}

#[test]
fn a_finished_update_is_found_finished_and_erases_nothing() {
    for form in [SLIDE, SCRATCH] {
        let update = Update::new::<Stm32L4>(form);
        let device = Device::<Stm32L4>::new(&update);
        device.run(&update.patch, update.header.workspace_words()).unwrap();
        let before = device.flash.stats().operations();
        let seen = device.run(&update.patch, update.header.workspace_words()).unwrap();
        assert!(!seen.iter().any(|progress| matches!(progress.stage, Stage::Slide | Stage::Body)));
        assert_eq!(device.flash.stats().operations(), before);
    }
}

#[test]
fn the_way_back_and_forth_again_is_open() {
    for form in [SLIDE, SCRATCH] {
        let there = Update::new::<Stm32L4>(form);
        let device = Device::<Stm32L4>::new(&there);
        let mut back = Update::of::<Stm32L4>(there.target.clone(), there.base.clone(), form);
        if back.slot_bytes() != there.slot_bytes() {
            let reserve = form.reserve + 1;
            back = Update::of::<Stm32L4>(
                there.target.clone(),
                there.base.clone(),
                Terms { reserve, ..form },
            );
        }
        for round in 0..3 {
            for update in [&there, &back] {
                device.run(&update.patch, update.header.workspace_words()).unwrap();
                assert!(device.is_updated(update), "round {round}, {form:?}");
            }
        }
    }
}

#[test]
fn the_base_that_came_back_by_itself_is_updated_again() {
    for form in [SLIDE, SCRATCH] {
        let update = Update::new::<Stm32L4>(form);
        let device = Device::<Stm32L4>::new(&update);
        for _ in 0..2 {
            device.run(&update.patch, update.header.workspace_words()).unwrap();
            assert!(device.is_updated(&update), "{form:?}");
            device.flash.slot(device.slot.clone()).load(&update.base);
        }
    }
}
