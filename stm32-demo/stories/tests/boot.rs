//! The bootloader: what it starts, what it refuses, what it goes back to. Images are in their slots already.

use core::time::Duration;

use device_apply::boot::{Reason, Slot, State};
use flash_model::{Cut, Tear};
use layout::{SLOT_A, SLOT_B};
use stories::image::{self, Signing};
use stories::{Board, LinkError, Release};

/// Longer than a start with every image verified.
const STARTS: Duration = Duration::from_secs(3);

fn first() -> Vec<u8> {
    Release::First.image(1)
}

/// A device that runs the first release, with another image staged.
fn staged(image: &[u8]) -> Board {
    let mut board = Board::factory(&first());
    board.stage(image);
    board.power_on();
    board
}

#[test]
fn a_confirmed_image_starts_and_nothing_is_written() {
    let mut board = Board::factory(&first());
    let before = board.device.flash().stats();
    board.power_on();
    assert_eq!(board.wait_confirmed(), Ok((1, false)));
    assert_eq!(board.device.flash().stats().since(&before).operations(), 0);
}

#[test]
fn a_staged_image_is_tried_and_confirms_itself() {
    let mut board = staged(&Release::Second.image(2));
    assert_eq!(board.wait_confirmed(), Ok((2, true)));
    assert!(board.device.is_swapped());
    assert_eq!(board.state(Slot::B), State::Confirmed);
    let record = board.record().unwrap();
    assert_eq!((record.active(), record.security_counter()), (Slot::B, 2));
    // And again after power was gone.
    board.device.power_off();
    board.power_on();
    assert_eq!(board.wait_confirmed(), Ok((2, true)));
}

#[test]
fn releases_that_do_not_work_are_taken_back() {
    for (release, reason) in [
        (Release::Crashes, Reason::Unconfirmed),
        (Release::Hangs, Reason::Watchdog),
        (Release::Unhealthy, Reason::Failed),
    ] {
        let mut board = staged(&release.image(2));
        board.run_for(Duration::from_secs(7));
        assert_eq!(board.wait_confirmed(), Ok((1, false)), "{release:?}");
        assert_eq!(board.state(Slot::B), State::Rejected(reason), "{release:?}");
        assert_eq!(board.record().unwrap().security_counter(), 1);
    }
}

#[test]
fn a_release_that_never_confirms_is_started_three_times() {
    let mut board = staged(&Release::Silent.image(2));
    for boots in 1..=3 {
        board.run_for(STARTS);
        assert_eq!(board.state(Slot::B), State::Trial { boots });
        board.device.power_off();
        board.power_on();
    }
    assert_eq!(board.wait_confirmed(), Ok((1, false)));
    assert_eq!(board.state(Slot::B), State::Rejected(Reason::Unconfirmed));
}

#[test]
fn who_is_not_trusted_is_not_started() {
    let program = image::program("second");
    let other_key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let foreign = Signing { hardware_id: *b"patcher-demo-2\0\0", ..Signing::demo(2) };
    let old = Signing { security_counter: 0, ..Signing::demo(2) };
    let mut changed = Signing::demo(2).image(&program);
    changed[0x2000] ^= 1;
    let cases = [
        (
            "another key",
            Signing { key: other_key, ..Signing::demo(2) }.image(&program),
            Reason::Invalid,
        ),
        ("another device", foreign.image(&program), Reason::Invalid),
        ("a changed byte", changed, Reason::Invalid),
        ("a lower counter", old.image(&program), Reason::Downgrade),
    ];
    for (case, image, reason) in cases {
        let mut board = staged(&image);
        assert_eq!(board.wait_confirmed(), Ok((1, false)), "{case}");
        assert_eq!(board.state(Slot::B), State::Rejected(reason), "{case}");
    }
}

#[test]
fn a_torn_word_in_an_image_or_in_the_log_never_hangs_the_device() {
    let second = Release::Second.image(2);
    let (image, log) = (stories::board::cells(&SLOT_B), stories::board::cells(&layout::BOOT_LOG));
    let end = u32::try_from(second.len() / 8 * 8 - 8).unwrap();
    for (what, address, expected) in [
        ("the header", image.start, 1),
        ("the vectors", image.start + 0x400, 1),
        ("the code", image.start + 0x1000, 1),
        ("the signature", image.start + end, 1),
        ("the log, behind its records", log.start + 0x400, 2),
    ] {
        let mut board = Board::factory(&first());
        board.stage(&second);
        let flash = board.device.flash();
        let page = flash.page_at(address);
        // Everything again, but for the word that is torn.
        let mut bytes = flash.dump(page.start..page.start + page.bytes).unwrap();
        let at = (address - page.start) as usize;
        flash.erase(page.start..page.start + page.bytes).unwrap();
        let word: [u8; 8] = bytes[at..at + 8].try_into().unwrap();
        for (offset, unit) in (page.start..).step_by(8).zip(bytes.chunks_mut(8)) {
            if offset != address && unit.iter().any(|&byte| byte != 0xFF) {
                flash.program(offset, unit).unwrap();
            }
        }
        flash.cut_after(0, Cut::Inside(Tear::Mixed(5)));
        let word = if word == [0xFF; 8] { [0; 8] } else { word };
        assert!(flash.program(address, &word).is_err());
        board.power_on();
        assert_eq!(board.wait_confirmed().map(|(version, _)| version), Ok(expected), "{what}");
    }
}

#[test]
fn the_golden_image_is_the_last_resort() {
    let mut board = Board::factory(&first());
    board.put_golden(&Release::Second.image(1));
    // Slot A loses a byte, slot B is empty.
    board.device.flash().erase(0x8000..0x8800).unwrap();
    board.power_on();
    board.run_for(STARTS + STARTS);
    let status = board.insist(&link::Request::Status).unwrap();
    let link::Reply::Status { version: 1, in_b: false, .. } = status else { panic!("{status:?}") };
    let golden = Release::Second.image(1);
    let start = stories::board::cells(&SLOT_A).start;
    let len = u32::try_from(golden.len()).unwrap();
    assert_eq!(board.device.flash().dump(start..start + len).unwrap(), golden);
    // The next start finds it there and copies nothing.
    let before = board.device.flash().stats();
    board.device.power_off();
    board.power_on();
    board.run_for(STARTS);
    assert!(board.insist(&link::Request::Status).is_ok());
    assert_eq!(board.device.flash().stats().since(&before).erases, 0);
}

#[test]
fn with_nothing_to_start_it_stands_still_and_writes_nothing() {
    let mut board = Board::blank();
    board.power_on();
    assert_eq!(board.insist(&link::Request::Status), Err(LinkError::Asleep));
    assert_eq!(board.device.flash().stats().operations(), 0);
    assert_eq!(board.device.resets(), 1);
}
