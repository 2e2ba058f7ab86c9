//! Updates over the serial port: which pages they touch, and power that fails in them. What else they may meet: `scenarios/`.

use device_apply::boot::single::Way;
use emulator::stm32l4::{Device, Event, Memo};
use flash_model::{Cut, Tear};
use layout::{PAGE_BYTES, SETTINGS, SLOT_A, SLOT_B};
use stories::image::patch;
use stories::single::Patches;
use stories::single_sweep::InPlace;
use stories::sweep::{Extent, Update};
use stories::transfer_sweep::Transfer;
use stories::{Board, Outcome, Release};

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
        let (running, other) = if in_b { (SLOT_A, SLOT_B) } else { (SLOT_B, SLOT_A) };
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

/// What the sweep's shortcut rests on: a start is the same to the picosecond, whatever is in pages that it does not rely on.
#[test]
fn a_start_follows_from_the_pages_that_it_relies_on() {
    let start = |board: &Board| {
        let mut board = Board::with_flash(&board.device.flash().snapshot());
        board.device.watch_flash();
        board.power_on();
        assert_eq!(board.wait_confirmed(), Ok((1, false)));
        (board.device.pages_relied_on(), board.device.time(), board.device.counters())
    };
    let mut board = Board::factory(&Release::First.image(1));
    let (pages, time, counters) = start(&board);
    let other = (stories::board::cells(&SLOT_B).start / layout::PAGE_BYTES) as usize;
    assert!(!pages.is_empty() && pages.iter().all(|&page| (page as usize) < other), "{pages:?}");
    board.put(&SLOT_B, &[0x5A; 10_000]);
    assert_eq!(start(&board), (pages, time, counters));
}

/// What the sweeps with one slot rest on: a device that gets from a memo what another one's start led to is that other one, in its registers,
/// RAM, flash, time and counters.
#[test]
fn a_start_from_a_memo_is_the_start_itself() {
    let [first, second] = [Release::First.single_image(1), Release::Second.single_image(2)];
    let patches = Patches::demo(&first, &second, 2, false);
    let mut cut = Board::single_factory(&first);
    cut.stage_patches(&patches);
    cut.device.cut_after(700, Cut::Inside(Tear::Mixed(1)));
    cut.power_on();
    while cut.step() != Event::PowerLost {}
    let flash = cut.device.flash().snapshot();
    let start = || {
        let mut board = Board::single_with_flash(&flash);
        board.power_on();
        board.device
    };
    let level = layout::RAM.start + layout::RAM.len - 14_240;
    let memo = Memo::new(&start(), stories::board::cells(&layout::single::BOOTLOADER), level);
    let stretches = |count: usize| {
        let mut device = start();
        (0..count).for_each(|_| assert_eq!(device.run_with(&memo, 20_000_000), Ok(Event::Budget)));
        device
    };
    let runs = stretches(40);
    let (known, from_memo) = (memo.repeated(), stretches(40));
    assert!(memo.repeated() - known >= 30, "{} of 40", memo.repeated() - known);
    let mut plain = start();
    while let left @ 1.. = runs.counters().instructions - plain.counters().instructions {
        assert_eq!(plain.run(left), Ok(Event::Budget));
    }
    let operations = plain.flash().stats().operations() - flash.fork().stats().operations();
    assert!(operations > 200, "{operations}");
    for device in [&runs, &from_memo] {
        assert_eq!(device.counters(), plain.counters());
        assert_eq!(device.time(), plain.time());
        assert_eq!(device.peak_stack_bytes(), plain.peak_stack_bytes());
        assert_eq!(device.machine().cpu(), plain.machine().cpu());
        let ram =
            |device: &Device| device.machine().bus().ram(0x2000_0000, 0x5_0000).map(<[u8]>::to_vec);
        assert!(ram(device) == ram(&plain));
        let all = 0..plain.flash().size();
        assert!(device.flash().same_in(&plain.flash().snapshot(), all));
        assert_eq!(device.flash().wear(), plain.flash().wear());
        assert_eq!(device.flash().stats(), plain.flash().stats());
    }
}

/// A sample of what the program `power-cuts` does with every operation.
#[test]
fn power_may_fail_in_an_update() {
    let update = Update::record();
    assert!(update.operations() > 5000, "{}", update.operations());
    let report = update.sweep(Extent { every: 160, finish: 60 }, |_| ());
    println!("{report}");
    assert!(report.bricks.is_empty(), "{report}");
    assert!(report.cuts.values().sum::<usize>() > 100 && report.finished > 2, "{report}");
}

/// A sample of what `power-cuts transfer` does with every operation.
#[test]
fn power_may_fail_while_patches_come_in() {
    let transfer = Transfer::record();
    assert!(transfer.len_bytes() > 4 * PAGE_BYTES as usize, "{}", transfer.len_bytes());
    let report = transfer.sweep(Extent { every: 2300, finish: 1 }, |_| ());
    println!("{report}");
    assert!(report.bricks.is_empty(), "{report}");
    let cuts = report.cuts.values().sum::<usize>();
    assert!(cuts >= 7 && report.finished == cuts && report.cut_twice > 0, "{report}");
}

/// A sample of what `power-cuts one-slot` and `power-cuts way-back` do with every operation.
#[test]
fn power_may_fail_while_a_patch_overwrites_its_base_and_on_the_way_back() {
    for (way, every, least) in [(Way::Forward, 1200, 18), (Way::Reverse, 3000, 6)] {
        let update = InPlace::record(way);
        assert!(update.operations() > 5000, "{}", update.operations());
        let report = update.sweep(Extent { every, finish: 8 }, |_| ());
        println!("{way:?}: {report}");
        assert!(report.bricks.is_empty(), "{report}");
        assert!(report.cuts.values().sum::<usize>() >= least && report.cut_twice > 0, "{report}");
    }
}
