//! What an update survives on the way: cuts, a connection that breaks, wrong and damaged patches; and what it must not touch.

use core::time::Duration;

use device_apply::boot::{self, Record, Slot, State};
use device_apply::resume::LOG_INTERVAL_BYTES;
use flash_model::{Cut, Tear};
use host_diff::info::Info;
use layout::{Area, PAGE_BYTES, SETTINGS, SLOT_A, SLOT_B, STAGING, single};
use link::{BLOCK_BYTES, Phase, Reply, Request, Settings, Update, Why};
use stories::board::cells;
use stories::image::{Signing, full, noise, patch, program, record, with_table};
use stories::single::Patches;
use stories::transfer_sweep::{self, SENT_AGAIN};
use stories::{Board, Delivery, LinkError, Outcome, Release};

/// Page of the flash cells where an area begins.
fn first_page(area: &Area) -> usize {
    (cells(area).start / PAGE_BYTES) as usize
}

/// How often each page of an area was erased.
fn wear(board: &Board, area: &Area) -> Vec<u32> {
    let pages = (area.len() / PAGE_BYTES) as usize;
    board.device.flash().wear()[first_page(area)..][..pages].to_vec()
}

fn running(base: &[u8]) -> Board {
    let mut board = Board::factory(base);
    board.power_on();
    board.wait_confirmed().unwrap();
    board
}

fn set(board: &mut Board, settings: Settings) {
    assert_eq!(board.insist(&Request::Set(settings)), Ok(Reply::Settings(settings)));
}

/// Bytes that are sent again at most after a cut or a broken connection: the header, what the log had not taken yet, and the
/// block that was under way.
fn sent_again(patch: &[u8]) -> u64 {
    (Info::read(patch).unwrap().header_len + LOG_INTERVAL_BYTES + BLOCK_BYTES) as u64
}

/// The second release with a table that nothing predicts: a delta to it is some kilobytes.
fn second_with_table(version: u32) -> Vec<u8> {
    extended("second", version, noise(version, 2000))
}

/// A release with more bytes behind it, and the counter of the first one.
fn extended(name: &str, version: u32, table: Vec<u8>) -> Vec<u8> {
    let signing = Signing { security_counter: 1, ..Signing::demo(version) };
    signing.image(&with_table(program(name), table), SLOT_A)
}

#[test]
fn a_download_that_power_cuts_goes_on_where_it_was() {
    let [first, second] = [Release::First.image(1), second_with_table(2)];
    let patch = patch(&first, &second);
    let begun = running(&first);
    let image_pages = second.len().div_ceil(2048);
    let log_pages = (patch.len().div_ceil(60) * 64).div_ceil(2048);
    for cuts in [vec![700, 3000], vec![6500]] {
        let mut board = begun.clone();
        for &after in &cuts {
            board.device.cut_after(after, Cut::Inside(Tear::Seeded(after)));
            assert_eq!(board.update(&patch), Err(LinkError::PowerLost));
            board.power_on();
            assert_eq!(board.wait_confirmed(), Ok((1, false)));
            // It has not forgotten, and has seen no header yet.
            let update = board.ask_where().unwrap();
            assert_eq!((update.phase, update.offset, update.attempts), (Phase::Download, 0, 1));
        }
        assert_eq!(board.update(&patch), Ok(Outcome::Installed));
        let again = board.patch_bytes() - patch.len() as u64;
        let most = cuts.len() as u64 * sent_again(&patch);
        assert!(again > 0 && again <= most, "{again} of {}", patch.len());

        // A cut costs the page that was unfinished once more, and the spare page; none of the log.
        let slot = wear(&board, &SLOT_B);
        let (target, behind) = slot.split_at(image_pages);
        assert!(target.iter().sum::<u32>() as usize <= image_pages + cuts.len(), "{slot:?}");
        assert!(target.iter().all(|&erases| erases >= 1), "{slot:?}");
        assert!(behind[0] as usize <= cuts.len(), "the spare page: {slot:?}");
        assert!(behind[1..].iter().sum::<u32>() as usize <= log_pages + 1, "{slot:?}");
    }
}

