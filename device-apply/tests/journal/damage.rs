//! Hostile bytes, worn and protected flash, wear.

use device_apply::journal::{Journal, JournalError, Record};
use device_apply::{Class, boot, update};
use flash_model::{FlashError, FlashModel, Stm32L0, Stm32L4, UnitState};
use rig::random::Random;

use crate::support::{Number, latest, open, per_page, region};

#[test]
fn any_bytes_give_a_record_that_was_written_or_none_and_a_journal_that_works() {
    let good = region::<Stm32L4>(2);
    for number in 0..80 {
        open(&good).append(&Number(number)).unwrap();
    }
    let mut random = Random::new(5);
    for seed in 0..500 {
        let flash = good.snapshot().fork();
        // Bytes changed here and there, whole units of noise, and pages of it.
        for _ in 0..1 + seed % 60 {
            let unit = u32::try_from(random.below(512)).unwrap() * 8;
            let mut bytes = flash.dump(unit..unit + 8).unwrap();
            if seed % 3 == 0 {
                bytes = random.bytes(8);
            } else {
                bytes[random.below(8)] ^= 1 << random.below(8);
            }
            flash.load(unit, &bytes);
        }
        if seed % 10 == 0 {
            let noise = random.bytes(2048);
            flash.load(2048 * (seed / 10 % 2), &noise);
        }
        let found = latest(&flash);
        assert!(found.is_none_or(|number| number < 80), "seed {seed}: {found:?}");
        open(&flash).append(&Number(1_000)).unwrap();
        assert_eq!(latest(&flash), Some(1_000), "seed {seed}");
    }
}

#[test]
fn a_region_of_poison_is_an_empty_journal() {
    let flash = region::<Stm32L4>(2);
    // Programming over a torn erase: every unit faults.
    for page in [0, 2048] {
        flash.load(page, &[0xA5; 2048]);
        flash.cut_after(0, flash_model::Cut::Inside(flash_model::Tear::Mixed(4)));
        assert_eq!(flash.erase(page..page + 2048), Err(FlashError::PowerLost));
        flash.power_on();
    }
    let poisoned = (0..512).filter(|unit| flash.unit_state(unit * 8) == UnitState::Poisoned);
    assert!(poisoned.count() > 50);
    assert_eq!(latest(&flash), None);
    open(&flash).append(&Number(7)).unwrap();
    assert_eq!(latest(&flash), Some(7));
}

#[test]
fn pages_wear_evenly_and_a_record_is_programmed_once() {
    let flash = region::<Stm32L4>(3);
    let mut journal = open(&flash);
    let rounds = 20;
    for number in 0..rounds * 3 * per_page::<Stm32L4>() {
        journal.append(&Number(number)).unwrap();
    }
    assert_eq!(flash.wear(), [rounds; 3]);
    let stats = flash.stats();
    assert_eq!((stats.refusals, stats.max_programs_per_unit), (0, 1));
    assert_eq!(stats.programs, u64::from(rounds * 3 * per_page::<Stm32L4>() * 4));
}

#[test]
fn the_history_is_what_is_left_in_order() {
    let flash = region::<Stm32L0>(4);
    assert_eq!(per_page::<Stm32L0>(), 4);
    for number in 0..41 {
        open(&flash).append(&Number(number)).unwrap();
    }
    let mut shown = Vec::new();
    open(&flash).history(|sequence, number| shown.push((sequence, number.0)));
    // The page being filled has one record, the three others four.
    let expected: Vec<(u32, u32)> = (28..41).map(|number| (number + 1, number)).collect();
    assert_eq!(shown, expected);
}

#[test]
fn journals_do_not_read_each_other() {
    let flash = region::<Stm32L4>(2);
    let slot = || flash.slot(0..flash.size());
    Journal::open(slot()).unwrap().append(&boot::Record::default()).unwrap();
    assert_eq!(Journal::<_, update::State>::open(slot()).unwrap().latest(), None);
    let mut bytes = [0; boot::Record::BYTES];
    boot::Record::default().encode(&mut bytes);
    assert_eq!(
        Journal::<_, boot::Record>::open(slot()).unwrap().latest(),
        boot::Record::decode(&bytes).as_ref()
    );
}

#[test]
fn errors_say_what_is_wrong() {
    let small = region::<Stm32L4>(1);
    let error = Journal::<_, Number>::open(small.slot(0..2048)).unwrap_err();
    assert_eq!(error, JournalError::TooSmall { expected: 4096, got: 2048 });
    assert_eq!((error.code(), error.class()), (112, Class::Bug));

    let flash = region::<Stm32L4>(2);
    open(&flash).append(&Number(1)).unwrap();
    flash.protect(0..4096);
    let error = open(&flash).append(&Number(2)).unwrap_err();
    assert!(matches!(error, JournalError::Flash { error: FlashError::WriteProtected { .. }, .. }));
    assert_eq!((error.code(), error.class()), (113, Class::Flash));
    assert_eq!(latest(&flash), Some(1));
    flash.unprotect();
    open(&flash).append(&Number(2)).unwrap();
    assert_eq!(latest(&flash), Some(2));
}

#[test]
fn the_page_of_the_newest_record_is_never_erased_even_if_no_other_can_be() {
    let flash = region::<Stm32L4>(2);
    for number in 0..per_page::<Stm32L4>() {
        open(&flash).append(&Number(number)).unwrap();
    }
    flash.protect(2048..4096);
    for _ in 0..3 {
        assert!(open(&flash).append(&Number(1_000)).is_err());
        assert_eq!(latest(&flash), Some(per_page::<Stm32L4>() - 1));
    }
    assert_eq!(flash.wear(), [1, 0]);
}

#[test]
fn sequence_numbers_end_in_an_error_and_not_at_the_beginning() {
    let flash: FlashModel<Stm32L4> = region(2);
    // A record with the last number but one, as no journal ever gets to it.
    let frame = forged(u32::MAX - 2, &Number(5));
    flash.load(0, &frame);
    let mut journal = open(&flash);
    assert_eq!(journal.latest(), Some(&Number(5)));
    journal.append(&Number(6)).unwrap();
    let error = journal.append(&Number(7)).unwrap_err();
    assert_eq!((error, error.code()), (JournalError::Exhausted, 115));
    assert_eq!(latest(&flash), Some(6));
}

/// A record as docs/flash-layout.md §1 says, with a CRC bit by bit.
fn forged(sequence: u32, number: &Number) -> Vec<u8> {
    let mut frame = sequence.to_le_bytes().to_vec();
    frame.resize(4 + Number::BYTES, 0);
    number.encode(&mut frame[4..]);
    let mut sum = u32::MAX;
    for byte in [&[Number::KIND][..], &frame].concat() {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(sum & 1));
        }
    }
    frame.extend((!sum).to_le_bytes());
    frame
}
