//! Cuts: before, inside and after an operation; what torn units do; recovery.

use core::num::NonZeroU64;

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use flash_model::{
    Cut, FlashError, FlashModel, Nrf52, Part, Stm32G0, Stm32H7, Stm32L0, Stm32L4, Stm32U5, Tear,
    UnitState,
};

const LOST: Result<(), FlashError> = Err(FlashError::PowerLost);

/// One unit of `byte`s.
fn unit<P: Part>(byte: u8) -> Vec<u8> {
    vec![byte; usize::try_from(P::GEOMETRY.write_bytes()).unwrap()]
}

/// A device whose program of the unit at 0 was torn.
fn torn_program<P: Part>(tear: Tear) -> FlashModel<P> {
    let flash = FlashModel::<P>::new();
    flash.cut_after(0, Cut::Inside(tear));
    assert_eq!(flash.program(0, &unit::<P>(0x5A)), LOST);
    flash.power_on();
    flash
}

/// A device whose first page was full of 0x5A when its erase was torn.
fn torn_erase<P: Part>(tear: Tear) -> FlashModel<P> {
    let flash = FlashModel::<P>::new();
    let page = flash.page_at(0);
    flash.load(0, &vec![0x5A; usize::try_from(page.bytes).unwrap()]);
    flash.cut_after(0, Cut::Inside(tear));
    assert_eq!(flash.erase(0..page.bytes), LOST);
    flash.power_on();
    flash
}

/// The states of the units of the first page.
fn states<P: Part>(flash: &FlashModel<P>) -> Vec<UnitState> {
    let step = usize::try_from(P::GEOMETRY.write_bytes()).unwrap();
    (0..flash.page_at(0).bytes).step_by(step).map(|unit| flash.unit_state(unit)).collect()
}

#[test]
fn operations_before_the_cut_complete_and_later_ones_do_not_happen() {
    for cut in [Cut::Before, Cut::Inside(Tear::Mixed(1)), Cut::After] {
        let flash = FlashModel::<Stm32L4>::new();
        flash.cut_after(2, cut);
        let image: Vec<u8> = (1..=5).flat_map(|byte| [byte; 8]).collect();
        assert_eq!(flash.program(0, &image), LOST, "{cut:?}");
        assert!(!flash.is_powered());
        assert_eq!(flash.dump(0..16).unwrap(), image[..16], "{cut:?}: two units are complete");
        let third = flash.dump(16..24);
        match cut {
            Cut::Before => assert_eq!(third.unwrap(), [0xFF; 8]),
            Cut::Inside(_) => assert_eq!(third, Err(FlashError::Ecc { address: 16 })),
            Cut::After => assert_eq!(third.unwrap(), [3; 8]),
        }
        assert_eq!(flash.dump(24..40).unwrap(), [0xFF; 16], "{cut:?}: the rest is not touched");
        let began = if cut == Cut::Before { 2 } else { 3 };
        assert_eq!(flash.stats().programs, began, "{cut:?}");
    }
}

#[test]
fn a_cut_falls_into_erases_too() {
    let flash = FlashModel::<Stm32L4>::new();
    let mut slot = flash.slot(0..0x2000);
    slot.load(&[1; 0x2000]);
    flash.cut_after(1, Cut::After);
    assert_eq!(slot.erase(0, 0x2000), LOST);
    let image = slot.dump(0x2000).unwrap();
    assert_eq!(image[..0x1000], [0xFF; 0x1000]);
    assert_eq!(image[0x1000..], [1; 0x1000]);
    assert_eq!(flash.wear()[..4], [1, 1, 0, 0]);
}

#[test]
fn without_power_everything_fails_until_power_on() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.cut_after(0, Cut::Before);
    assert_eq!(flash.program(0, &[1; 8]), LOST);
    let mut slot = flash.slot(0..4096);
    assert_eq!(slot.read(0, &mut [0]), LOST);
    assert_eq!(slot.write(0, &[1; 8]), LOST);
    assert_eq!(slot.erase(0, 2048), LOST);
    assert_eq!(slot.read(0, &mut []), LOST, "even if empty");
    assert_eq!(slot.write(1, &[]), LOST, "even if unaligned");
    assert_eq!(slot.erase(0, 1 << 20), LOST, "even if out of bounds");
    assert_eq!(flash.stats(), flash_model::Stats::default(), "and leaves no trace");
    flash.power_on();
    slot.write(0, &[1; 8]).unwrap();
    assert_eq!(slot.dump(8).unwrap(), [1; 8]);
}