/// Sends a patch up to its end, and does not ask for the target yet.
fn send_only(board: &mut Board, patch: &[u8]) {
    let info = Info::read(patch).unwrap();
    let id = info.header.target_digest;
    let mut reply = board.insist(&Request::Offer { id, full: false });
    loop {
        let offset = match reply {
            Ok(Reply::Ready { offset }) => offset as usize,
            Ok(Reply::Update(Update { phase: Phase::Download, offset, .. })) => offset as usize,
            Ok(Reply::Update(Update { phase: Phase::SwapPending, .. })) => return,
            other => panic!("{other:?}"),
        };
        let data = &patch[offset..patch.len().min(offset + BLOCK_BYTES)];
        let offset = u32::try_from(offset).unwrap();
        reply = board.insist(&Request::Block { offset, data });
    }
}

/// A device with one slot that runs `base`.
fn running_in_one_slot(base: &[u8]) -> Board {
    let mut board = Board::single_factory(base);
    board.power_on();
    board.wait_confirmed().unwrap();
    board
}

const ALL: Delivery = Delivery { end: usize::MAX };

#[test]
fn a_transfer_to_one_slot_goes_on_where_it_was() {
    let [first, second] = transfer_sweep::images();
    let patches = Patches::demo(&first, &second, 2, true);
    let (patch, reverse) = (patches.forward.len(), patches.reverse.as_ref().unwrap().len());
    assert!(patch > 2 * PAGE_BYTES as usize && reverse > 2 * PAGE_BYTES as usize);
    let mut board = running_in_one_slot(&first);
    // In the patch, in that of the way back, and in there soon after.
    for after in [patch / 8 / 2, patch / 8 + 200, 100] {
        let tear = Cut::Inside(Tear::Seeded(after as u64));
        board.device.cut_after(after as u64, tear);
        assert_eq!(board.deliver_in_place(&patches, &ALL), Err(LinkError::PowerLost));
        board.power_on();
        assert_eq!(board.wait_confirmed(), Ok((1, false)));
        let update = board.ask_where().unwrap();
        assert_eq!((update.phase, update.offset, update.attempts), (Phase::Download, 0, 1));
    }
    // A host that is gone for longer than the device waits.
    let hang_up = Delivery { end: patch + reverse * 3 / 4 };
    assert_eq!(board.deliver_in_place(&patches, &hang_up), Ok(Outcome::HungUp));
    board.run_for(Duration::from_secs(15));
    assert_eq!(board.deliver_in_place(&patches, &ALL), Ok(Outcome::Installed));

    let again = board.patch_bytes() - (patch + reverse) as u64;
    assert!(again > 0 && again <= 4 * SENT_AGAIN as u64, "{again} of {}", patch + reverse);
    for (area, len) in [(single::PATCH, patch), (single::REVERSE, reverse)] {
        // The pages, the one behind them, and once more the two that an interruption has spoiled at most.
        let pages = len.div_ceil(PAGE_BYTES as usize) + 1;
        let worn = wear(&board, &area);
        assert!(worn[..pages].iter().all(|&erases| erases >= 1), "{worn:?}");
        assert_eq!(worn[pages..].iter().sum::<u32>(), 0, "{worn:?}");
        assert!(worn.iter().sum::<u32>() as usize <= pages + 1 + 4 * 2, "{worn:?}");
    }
    assert_eq!(board.wait_confirmed(), Ok((2, false)));
}

#[test]
fn what_came_of_one_update_is_no_part_of_another() {
    let [first, second] = transfer_sweep::images();
    let patches = Patches::demo(&first, &second, 2, true);
    let (patch, reverse) = (patches.forward.len(), patches.reverse.as_ref().unwrap().len());
    let mut interrupted = running_in_one_slot(&first);
    let hang_up = Delivery { end: patch + reverse * 3 / 4 };
    assert_eq!(interrupted.deliver_in_place(&patches, &hang_up), Ok(Outcome::HungUp));
    interrupted.device.power_off();

    let deliver = |other: &Patches| {
        let mut board = interrupted.clone();
        let before = board.patch_bytes();
        board.power_on();
        assert_eq!(board.wait_confirmed(), Ok((1, false)));
        assert_eq!(board.deliver_in_place(other, &ALL), Ok(Outcome::Installed));
        let asked = boot::single::Record::factory(record(&first));
        assert_eq!(board.single_record(), Some(asked.request(other.reverse.is_some())));
        board.patch_bytes() - before
    };
    assert!(deliver(&patches) < reverse as u64);
    // To the same target without a way back: none is staged, though a part of one waits.
    let one_way = Patches { reverse: None, ..patches.clone() };
    assert_eq!(deliver(&one_way), patch as u64);
    // To another target.
    let third = Patches::demo(&first, &Release::Second.single_image(2), 2, false);
    assert_eq!(deliver(&third), third.forward.len() as u64);
}

