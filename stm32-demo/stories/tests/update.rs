//! Updates over the serial port: patch made on the host, streamed into the other slot, swapped, tried, confirmed.

use core::time::Duration;

use device_apply::boot::{Reason, Slot, State};
use flash_model::{Cut, Tear};
use layout::{SETTINGS, SLOT_A};
use stories::image::patch;
use stories::{Board, LinkError, Outcome, Release};

/// A device that runs `base`, and has confirmed it.
fn running(base: &[u8]) -> Board {
    let mut board = Board::factory(base);
    board.power_on();
    board.wait_confirmed().unwrap();
    board
}

#[test]
fn updates_go_from_slot_to_slot_and_each_erases_only_the_other() {
    let images = [Release::First.image(1), Release::Second.image(2), Release::First.image(3)];
    let mut board = running(&images[0]);
    board.put(&SETTINGS, b"settings that stay");
    for (number, in_b) in [(1, true), (2, false)] {
        let patch = patch(&images[number - 1], &images[number]);
        assert!(patch.len() < images[number].len() / 3, "{} bytes", patch.len());
        let before = board.device.flash().wear();
        assert_eq!(board.update(&patch), Ok(Outcome::Installed));
        assert_eq!(board.wait_confirmed(), Ok((number as u64 + 1, in_b)));

        let pages = |slot: &layout::Area| {
            let cells = stories::board::cells(slot);
            (cells.start / 0x800) as usize..(cells.end / 0x800) as usize
        };
        let wear = board.device.flash().wear();
        let worn = |slot| pages(slot).filter(|&page| wear[page] > before[page]).count();
        let (running, other) =
            if in_b { (SLOT_A, layout::SLOT_B) } else { (layout::SLOT_B, SLOT_A) };
        assert_eq!(worn(&running), 0, "the slot that ran during update {number}");
        // The target, and the log of the patch behind it.
        let log = (patch.len().div_ceil(60) * 64).div_ceil(0x800);
        assert_eq!(worn(&other), images[number].len().div_ceil(0x800) + log);
        let boot = layout::BOOTLOADERS.iter().map(worn).sum::<usize>();
        assert_eq!(boot + worn(&layout::GOLDEN) + worn(&SETTINGS), 0);
    }
    let settings = stories::board::cells(&SETTINGS).start;
    assert_eq!(board.device.flash().dump(settings..settings + 18).unwrap(), b"settings that stay");
    assert_eq!(board.device.flash().stats().refusals, 0);
}

#[test]
fn a_release_that_hangs_is_taken_back_and_the_next_one_gets_through() {
    let [first, hangs, second] =
        [Release::First.image(1), Release::Hangs.image(2), Release::Second.image(3)];
    let mut board = running(&first);
    assert_eq!(board.update(&patch(&first, &hangs)), Ok(Outcome::Installed));
    let start = board.device.time();
    assert_eq!(board.wait_confirmed(), Ok((1, false)));
    assert!(board.device.time() - start > Duration::from_secs(4), "the watchdog's time");
    assert_eq!(board.state(Slot::B), State::Rejected(Reason::Watchdog));
    assert_eq!(board.update(&patch(&first, &second)), Ok(Outcome::Installed));
    assert_eq!(board.wait_confirmed(), Ok((3, true)));
}

/// A device that has begun nothing, the patch, and how many operations of the flash its update has, up to the confirmation.
fn cuttable() -> (Board, Vec<u8>, u64) {
    let [first, second] = [Release::First.image(1), Release::Second.image(2)];
    let patch = patch(&first, &second);
    let begun = running(&first);
    let mut whole = begun.clone();
    whole.update(&patch).unwrap();
    whole.wait_confirmed().unwrap();
    let stats = whole.device.flash().stats().since(&begun.device.flash().stats());
    assert!(stats.operations() > 5000, "{stats:?}");
    println!("{stats:?}");
    (begun, patch, stats.operations())
}

/// Power fails at one operation of an update. The device starts with either image, and takes the update if it has not got it.
fn cut_at(begun: &Board, patch: &[u8], point: u64, cut: Cut) {
    let mut board = begun.clone();
    board.device.cut_after(point, cut);
    let outcome = board.update(patch).and_then(|_| board.wait_confirmed().map(|_| ()));
    assert_eq!(outcome, Err(LinkError::PowerLost), "at {point}");
    board.power_on();
    let (version, in_b) = board.wait_confirmed().unwrap();
    assert_eq!(version == 2, in_b, "at {point}");
    if version == 1 {
        assert_eq!(board.update(patch), Ok(Outcome::Installed), "at {point}");
        assert_eq!(board.wait_confirmed(), Ok((2, true)), "at {point}");
    }
}

#[test]
fn power_may_fail_in_an_update() {
    let (begun, patch, operations) = cuttable();
    // Boot metadata, the first erase, the request, the trial, the confirmation.
    for point in [3, 15, operations - 40, operations - 20, operations - 5] {
        cut_at(&begun, &patch, point, Cut::Inside(Tear::Seeded(point)));
    }
}

/// Every operation, torn and behind it: `cargo test --release -p stories --test update -- --ignored`, for hours;
/// `STORIES_EVERY=N` takes one of N.
#[test]
#[ignore = "thousands of updates: hours; `power_may_fail_in_an_update` is the sample that always runs"]
fn power_may_fail_at_every_operation_of_an_update() {
    let (begun, patch, operations) = cuttable();
    let every = std::env::var("STORIES_EVERY").map_or(1, |every| every.parse().unwrap());
    let mut cuts = 0;
    for point in (0..operations).step_by(every) {
        for cut in [Cut::Inside(Tear::Seeded(point)), Cut::After] {
            cut_at(&begun, &patch, point, cut);
            cuts += 1;
        }
    }
    println!("{cuts} cuts over {operations} operations, none bricked the device");
}

#[test]
fn what_is_no_patch_for_this_device_is_refused_and_it_goes_on() {
    let [first, second] = [Release::First.image(1), Release::Second.image(2)];
    let good = patch(&first, &second);
    let mut board = running(&first);
    // Of another base: nothing is erased but what was vacated.
    let wrong = patch(&second, &Release::First.image(3));
    let refused = board.update(&wrong);
    assert!(matches!(refused, Ok(Outcome::Refused { code }) if code < 0xFF00), "{refused:?}");
    // Damaged on the way.
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    let refused = board.update(&damaged);
    assert!(matches!(refused, Ok(Outcome::Refused { code }) if code < 0xFF00), "{refused:?}");
    assert_eq!(board.state(Slot::B), State::Empty);
    // It still runs what it ran, also after a start, and takes the right one.
    board.device.power_off();
    board.power_on();
    assert_eq!(board.wait_confirmed(), Ok((1, false)));
    assert_eq!(board.update(&good), Ok(Outcome::Installed));
    assert_eq!(board.wait_confirmed(), Ok((2, true)));
}

#[test]
fn an_image_on_trial_takes_no_update() {
    let first = Release::First.image(1);
    let mut board = Board::factory(&first);
    board.stage(&Release::Silent.image(2));
    board.power_on();
    assert_eq!(board.update(&[0x80; 64]), Ok(Outcome::NotConfirmed));
    assert_eq!(board.state(Slot::A), State::Confirmed);
}
