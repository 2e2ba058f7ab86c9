//! Counters, wear, times, snapshots and the log.

use core::time::Duration;

use flash_model::{
    Cut, FlashError, FlashModel, Nrf52, Operation, Stats, Stm32H7, Stm32L4, Stm32U5, Stm32Wl, Tear,
    UnitState,
};

#[test]
fn counters_count() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.erase(0..6144).unwrap();
    flash.program(0, &[1; 80]).unwrap();
    flash.read(0, &mut [0; 100]).unwrap();
    flash.read(7, &mut [0; 1]).unwrap();
    assert!(flash.program(0, &[1; 8]).is_err());
    let expected = Stats {
        bytes_read: 101,
        ecc_faults: 0,
        erases: 3,
        flash_time: Duration::from_nanos(3 * 22_020_000 + 10 * 81_690),
        max_programs_per_unit: 1,
        programs: 10,
        reads: 2,
        refusals: 1,
    };
    assert_eq!(flash.stats(), expected);
    assert_eq!(flash.stats().operations(), 13);
}

#[test]
fn since_takes_the_difference_of_each_counter() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.cut_after(0, Cut::Inside(Tear::Mixed(0)));
    assert!(flash.program(8, &[1; 8]).is_err());
    flash.power_on();
    assert!(flash.read(8, &mut [0]).is_err());
    flash.erase(0..2048).unwrap();
    flash.program(0, &[1; 8]).unwrap();
    flash.read(0, &mut [0; 8]).unwrap();
    assert!(flash.program(0, &[1; 8]).is_err());
    let earlier = flash.stats();
    flash.erase(0..4096).unwrap();
    flash.program(0, &[1; 24]).unwrap();
    flash.read(0, &mut [0; 5]).unwrap();
    flash.read(0, &mut [0; 5]).unwrap();
    let expected = Stats {
        bytes_read: 10,
        ecc_faults: 0,
        erases: 2,
        flash_time: Duration::from_nanos(2 * 22_020_000 + 3 * 81_690),
        max_programs_per_unit: 1,
        programs: 3,
        reads: 2,
        refusals: 0,
    };
    assert_eq!(flash.stats().since(&earlier), expected);
}

#[test]
fn wear_counts_per_page() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.erase(2048..6144).unwrap();
    flash.erase(4096..6144).unwrap();
    assert_eq!(flash.wear()[..4], [0, 1, 2, 0]);
    assert_eq!(flash.wear().len(), 512);
    assert_eq!(flash.page_at(4100).index, 2);
}

#[test]
fn each_bank_is_busy_for_itself() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.erase(0..2048).unwrap();
    flash.program(0x8_0000, &[1; 16]).unwrap();
    flash.program(0x7_FFF8, &[1; 8]).unwrap();
    assert_eq!(flash.busy(0), Duration::from_nanos(22_020_000 + 81_690));
    assert_eq!(flash.busy(1), Duration::from_nanos(2 * 81_690));
    assert_eq!(flash.busy(0) + flash.busy(1), flash.stats().flash_time);

    let flash = FlashModel::<Stm32Wl>::new();
    flash.erase(0x3_F800..0x4_0000).unwrap();
    assert_eq!(flash.busy(0), flash.stats().flash_time, "a single bank stalls always");
}

#[test]
fn a_full_stm32l4_slot_takes_the_time_of_its_data_sheet() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.erase(0..320 * 1024).unwrap();
    flash.program(0, &vec![1; 320 * 1024]).unwrap();
    let milliseconds = flash.stats().flash_time.as_millis();
    assert_eq!(milliseconds, 6869, "160 pages of 22.02 ms and 40,960 units of 81.69 us");
}