#[test]
fn parts_that_do_not_belong_together_are_forgotten() {
    let [first, second] = transfer_sweep::images();
    let patches = Patches::demo(&first, &second, 2, false);
    let mut board = running_in_one_slot(&first);
    let end = patches.forward.len() * 3 / 4;
    assert_eq!(board.deliver_in_place(&patches, &Delivery { end }), Ok(Outcome::HungUp));
    board.device.power_off();
    // In a page that was finished.
    let at = single::PATCH.start() + 1024;
    board.device.load(emulator::stm32l4::Bank::One, at, &[0x5A; 8]).unwrap();
    board.power_on();
    assert_eq!(board.wait_confirmed(), Ok((1, false)));
    let refused = board.deliver_in_place(&patches, &ALL);
    assert_eq!(refused, Ok(Outcome::Refused { code: 0xFF04 }));
    let before = board.patch_bytes();
    assert_eq!(board.deliver_in_place(&patches, &ALL), Ok(Outcome::Installed));
    assert_eq!(board.patch_bytes() - before, patches.forward.len() as u64);
}

#[test]
fn power_may_fail_between_the_request_and_the_confirmation() {
    let [first, second] = [Release::First.image(1), Release::Second.image(2)];
    let patch = patch(&first, &second);
    let mut ready = running(&first);
    send_only(&mut ready, &patch);
    // Nobody has asked for it yet, and nobody does by switching it off and on.
    ready.device.power_off();
    ready.power_on();
    assert_eq!(ready.wait_confirmed(), Ok((1, false)));
    assert_eq!(ready.ask_where().unwrap().phase, Phase::SwapPending);

    let install = |board: &mut Board| {
        let asked = board.insist(&Request::Install);
        asked.and_then(|_| board.wait_confirmed())
    };
    let mut whole = ready.clone();
    assert_eq!(install(&mut whole), Ok((2, true)));
    let stats = whole.device.flash().stats().since(&ready.device.flash().stats());
    // Records of three kinds: the machine's, the application's and the bootloader's boot metadata.
    assert!((60..90).contains(&stats.operations()), "{stats:?}");
    for point in (2..stats.operations()).step_by(9) {
        let mut board = ready.clone();
        board.device.cut_after(point, Cut::Inside(Tear::Seeded(point)));
        assert_eq!(install(&mut board), Err(LinkError::PowerLost), "at {point}");
        board.power_on();
        if board.wait_confirmed() == Ok((1, false)) {
            // What was asked for was not written down.
            assert_eq!(board.update(&patch), Ok(Outcome::Installed), "at {point}");
        }
        assert_eq!(board.wait_confirmed(), Ok((2, true)), "at {point}");
        let update = board.ask_where().unwrap();
        assert_eq!((update.phase, update.result), (Phase::Idle, 1), "at {point}");
        assert_eq!(board.patch_bytes(), 0, "at {point}");
    }
}

#[test]
fn a_connection_that_breaks_costs_next_to_nothing() {
    let [first, second] = [Release::First.image(1), second_with_table(2)];
    let patch = patch(&first, &second);
    let mut board = running(&first);
    let hang_up = |board: &mut Board, part: usize| {
        let delivery = Delivery { end: patch.len() * part / 4 };
        assert_eq!(board.deliver(&patch, &delivery), Ok(Outcome::HungUp));
    };
    // Not long enough for the device to notice.
    hang_up(&mut board, 1);
    board.run_for(Duration::from_secs(9));
    hang_up(&mut board, 2);
    let update = board.ask_where().unwrap();
    assert_eq!((update.phase, update.attempts, update.result), (Phase::Download, 1, 0));
    assert_eq!(u64::from(update.offset), board.patch_bytes(), "nothing was sent twice");
    assert!(update.target_done > 0 && update.target_total as usize == second.len());
    // Long enough: the attempt is over, the next one begins after a second.
    board.run_for(Duration::from_millis(12_500));
    let update = board.ask_where().unwrap();
    assert_eq!((update.phase, update.result, update.attempts), (Phase::Waiting, 4, 1));
    // With a line that loses frames too.
    board.lose_one_of(Some(9));
    hang_up(&mut board, 3);
    board.lose_one_of(None);
    assert_eq!(board.ask_where().unwrap().attempts, 2);
    assert_eq!(board.update(&patch), Ok(Outcome::Installed));
    let again = board.patch_bytes() - patch.len() as u64;
    assert!(again > 0 && again <= sent_again(&patch), "{again} of {}", patch.len());
    let slot = wear(&board, &SLOT_B);
    assert!(slot.iter().filter(|&&erases| erases > 1).count() <= 1, "{slot:?}");
}

