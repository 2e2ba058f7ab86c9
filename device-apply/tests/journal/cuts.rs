//! Cuts at every operation, and at every operation of what follows.

use flash_model::{Cut, FlashModel, Nrf52, Part, Stm32H7, Stm32L0, Stm32L4, Stm32U5, Tear};

use crate::support::{Number, latest, open, per_page, region};

const TEARS: [Tear; 4] = [Tear::Blank, Tear::Mixed(1), Tear::Mixed(9), Tear::Finished];

/// Appends `count` numbers from `first` on; power may fail.
fn append<P: Part>(flash: &FlashModel<P>, first: u32, count: u32) {
    let mut journal = open(flash);
    for number in first..first + count {
        if journal.append(&Number(number)).is_err() {
            return;
        }
    }
}

/// Round the region and past its start again; each cut leaves the number before or the new one, and the journal usable.
fn sweep<P: Part>(pages: u32, start: u32, count: u32) {
    let flash = region::<P>(pages);
    append(&flash, 0, start);
    let (mut first, mut second) = (0, 0);
    for number in start..start + count {
        let before = flash.snapshot();
        append(&flash, number, 1);
        assert_eq!(latest(&flash), Some(number));
        let operations = flash.stats().since(&before.fork().stats()).operations();
        let cuts = [Cut::Before, Cut::After].into_iter().chain(TEARS.map(Cut::Inside));
        for (at, cut) in (0..operations).flat_map(|at| cuts.clone().map(move |cut| (at, cut))) {
            let cut_flash = before.fork();
            cut_flash.cut_after(at, cut);
            append(&cut_flash, number, 1);
            cut_flash.power_on();
            let what = format!("number {number}, {cut:?} of operation {at}");
            let found = latest(&cut_flash);
            assert!([number.checked_sub(1), Some(number)].contains(&found), "{what}: {found:?}");
            if cut == Cut::After && at + 1 == operations {
                assert_eq!(found, Some(number), "{what}");
            }
            first += 1;
            // What follows, cut once more, then not cut.
            let broken = cut_flash.snapshot();
            let next = number + 1_000_000;
            append(&cut_flash, next, 1);
            assert_eq!(latest(&cut_flash), Some(next), "{what}");
            let more = cut_flash.stats().since(&broken.fork().stats()).operations();
            for (again, tear) in (0..more).flat_map(|again| TEARS.map(|tear| (again, tear))) {
                let flash = broken.fork();
                flash.cut_after(again, Cut::Inside(tear));
                append(&flash, next, 1);
                flash.power_on();
                let left = latest(&flash);
                assert!(
                    [found, Some(next)].contains(&left),
                    "{what}, {tear:?} of {again}: {left:?}"
                );
                append(&flash, next + 1, 2);
                assert_eq!(latest(&flash), Some(next + 2), "{what}, {tear:?} of {again}");
                let programs = flash.stats().max_programs_per_unit;
                assert_eq!(programs, 1, "{what}, {tear:?} of {again}: written over");
                second += 1;
            }
        }
    }
    println!("{}: {first} cuts, {second} second cuts", P::GEOMETRY.name());
    assert!(first > 40 && second > 300, "{first} {second}");
}

#[test]
fn a_cut_leaves_the_record_before_or_the_new_one() {
    sweep::<Stm32L0>(2, 0, 20);
    sweep::<Stm32L4>(2, 2 * per_page::<Stm32L4>() - 3, 6);
    sweep::<Stm32U5>(3, 3 * per_page::<Stm32U5>() - 3, 6);
    sweep::<Stm32H7>(2, 2 * per_page::<Stm32H7>() - 2, 10);
    sweep::<Nrf52>(2, 2 * per_page::<Nrf52>() - 2, 4);
}

#[test]
fn a_first_record_that_is_cut_is_written_at_the_second_try() {
    sweep::<Stm32L4>(2, 0, 10);
    sweep::<Nrf52>(2, 0, 4);
}

#[test]
fn a_journal_that_was_cut_a_hundred_times_goes_on() {
    let flash = region::<Stm32L4>(2);
    append(&flash, 0, 1);
    let mut newest = 0;
    for number in 1..200 {
        let tear = TEARS[usize::try_from(number).unwrap() % TEARS.len()];
        flash.cut_after(u64::from(number) % 5, Cut::Inside(tear));
        append(&flash, number, 1);
        flash.power_on();
        let found = latest(&flash).unwrap();
        assert!(found == newest || found == number, "{number}: {found}");
        newest = found;
    }
    append(&flash, 1_000, 1);
    assert_eq!(latest(&flash), Some(1_000));
}
