//! Updates on a device that counts on its metadata alone, cut at every flash operation, and cut again.

use device_apply::boot::{
    self, Check, Image, ImageRecord, Record, Reset, Slot, Start, State, select,
};
use device_apply::journal::Journal;
use flash_model::{Cut, FlashModel, Part, Stm32H7, Stm32L0, Stm32L4, Stm32U5, Tear};

const TEARS: [Tear; 4] = [Tear::Blank, Tear::Mixed(1), Tear::Mixed(2), Tear::Finished];
const START: Start = Start { reset: Reset::Other, trial_boots: 3 };

fn image(security_counter: u32) -> ImageRecord {
    ImageRecord { len: 100, version: 1, security_counter, digest: [9; 32] }
}

fn open<P: Part>(flash: &FlashModel<P>) -> Journal<flash_model::Slot<'_, P>, Record> {
    let journal = Journal::open(flash.slot(0..flash.size())).unwrap();
    journal.with_erased_value(P::GEOMETRY.erased_value())
}

/// A start in which every recorded image is what the record says.
fn boot<P: Part>(flash: &FlashModel<P>) -> Option<Image> {
    select(&mut open(flash), &START, |image, record| match image {
        Image::Slot(slot) if matches!(record.state(slot), State::Unrecorded | State::Empty) => {
            Check::Invalid
        }
        Image::Slot(slot) => Check::Valid { security_counter: record.image(slot).security_counter },
        Image::Golden => Check::Valid { security_counter: 0 },
    })
}

/// What the device does at one step of its life; a cut makes it stop anywhere.
fn live<P: Part>(flash: &FlashModel<P>, step: u32) {
    let mut journal = open(flash);
    let record = journal.latest().copied().unwrap_or_default();
    let other = record.active().other();
    let next = match step % 6 {
        0 => record.vacate(other),
        1 => record.request(other, image(step)),
        // The trial is confirmed in every second round, else it goes on until it is given up.
        4 if step % 12 == 4 => match record.confirm(other) {
            Ok(confirmed) => confirmed,
            Err(_) => return,
        },
        _ => {
            boot(flash);
            return;
        }
    };
    // Power may fail: then the record before is the one that counts.
    let _ = journal.append(&next);
}

/// What must be true after a cut in `step`, of which `before` was the record and `after` would have been.
fn recovers<P: Part>(flash: &FlashModel<P>, before: &Record, after: &Record, what: &str) {
    let found = open(flash).latest().copied();
    assert!([before, after].contains(&&found.unwrap()), "{what}: {found:?} {before:?} {after:?}");
    let mut choices = Vec::new();
    for _ in 0..6 {
        choices.push(boot(flash));
    }
    let old = Image::Slot(before.active());
    let new = Image::Slot(after.active());
    assert!(choices[5] == Some(old) || choices[5] == Some(new), "{what}: {choices:?}");
    let trials = choices.iter().filter(|choice| **choice != choices[5]).count();
    assert!(trials <= 3, "{what}: {choices:?}");
}

/// A life of `steps` steps, cut at each operation, and at each operation of the start after that.
fn sweep<P: Part>(pages: u32, steps: u32) {
    let flash = FlashModel::<P>::with_size(pages * P::GEOMETRY.erase_bytes());
    open(&flash).append(&Record::factory(Slot::A, image(0))).unwrap();
    let (mut cuts, mut second) = (0, 0);
    for step in 0..steps {
        let before = *open(&flash).latest().unwrap();
        flash.record();
        live(&flash, step);
        let log = flash.take_log().unwrap();
        let after = *open(&flash).latest().unwrap();
        for point in log.cut_points(&TEARS) {
            let what = format!("step {step}, {:?} of operation {}", point.cut, point.index);
            let cut = point.flash;
            cuts += 1;
            // The start after the cut is cut as well, once at each of its operations.
            let snapshot = cut.snapshot();
            let uncut = snapshot.fork();
            boot(&uncut);
            let operations = uncut.stats().since(&cut.stats()).operations();
            let started = *open(&uncut).latest().unwrap();
            for (index, tear) in (0..operations).zip(TEARS.into_iter().cycle()) {
                let again = snapshot.fork();
                again.cut_after(index, Cut::Inside(tear));
                boot(&again);
                assert!(!again.is_powered(), "{what}: operation {index} of the start");
                again.power_on();
                let found = *open(&again).latest().unwrap();
                assert!([before, after, started].contains(&found), "{what}: {found:?}");
                let settled: Vec<_> = (0..5).map(|_| boot(&again)).collect();
                assert!(matches!(settled[4], Some(Image::Slot(_))), "{what}: {settled:?}");
                second += 1;
            }
            recovers(&cut, &before, &after, &what);
        }
    }
    println!("{}: {cuts} cuts, {second} second cuts", P::GEOMETRY.name());
    assert!(cuts > 1_000 && second > 100, "{cuts} {second}");
}