#[test]
fn a_cut_strikes_once() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.cut_after(0, Cut::Before);
    assert_eq!(flash.program(0, &[1; 8]), LOST);
    flash.power_on();
    flash.program(0, &[1; 800]).unwrap();
}

#[test]
fn power_on_disarms_a_cut_that_did_not_happen() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.cut_after(1, Cut::Before);
    flash.program(0, &[1; 8]).unwrap();
    flash.power_on();
    flash.program(8, &[1; 8]).unwrap();
}

#[test]
fn reads_and_refusals_do_not_count_for_a_cut() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(0, &[1; 8]).unwrap();
    flash.cut_after(1, Cut::Before);
    flash.read(0, &mut [0; 100]).unwrap();
    assert!(matches!(flash.program(0, &[1; 8]), Err(FlashError::NotErased { .. })));
    assert!(matches!(flash.program(4, &[1; 8]), Err(FlashError::Unaligned { .. })));
    flash.program(8, &[1; 8]).unwrap();
    assert_eq!(flash.program(16, &[1; 8]), LOST);
}

#[test]
fn a_mixed_unit_faults_on_read_where_there_is_ecc() {
    fn claim<P: Part>() {
        let flash = torn_program::<P>(Tear::Mixed(3));
        assert_eq!(flash.unit_state(0), UnitState::Poisoned);
        let width = P::GEOMETRY.write_bytes();
        let fault = Err(FlashError::Ecc { address: 0 });
        for offset in 0..width {
            assert_eq!(flash.read(offset, &mut [0]), fault, "byte {offset}");
        }
        assert_eq!(flash.read(width, &mut [0; 100]), Ok(()), "the next unit is fine");
        assert_eq!(flash.stats().ecc_faults, u64::from(width));
    }
    claim::<Stm32L4>();
    claim::<Stm32G0>();
    claim::<Stm32U5>();
    claim::<Stm32H7>();
}

#[test]
fn a_long_read_reports_the_first_poisoned_unit() {
    let flash = FlashModel::<Stm32L4>::new();
    for address in [2040, 4096] {
        flash.cut_after(0, Cut::Inside(Tear::Mixed(3)));
        assert_eq!(flash.program(address, &[0x5A; 8]), LOST);
        flash.power_on();
    }
    let fault = |address| Err(FlashError::Ecc { address });
    let mut page = [0; 5000];
    assert_eq!(flash.read(0, &mut page), fault(2040));
    assert_eq!(flash.read(2047, &mut page), fault(2040), "its last byte is enough");
    assert_eq!(flash.read(2048, &mut page), fault(4096));
    assert_eq!(flash.read(4104, &mut page), Ok(()));
    assert_eq!(flash.read(0, &mut page[..2040]), Ok(()));
}

#[test]
fn a_poisoned_unit_takes_nothing_but_zeroes() {
    let flash = torn_program::<Stm32L4>(Tear::Mixed(3));
    let refusal = FlashError::NotErased { address: 0, got: UnitState::Poisoned };
    assert_eq!(flash.program(0, &[0x5A; 8]), Err(refusal));
    assert_eq!(flash.unit_state(0), UnitState::Poisoned);
    flash.program(0, &[0; 8]).unwrap();
    assert_eq!(flash.dump(0..8).unwrap(), [0; 8], "readable again");
    assert_eq!(flash.unit_state(0), UnitState::Programmed { programs: 2 });

    let flash = torn_program::<Stm32G0>(Tear::Mixed(3));
    assert_eq!(flash.program(0, &[0; 8]), Err(refusal), "not there");
}

#[test]
fn a_mixed_unit_without_ecc_reads_as_some_of_its_bits() {
    fn claim<P: Part>(erased: u8) {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let flash = torn_program::<P>(Tear::Mixed(seed));
            assert_eq!(flash.unit_state(0), UnitState::Programmed { programs: 1 });
            let bytes = flash.dump(0..4).unwrap();
            for byte in &bytes {
                let changed = byte ^ erased;
                assert_eq!(changed & !(0x5A ^ erased), 0, "{byte:02x} has a bit of neither");
            }
            seen.insert(bytes);
        }
        assert!(seen.len() > 10, "seeds give different bits: {seen:02x?}");
    }
    claim::<Nrf52>(0xFF);
    claim::<Stm32L0>(0x00);
}

