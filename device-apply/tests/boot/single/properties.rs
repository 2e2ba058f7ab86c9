//! What holds whatever is recorded and whatever the device finds: said without the table.

use device_apply::boot::single::{
    Device, Ended, Found, Image, MAX_STEPS, NotOnTrial, Patch, Record, State, Way, select,
};
use device_apply::boot::{ImageRecord, Reset, Start};
use device_apply::journal::Journal;
use flash_model::{FlashModel, Slot, Stm32L4};

use super::space::{FOUND, PATCHES, PROVED, REACHED, TARGET, records};

/// A device in which patches go as they are told to.
#[derive(Clone, Copy, Debug)]
struct Told {
    slot: Found,
    golden: Found,
    forward: (Patch, Found),
    reverse: (Patch, Found),
    asked: usize,
}

impl Device for Told {
    fn verify(&mut self, image: Image) -> Found {
        self.asked += 1;
        match image {
            Image::Slot => self.slot,
            Image::Golden => self.golden,
        }
    }

    fn apply(&mut self, way: Way, record: &Record) -> Patch {
        self.asked += 1;
        let (patch, then) = match way {
            Way::Forward => self.forward,
            Way::Reverse => self.reverse,
        };
        let asked_for = match way {
            Way::Forward => record.state() == State::Pending,
            Way::Reverse => record.state() == State::Reverting && record.has_reverse(),
        };
        assert!(asked_for, "{way:?} {record:?}");
        // A patch that is refused changes nothing, one that fails leaves nothing right.
        match patch {
            Patch::Applied => self.slot = then,
            Patch::Failed => self.slot = Found::Invalid,
            Patch::Refused { .. } | Patch::Unknown => {}
        }
        patch
    }
}

fn journal(flash: &FlashModel<Stm32L4>) -> Journal<Slot<'_, Stm32L4>, Record> {
    Journal::open(flash.slot(0..flash.size())).unwrap()
}

fn devices() -> Vec<Told> {
    let few = [FOUND[0], FOUND[1], FOUND[2]];
    let mut all = Vec::new();
    for slot in FOUND {
        for golden in [FOUND[0], FOUND[6]] {
            for (forward, reverse) in
                PATCHES.into_iter().flat_map(|one| PATCHES.map(|other| (one, other)))
            {
                for (there, back) in few.into_iter().flat_map(|one| few.map(|other| (one, other))) {
                    let (forward, reverse) = ((forward, there), (reverse, back));
                    all.push(Told { slot, golden, forward, reverse, asked: 0 });
                }
            }
        }
    }
    all
}

fn good(found: Found, reached: u32) -> Option<ImageRecord> {
    match found {
        Found::Valid(image) if image.security_counter >= reached => Some(image),
        _ => None,
    }
}

#[test]
fn what_is_started_is_signed_and_no_downgrade_and_counted_until_it_is_confirmed() {
    let flash = FlashModel::<Stm32L4>::with_size(2 * 2048);
    for before in records() {
        journal(&flash).append(&before).unwrap();
        let (kept, reached) = (flash.snapshot(), before.security_counter());
        for device in devices() {
            for reset in [Reset::Watchdog, Reset::Other] {
                flash.restore(&kept);
                let mut log = journal(&flash);
                let mut told = device;
                let choice = select(&mut log, &Start { reset, trial_boots: 3 }, &mut told);
                let after = *log.latest().unwrap();
                let what = format!("{before:?} {device:?} {reset:?} {after:?} {choice:?}");
                assert!(told.asked < MAX_STEPS, "{what}");
                assert_eq!(after.security_counter(), reached, "only confirming raises it: {what}");
                assert_eq!(after.image(), before.image(), "only confirming changes it: {what}");
                match choice {
                    Some(Image::Golden) => assert_ne!(told.golden, Found::Invalid),
                    Some(Image::Slot) => {
                        let image = good(told.slot, reached).expect(&what);
                        let proved = image.digest == after.image().digest;
                        let counted =
                            matches!(after.state(), State::Trial { .. }) && after.target() == image;
                        let alone = told.golden == Found::Invalid;
                        assert!(proved || counted || alone, "{what}");
                    }
                    None => {
                        assert_eq!(told.golden, Found::Invalid, "{what}");
                        assert_eq!(good(told.slot, reached), None, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_target_that_never_confirms_itself_is_taken_back() {
    let start = Start { reset: Reset::Other, trial_boots: 3 };
    for (reverse, back) in [(true, Found::Valid(PROVED)), (false, Found::Valid(TARGET))] {
        let flash = FlashModel::<Stm32L4>::with_size(2 * 2048);
        let mut log = journal(&flash);
        log.append(&Record::factory(PROVED).request(reverse)).unwrap();
        let mut device = Told {
            slot: Found::Valid(PROVED),
            golden: Found::Invalid,
            forward: (Patch::Applied, Found::Valid(TARGET)),
            reverse: (Patch::Applied, Found::Valid(PROVED)),
            asked: 0,
        };
        for boots in 1..=3 {
            assert_eq!(select(&mut log, &start, &mut device), Some(Image::Slot));
            assert_eq!(log.latest().unwrap().state(), State::Trial { boots });
        }
        assert_eq!(select(&mut log, &start, &mut device), Some(Image::Slot));
        assert_eq!((device.slot, log.latest().unwrap().state()), (back, State::Idle));
        assert!(matches!(log.latest().unwrap().ended(), Ended::GivenUp(_)));
    }
}

#[test]
fn confirming_raises_the_counter_and_ends_the_way_back() {
    let pending = Record::factory(PROVED).request(true);
    let trial = pending.with(device_apply::boot::single::Change::Try(TARGET));
    assert_eq!(trial.security_counter(), REACHED, "a trial proves nothing");
    let confirmed = trial.confirm().unwrap();
    assert_eq!((confirmed.image(), confirmed.security_counter()), (TARGET, REACHED + 1));
    assert_eq!((confirmed.has_reverse(), confirmed.ended()), (false, Ended::Confirmed));
    assert_eq!(confirmed.fail(), Err(NotOnTrial { got: State::Idle }));
    assert_eq!(pending.confirm(), Err(NotOnTrial { got: State::Pending }));
}

#[test]
fn a_device_whose_metadata_cannot_be_written_starts_the_old_image_and_tries_nothing() {
    let flash = FlashModel::<Stm32L4>::with_size(2 * 2048);
    journal(&flash).append(&Record::factory(PROVED).request(true)).unwrap();
    flash.protect(0..flash.size());
    let mut device = Told {
        slot: Found::Valid(PROVED),
        golden: Found::Invalid,
        forward: (Patch::Refused { code: 65 }, Found::Invalid),
        reverse: (Patch::Unknown, Found::Invalid),
        asked: 0,
    };
    let start = Start { reset: Reset::Other, trial_boots: 3 };
    assert_eq!(select(&mut journal(&flash), &start, &mut device), Some(Image::Slot));
}