#[test]
fn a_delta_for_another_base_leads_to_the_full_image() {
    let [first, second, third] =
        [Release::First.image(1), Release::Second.image(2), Release::First.image(3)];
    let (delta, full) = (patch(&second, &third), full(&third));
    let mut board = running(&first);
    assert_eq!(board.update(&delta), Ok(Outcome::Refused { code: 65 }));
    let update = board.ask_where().unwrap();
    assert_eq!((update.phase, update.full, update.result), (Phase::Download, true, 6));
    assert_eq!(wear(&board, &SLOT_B).iter().sum::<u32>(), 0, "nothing was erased for it");
    // The same again, by a server that has both; the device remembers that it wants no delta.
    assert_eq!(board.serve(&delta, &full), Ok(Outcome::Installed));
    assert_eq!(board.wait_confirmed(), Ok((3, true)));
    let update = board.ask_where().unwrap();
    assert_eq!((update.phase, update.result, update.attempts), (Phase::Idle, 1, 2));
    // And it wants it no more.
    assert_eq!(board.update(&full), Ok(Outcome::Declined(Why::Runs)));
}

#[test]
fn an_update_that_has_spent_its_attempts_is_refused() {
    let [first, second, third] =
        [Release::First.image(1), Release::Second.image(2), Release::Second.image(3)];
    let good = patch(&first, &second);
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    let mut board = running(&first);
    set(&mut board, Settings { attempts: 2, ..Settings::default() });
    board.device.power_off();
    board.power_on();
    board.wait_confirmed().unwrap();

    let Ok(Outcome::Refused { code }) = board.update(&damaged) else { panic!("refused") };
    let update = board.ask_where().unwrap();
    let expected = Update {
        phase: Phase::Waiting,
        attempts: 1,
        result: 5,
        code,
        id: update.id,
        wait_s: 1,
        ..Update::default()
    };
    assert_eq!(update, expected);
    assert_eq!(board.update(&damaged), Ok(Outcome::Refused { code }));
    let update = board.ask_where().unwrap();
    assert_eq!((update.phase, update.attempts, update.result), (Phase::Idle, 2, 5));
    // Not even the right one now, and not after a restart: flash wears.
    assert_eq!(board.update(&good), Ok(Outcome::Declined(Why::Spent)));
    board.device.power_off();
    board.power_on();
    assert_eq!(board.wait_confirmed(), Ok((1, false)));
    assert_eq!(board.update(&good), Ok(Outcome::Declined(Why::Spent)));
    assert_eq!(board.state(Slot::B), State::Empty);
    assert_eq!(board.update(&patch(&first, &third)), Ok(Outcome::Installed));
    assert_eq!(board.wait_confirmed(), Ok((3, true)));
}

#[test]
fn what_is_damaged_in_the_log_is_sent_again_and_nothing_before_it() {
    let [first, second] = [Release::First.image(1), second_with_table(2)];
    let patch = patch(&first, &second);
    let mut board = running(&first);
    let end = patch.len() * 3 / 4;
    assert_eq!(board.deliver(&patch, &Delivery { end }), Ok(Outcome::HungUp));
    board.device.power_off();
    // The log begins behind the target and a spare page. Its frame 20, and so what comes behind, is lost.
    let log = (second.len().div_ceil(2048) + 1) * 2048;
    let frame = SLOT_B.start() + u32::try_from(log + 20 * 64).unwrap();
    board.device.load(emulator::stm32l4::Bank::Two, frame, &[0x5A; 8]).unwrap();
    board.power_on();
    board.wait_confirmed().unwrap();
    let header = Info::read(&patch).unwrap().header_len;
    let before = board.patch_bytes();
    assert_eq!(board.deliver(&patch, &Delivery { end: header + 1 }), Ok(Outcome::HungUp));
    assert_eq!(board.patch_bytes() - before, header as u64);
    assert!(end > header + 21 * LOG_INTERVAL_BYTES, "{} bytes", patch.len());
    assert_eq!(board.ask_where().unwrap().offset as usize, header + 20 * LOG_INTERVAL_BYTES);
    assert_eq!(board.update(&patch), Ok(Outcome::Installed));
    assert_eq!(board.wait_confirmed(), Ok((2, true)));
}