#[test]
fn a_blank_torn_unit_reads_as_erased_and_refuses() {
    fn claim<P: Part>() {
        let flash = torn_program::<P>(Tear::Blank);
        assert_eq!(flash.dump(0..4).unwrap(), [P::GEOMETRY.erased_value(); 4]);
        let refusal = FlashError::NotErased { address: 0, got: UnitState::Unstable };
        assert_eq!(flash.program(0, &unit::<P>(0x5A)), Err(refusal));
        flash.erase(0..flash.page_at(0).bytes).unwrap();
        flash.program(0, &unit::<P>(0x5A)).unwrap();
    }
    claim::<Stm32L0>();
    claim::<Stm32L4>();
    claim::<Stm32H7>();
    claim::<Nrf52>();
}

#[test]
fn a_blank_tear_of_a_second_program_leaves_the_first() {
    let flash = FlashModel::<Nrf52>::new();
    flash.program(0, &[0x5A; 4]).unwrap();
    flash.cut_after(0, Cut::Inside(Tear::Blank));
    assert_eq!(flash.program(0, &[0; 4]), LOST);
    assert_eq!(flash.dump(0..4).unwrap(), [0x5A; 4]);
    assert_eq!(flash.unit_state(0), UnitState::Programmed { programs: 1 });
}

#[test]
fn a_finished_tear_looks_complete() {
    let flash = torn_program::<Stm32L4>(Tear::Finished);
    assert_eq!(flash.dump(0..8).unwrap(), [0x5A; 8]);
    let flash = torn_erase::<Stm32L4>(Tear::Finished);
    assert!(states(&flash).iter().all(|state| *state == UnitState::Erased));
    assert_eq!(flash.dump(0..2048).unwrap(), [0xFF; 2048]);
}

#[test]
fn a_blank_torn_erase_reads_as_erased_and_refuses_everywhere() {
    let flash = torn_erase::<Stm32L4>(Tear::Blank);
    assert_eq!(flash.dump(0..2048).unwrap(), [0xFF; 2048]);
    assert!(states(&flash).iter().all(|state| *state == UnitState::Unstable));
    let refusal = FlashError::NotErased { address: 8, got: UnitState::Unstable };
    assert_eq!(flash.program(8, &[0x5A; 8]), Err(refusal));
}

#[test]
fn a_mixed_torn_erase_leaves_units_of_every_kind() {
    let flash = torn_erase::<Stm32L4>(Tear::Mixed(5));
    let states = states(&flash);
    let share = |wanted| states.iter().filter(|state| **state == wanted).count();
    let kinds = [
        UnitState::Erased,
        UnitState::Unstable,
        UnitState::Poisoned,
        UnitState::Programmed { programs: 1 },
    ];
    for kind in kinds {
        assert!((30..100).contains(&share(kind)), "{} of 256 units are {kind:?}", share(kind));
    }
    for (address, state) in (0..).step_by(8).zip(&states) {
        let bytes = flash.dump(address..address + 8);
        match state {
            UnitState::Poisoned => assert_eq!(bytes, Err(FlashError::Ecc { address })),
            UnitState::Programmed { .. } => assert_eq!(bytes.unwrap(), [0x5A; 8]),
            _ => assert_eq!(bytes.unwrap(), [0xFF; 8]),
        }
    }
    assert_eq!(flash.dump(2048..4096).unwrap(), [0xFF; 2048], "the next page is not touched");
}

#[test]
fn a_torn_erase_without_ecc_leaves_mixed_bytes_to_read() {
    let flash = torn_erase::<Nrf52>(Tear::Mixed(5));
    let bytes = flash.dump(0..4096).unwrap();
    let half_erased = |byte: &&u8| ![0x5A, 0xFF].contains(*byte);
    assert!(bytes.iter().filter(half_erased).count() > 500);
    assert!(bytes.iter().all(|byte| byte & 0x5A == 0x5A), "an erase only sets bits");
    assert!(states(&flash).iter().all(|state| *state != UnitState::Poisoned));
}