#[test]
fn a_cut_anywhere_keeps_an_stm32l4_bootable() {
    sweep::<Stm32L4>(2, 60);
}

#[test]
fn a_cut_anywhere_keeps_an_stm32u5_bootable() {
    sweep::<Stm32U5>(2, 80);
}

#[test]
fn a_cut_anywhere_keeps_an_stm32l0_bootable() {
    sweep::<Stm32L0>(3, 30);
}

#[test]
fn a_cut_anywhere_keeps_an_stm32h7_bootable() {
    sweep::<Stm32H7>(2, 60);
}

#[test]
fn a_device_whose_metadata_cannot_be_written_starts_the_old_image() {
    let flash = FlashModel::<Stm32L4>::with_size(2 * 2048);
    let factory = Record::factory(Slot::A, image(0));
    open(&flash).append(&factory.request(Slot::B, image(1))).unwrap();
    flash.protect(0..flash.size());
    assert_eq!(boot(&flash), Some(Image::Slot(Slot::A)));
    flash.unprotect();
    assert_eq!(boot(&flash), Some(Image::Slot(Slot::B)));
}

#[test]
fn confirming_raises_the_security_counter_and_the_old_image_is_a_downgrade_then() {
    let flash = FlashModel::<Stm32L4>::with_size(2 * 2048);
    let factory = Record::factory(Slot::A, image(3));
    open(&flash).append(&factory.request(Slot::B, image(4))).unwrap();
    assert_eq!(boot(&flash), Some(Image::Slot(Slot::B)));
    let record = *open(&flash).latest().unwrap();
    assert_eq!(record.security_counter(), 3, "a trial proves nothing");
    let confirmed = record.confirm(Slot::B).unwrap();
    assert_eq!((confirmed.active(), confirmed.security_counter()), (Slot::B, 4));
    open(&flash).append(&confirmed).unwrap();
    // Slot B is damaged: the old image is there and valid, and too old.
    let choice = select(&mut open(&flash), &START, |image, _| match image {
        Image::Slot(Slot::A) => Check::Valid { security_counter: 3 },
        Image::Slot(Slot::B) => Check::Invalid,
        Image::Golden => Check::Valid { security_counter: 0 },
    });
    assert_eq!(choice, Some(Image::Golden));
    let failed = confirmed.fail(Slot::B);
    assert_eq!(failed, Err(boot::RequestError::NotOnTrial { got: State::Confirmed }));
}

#[test]
fn the_bootloader_corrects_a_counter_that_the_application_made_up() {
    let flash = FlashModel::<Stm32L4>::with_size(2 * 2048);
    let factory = Record::factory(Slot::A, image(3));
    open(&flash).append(&factory.request(Slot::B, image(u32::MAX))).unwrap();
    let verify = |_: Image, _: &Record| Check::Valid { security_counter: 4 };
    assert_eq!(select(&mut open(&flash), &START, verify), Some(Image::Slot(Slot::B)));
    let record = *open(&flash).latest().unwrap();
    assert_eq!(record.confirm(Slot::B).unwrap().security_counter(), 4);
}