#[test]
fn settings_stay_over_an_update_and_over_the_way_back() {
    let [first, unhealthy, second] =
        [Release::First.image(1), Release::Unhealthy.image(2), Release::Second.image(3)];
    let settings =
        Settings { name: *b"pump 7, cellar\0\0", health_window_s: 3, ..Settings::default() };
    let mut board = running(&first);
    set(&mut board, settings);
    let page = wear(&board, &SETTINGS);

    assert_eq!(board.update(&patch(&first, &unhealthy)), Ok(Outcome::Installed));
    assert_eq!(board.wait_confirmed(), Ok((1, false)));
    let update = board.ask_where().unwrap();
    // Reverted, because it said so itself.
    assert_eq!((update.phase, update.result, update.code), (Phase::Idle, 8, 5));
    assert_eq!(board.insist(&Request::Settings), Ok(Reply::Settings(settings)));

    assert_eq!(board.update(&patch(&first, &second)), Ok(Outcome::Installed));
    // The image on trial works for as long as the settings say, and only then confirms itself.
    let trial = loop {
        board.run_for(Duration::from_millis(50));
        if let Ok(Reply::Status { version: 3, confirmed, .. }) = board.ask(&Request::Status) {
            assert!(!confirmed);
            break board.device.time();
        }
    };
    assert_eq!(board.update(&[0x80; 64]), Ok(Outcome::NotConfirmed));
    assert_eq!(board.wait_confirmed(), Ok((3, true)));
    let window = board.device.time() - trial;
    let expected = Duration::from_millis(2800)..Duration::from_millis(3300);
    assert!(expected.contains(&window), "{window:?}");
    assert_eq!(board.insist(&Request::Settings), Ok(Reply::Settings(settings)));
    assert_eq!(wear(&board, &SETTINGS), page);
    assert_eq!(board.ask_where().unwrap().result, 1);
}

#[test]
fn an_image_that_fills_its_slot_has_its_log_in_the_staging_area() {
    // Tables of a kind, not quite alike: little to send, much to write.
    let filled = |name, version: u32| {
        let bare = u32::try_from(extended(name, version, Vec::new()).len()).unwrap();
        let table =
            (0..SLOT_A.len() - bare - 100).map(|at| (at / 97 + at % 13 * version).to_le_bytes()[0]);
        extended(name, version, table.collect())
    };
    let images = [filled("first", 1), filled("second", 2)];
    assert!(images.iter().all(|image| image.len() > SLOT_A.len() as usize - 2048));
    // It runs from slot B, in whose bank the staging area is: programs and log share a bank that is busy at times.
    let mut board = Board::blank();
    board.put(&SLOT_B, &images[0]);
    board.write_record(&Record::factory(Slot::B, record(&images[0])));
    board.power_on();
    assert_eq!(board.wait_confirmed(), Ok((1, true)));

    let patch = patch(&images[0], &images[1]);
    board.device.cut_after(20_000, Cut::Inside(Tear::Seeded(3)));
    assert_eq!(board.update(&patch), Err(LinkError::PowerLost));
    board.power_on();
    assert_eq!(board.wait_confirmed(), Ok((1, true)));
    assert_eq!(board.update(&patch), Ok(Outcome::Installed));
    let again = board.patch_bytes() - patch.len() as u64;
    assert!(again <= sent_again(&patch), "{again} of {}", patch.len());
    let pages = wear(&board, &STAGING);
    assert!(pages.iter().sum::<u32>() > 0 && pages.iter().all(|&erases| erases <= 1), "{pages:?}");
    assert_eq!(board.wait_confirmed(), Ok((2, false)));
}