#[test]
fn a_restored_device_is_as_it_was_to_the_last_counter() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(0, &[1; 8]).unwrap();
    flash.protect(4096..8192);
    let (snapshot, stats, wear) = (flash.snapshot(), flash.stats(), flash.wear());

    flash.unprotect();
    flash.erase(0..8192).unwrap();
    flash.program(0, &[2; 8192]).unwrap();
    flash.cut_after(0, Cut::Inside(Tear::Mixed(0)));
    assert!(flash.program(8192, &[2; 8]).is_err());

    flash.restore(&snapshot);
    assert!(flash.is_powered());
    assert_eq!((flash.stats(), flash.wear()), (stats, wear));
    assert_eq!(flash.dump(0..8).unwrap(), [1; 8]);
    assert_eq!(flash.dump(8..8200).unwrap(), [0xFF; 8192]);
    assert_eq!(flash.unit_state(8), UnitState::Erased);
    assert_eq!(flash.program(4096, &[1; 8]), Err(FlashError::WriteProtected { address: 4096 }));
}

#[test]
fn a_snapshot_keeps_poison_and_lost_power() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.cut_after(0, Cut::Inside(Tear::Mixed(0)));
    assert!(flash.program(0, &[1; 8]).is_err());
    let fork = flash.snapshot().fork();
    flash.power_on();
    flash.erase(0..2048).unwrap();
    assert_eq!(fork.read(0, &mut [0]), Err(FlashError::PowerLost));
    fork.power_on();
    assert_eq!(fork.read(0, &mut [0]), Err(FlashError::Ecc { address: 0 }));
    assert_eq!(flash.read(0, &mut [0]), Ok(()));
}

#[test]
fn snapshots_compare_by_bytes_and_states_within_a_range() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(0x800, &[1; 16]).unwrap();
    let before = flash.snapshot();
    // The same bytes by another way, and another unit.
    let other = FlashModel::<Stm32L4>::new();
    other.program(0x800, &[1; 24]).unwrap();
    let after = other.snapshot();
    assert!(before.same_in(&after, 0x800..0x810));
    assert!(before.same_in(&after, 0..0x810) && before.same_in(&after, 0x1000..flash.size()));
    assert!(!before.same_in(&after, 0x800..0x818));
    // Erased, and programmed with what erased flash reads as.
    flash.program(0x900, &[0xFF; 8]).unwrap();
    assert!(!before.same_in(&flash.snapshot(), 0x900..0x908));
}

#[test]
fn forks_and_clones_do_not_share_flash() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(0, &[1; 8]).unwrap();
    let (fork, clone) = (flash.snapshot().fork(), flash.clone());
    flash.erase(0..2048).unwrap();
    fork.program(8, &[2; 8]).unwrap();
    clone.program(8, &[3; 8]).unwrap();
    assert_eq!(flash.dump(0..16).unwrap(), [0xFF; 16]);
    assert_eq!(fork.dump(0..16).unwrap(), [[1; 8], [2; 8]].concat());
    assert_eq!(clone.dump(0..16).unwrap(), [[1; 8], [3; 8]].concat());
    assert_eq!((fork.wear()[0], flash.wear()[0]), (0, 1));
}

#[test]
fn devices_go_to_other_threads() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let snapshot = sendable(FlashModel::<Stm32U5>::new()).snapshot();
    let fork = std::thread::spawn(move || snapshot.fork()).join().unwrap();
    assert_eq!(fork.dump(0..1).unwrap(), [0xFF]);
}

#[test]
fn the_log_tells_what_was_done_where() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.program(0, &[1; 8]).unwrap();
    assert!(flash.take_log().is_none(), "nothing is logged unasked");
    flash.record();
    flash.erase(2048..4096).unwrap();
    flash.program(2048, &[[2; 8], [3; 8]].concat()).unwrap();
    flash.read(0, &mut [0; 8]).unwrap();
    assert!(flash.program(4, &[1; 8]).is_err());
    flash.protect(0..8);
    assert!(flash.program(0, &[1; 8]).is_err());
    let log = flash.take_log().unwrap();
    let ranges: Vec<_> = log.operations().iter().map(Operation::range).collect();
    assert_eq!(ranges, [2048..4096, 2048..2056, 2056..2064]);
    assert_eq!(log.operations()[0], Operation::Erase { address: 2048, len: 2048 });
    let Operation::Program { address: 2056, bytes } = log.operations()[2] else {
        panic!("not the second unit: {:?}", log.operations()[2]);
    };
    assert_eq!(*bytes, [3; 8]);
    assert_eq!(log.start().fork().dump(0..8).unwrap(), [1; 8]);
    assert!(flash.take_log().is_none(), "the log is over");
}