#[test]
fn a_second_erase_cures_every_tear() {
    fn claim<P: Part>() {
        for seed in 0..20 {
            let flash = torn_erase::<P>(Tear::Seeded(seed));
            let page = flash.page_at(0).bytes;
            flash.erase(0..page).unwrap();
            let image = vec![0x12; usize::try_from(page).unwrap()];
            flash.program(0, &image).unwrap();
            assert_eq!(flash.dump(0..page).unwrap(), image, "seed {seed}");
            assert_eq!(flash.wear()[0], 2, "the torn erase wears, too");
        }
    }
    claim::<Stm32L0>();
    claim::<Stm32L4>();
    claim::<Nrf52>();
}

#[test]
fn a_seed_tears_the_same_way_each_time_and_each_operation_its_own_way() {
    let tear = |seed| states(&torn_erase::<Stm32L4>(Tear::Mixed(seed)));
    assert_eq!(tear(1), tear(1));
    assert_ne!(tear(1), tear(2));

    let flash = FlashModel::<Nrf52>::new();
    for address in [0, 4] {
        flash.cut_after(0, Cut::Inside(Tear::Mixed(1)));
        assert_eq!(flash.program(address, &[0; 4]), LOST);
        flash.power_on();
    }
    assert_ne!(flash.dump(0..4).unwrap(), flash.dump(4..8).unwrap());
}

#[test]
fn seeds_draw_every_outcome_and_mostly_mixed() {
    let outcomes: Vec<UnitState> =
        (0..400).map(|seed| torn_program::<Stm32L4>(Tear::Seeded(seed)).unit_state(0)).collect();
    let share = |wanted| outcomes.iter().filter(|state| **state == wanted).count();
    assert!((250..350).contains(&share(UnitState::Poisoned)));
    assert!((25..80).contains(&share(UnitState::Unstable)));
    assert!((25..80).contains(&share(UnitState::Programmed { programs: 1 })));
}

/// Three records of a counter, each in its own page, the newest of which counts: as small as a
/// journal can be. Returns what it counted to.
fn count_on<P: Part>(flash: &FlashModel<P>) -> Result<u64, FlashError> {
    let page = P::GEOMETRY.erase_bytes();
    let mut journal = flash.slot(0..3 * page);
    let mut newest = None;
    for index in 0..3 {
        let mut record = [0; 16];
        match journal.read(index * page, &mut record) {
            Ok(()) => {}
            Err(FlashError::Ecc { .. }) => continue,
            Err(error) => return Err(error),
        }
        let [count, check] = [&record[..8], &record[8..]]
            .map(|half| u64::from_le_bytes(half.try_into().expect("half of 16 bytes")));
        if let Some(count) = NonZeroU64::new(count)
            && check == !count.get()
        {
            newest = newest.max(Some((count, index)));
        }
    }
    let (count, index) = newest.map_or((0, 2), |(count, index)| (count.get(), index));
    let next = (index + 1) % 3 * page;
    journal.erase(next, next + page)?;
    let halves = [count + 1, !(count + 1)].map(u64::to_le_bytes).concat();
    let mut record = unit::<P>(0);
    record.resize(record.len().max(16), 0);
    record[..16].copy_from_slice(&halves);
    journal.write(next, &record)?;
    Ok(count + 1)
}

#[test]
fn a_careful_journal_survives_every_cut() {
    fn claim<P: Part>() -> usize {
        let flash = FlashModel::<P>::with_size(3 * P::GEOMETRY.erase_bytes());
        flash.record();
        for round in 1..=5 {
            assert_eq!(count_on(&flash), Ok(round));
        }
        let log = flash.take_log().unwrap();
        let mut cuts = 0;
        let tears = [Tear::Blank, Tear::Mixed(1), Tear::Mixed(2), Tear::Finished];
        let per_round = log.operations().len() / 5;
        for point in log.cut_points(&tears) {
            let done = u64::try_from(point.index / per_round).unwrap();
            let counted = count_on(&point.flash).unwrap();
            assert!(
                counted == done + 1 || counted == done + 2,
                "{:?} of operation {}: counted {counted}",
                point.cut,
                point.index
            );
            cuts += 1;
        }
        cuts
    }
    assert_eq!(claim::<Stm32L4>(), 15 * 5 + 1, "an erase and two units, five times");
    assert_eq!(claim::<Stm32U5>(), 10 * 5 + 1);
    assert_eq!(claim::<Stm32H7>(), 10 * 5 + 1);
    assert_eq!(claim::<Stm32L0>(), 25 * 5 + 1);
    assert_eq!(claim::<Nrf52>(), 25 * 5 + 1);
}