#[test]
fn restoring_drops_the_log() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.record();
    flash.restore(&flash.snapshot());
    assert!(flash.take_log().is_none());
}

#[test]
fn cut_points_are_the_images_that_real_cuts_leave() {
    fn run(flash: &FlashModel<Stm32L4>) -> Result<(), FlashError> {
        flash.erase(0..4096)?;
        flash.program(0, &[0x12; 24])?;
        flash.program(2048, &[0x34; 8])
    }
    /// Bytes and states of the first two pages.
    fn image(flash: &FlashModel<Stm32L4>) -> Vec<(UnitState, Option<Vec<u8>>)> {
        let unit = |at| (flash.unit_state(at), flash.dump(at..at + 8).ok());
        (0..4096).step_by(8).map(unit).collect()
    }
    let flash = FlashModel::<Stm32L4>::new();
    flash.load(0, &[0x77; 4096]);
    let before = flash.snapshot();
    flash.record();
    run(&flash).unwrap();
    let log = flash.take_log().unwrap();

    let tears = [Tear::Blank, Tear::Mixed(9)];
    let points: Vec<_> = log.cut_points(&tears).collect();
    assert_eq!(points.len(), 6 * 3 + 1);
    for (step, point) in points.iter().enumerate() {
        let cuts = [Cut::Before, Cut::Inside(tears[0]), Cut::Inside(tears[1])];
        let expected = if step == 18 { (5, Cut::After) } else { (step / 3, cuts[step % 3]) };
        assert_eq!((point.index, point.cut), expected);
        assert!(point.flash.is_powered());

        let real = before.fork();
        real.cut_after(u64::try_from(point.index).unwrap(), point.cut);
        assert_eq!(run(&real), Err(FlashError::PowerLost));
        assert_eq!(image(&point.flash), image(&real), "{:?} of {}", point.cut, point.index);
        assert_eq!(point.flash.stats(), real.stats());
        assert_eq!(point.flash.wear(), real.wear());
    }
}

#[test]
fn cut_points_of_nothing_are_the_one_image_there_is() {
    let flash = FlashModel::<Nrf52>::new();
    flash.record();
    let log = flash.take_log().unwrap();
    assert_eq!(log.cut_points(&[Tear::Blank]).count(), 1);
}

#[test]
fn cut_points_replay_what_was_allowed_later_and_protect_as_at_the_start() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.protect(0..2048);
    flash.record();
    flash.unprotect();
    flash.program(0, &[1; 8]).unwrap();
    let log = flash.take_log().unwrap();
    let last = log.cut_points(&[]).last().unwrap();
    assert_eq!(last.flash.dump(0..8).unwrap(), [1; 8]);
    let refusal = FlashError::WriteProtected { address: 8 };
    assert_eq!(last.flash.program(8, &[1; 8]), Err(refusal));
}

#[test]
#[should_panic(expected = "faultless")]
fn the_log_of_a_cut_run_has_no_cut_points() {
    let flash = FlashModel::<Stm32L4>::new();
    flash.record();
    flash.cut_after(0, Cut::Inside(Tear::Blank));
    assert!(flash.program(0, &[1; 8]).is_err());
    let _ = flash.take_log().unwrap().cut_points(&[]).count();
}

#[test]
#[should_panic(expected = "faultless")]
fn the_log_of_a_run_that_poisoned_a_unit_has_no_cut_points() {
    let flash = FlashModel::<Stm32H7>::new();
    flash.record();
    flash.program(0, &[1; 32]).unwrap();
    assert!(flash.program(0, &[1; 32]).is_err());
    let _ = flash.take_log().unwrap().cut_points(&[]).count();
}
