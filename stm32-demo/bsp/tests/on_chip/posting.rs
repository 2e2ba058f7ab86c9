//! Areas that post: what goes on while the program does, when it is waited for, and who is told of what failed.

use core::time::Duration;

use emulator::stm32l4::Event;
use flash_model::{Cut, Tear, UnitState};

use crate::rig::*;

const PROGRAM: Duration = Duration::from_nanos(81_690);
const ERASE_PAGE: Duration = Duration::from_micros(22_020);

fn fast() -> Rig {
    let mut rig = Rig::new();
    assert_eq!(rig.order([FAST, 1, 0, 0], &[]), Ok([1, 0]));
    rig
}

fn post(rig: &mut Rig, bank: u32, offset: u32, data: &[u8]) -> Result<(), Refusal> {
    rig.order([POST_WRITE, bank, offset, u32::try_from(data.len()).unwrap()], data).map(|_| ())
}

fn flush(rig: &mut Rig, bank: u32) -> Result<(), Refusal> {
    rig.order([FLUSH, bank, 0x8000, 0], &[]).map(|_| ())
}

/// How long something takes on the device.
fn time<T>(rig: &mut Rig, work: impl FnOnce(&mut Rig) -> T) -> (Duration, T) {
    let start = rig.0.time();
    let done = work(rig);
    (rig.0.time() - start, done)
}

#[test]
fn the_last_operation_goes_on_until_its_bank_is_needed() {
    let mut rig = fast();
    // What an order takes that waits for nothing.
    let (order, _) = time(&mut rig, |rig| flush(rig, 2));
    let (took, done) = time(&mut rig, |rig| post(rig, 2, 0x8000, &[0x11; 24]));
    assert_eq!((done, rig.0.flash().stats().programs), (Ok(()), 2), "the third is under way");
    assert!((2 * PROGRAM..2 * PROGRAM + order + PROGRAM / 4).contains(&took), "{took:?}");
    assert_eq!(rig.read(2, 0x8000, 24), Ok(vec![0x11; 24]));
    assert_eq!(rig.0.flash().stats().programs, 3);

    let (took, done) = time(&mut rig, |rig| rig.order([POST_ERASE, 2, 0x8000, 0x800], &[]));
    assert_eq!((done, rig.0.flash().stats().erases), (Ok([0, 0]), 0));
    assert!(took < order + PROGRAM / 4, "{took:?}");
    let (took, read) = time(&mut rig, |rig| rig.read(1, 0x8000, 24));
    assert_eq!((read, rig.0.flash().stats().erases), (Ok(vec![0xFF; 24]), 0));
    assert!(took < order + PROGRAM / 4, "the other bank is not waited for: {took:?}");
    let (took, read) = time(&mut rig, |rig| rig.read(2, 0x8000, 24));
    assert_eq!(read, Ok(vec![0xFF; 24]), "nor do caches hold what was there");
    assert!((ERASE_PAGE - 3 * order..ERASE_PAGE + order).contains(&took), "{took:?}");
    assert_eq!(rig.0.flash().stats().refusals, 0);
}

#[test]
fn flash_takes_no_time_of_its_own_beside_other_work() {
    // The same bytes with reads of the other bank in between, posted and not.
    let all = |verb: u32| {
        let mut rig = fast();
        let (took, ()) = time(&mut rig, |rig| {
            for offset in (0x8000..0x8040).step_by(8) {
                rig.order([verb, 2, offset, 8], &[0x5A; 8]).unwrap();
                rig.read(1, 0x8000, 128).unwrap();
            }
            flush(rig, 2).unwrap();
        });
        took
    };
    let (posted, waited) = (all(POST_WRITE), all(WRITE));
    let saved = waited - posted;
    assert!((15 * PROGRAM / 2..17 * PROGRAM / 2).contains(&saved), "{posted:?} {waited:?}");
}

/// Something that is done with an area.
type Access = fn(&mut Rig) -> Result<(), Refusal>;

/// A double word of bank 2 that is programmed already, and a posted write to it.
fn failing() -> Rig {
    let mut rig = Rig::new();
    rig.write(2, 0x8000, &[1; 8]).unwrap();
    assert_eq!(post(&mut rig, 2, 0x8000, &[2; 8]), Ok(()), "not known yet");
    rig
}

#[test]
fn the_next_access_to_the_area_tells_what_failed_and_does_nothing_else() {
    let told = Err((NOT_ERASED, 0x1000, 0));
    let next: [Access; 5] = [
        |rig| flush(rig, 2),
        |rig| rig.read(2, 0x9000, 8).map(|_| ()),
        |rig| rig.write(2, 0x9000, &[3; 8]),
        |rig| post(rig, 2, 0x9000, &[3; 8]),
        |rig| rig.erase(2, 0x8000, 0x800),
    ];
    for (index, next) in next.into_iter().enumerate() {
        // At once, and when other areas were used in between, well or not.
        for others in 0..3 {
            let mut rig = failing();
            if others > 0 {
                assert_eq!(rig.write(1, 0x8000, &[4; 8]), Ok(()));
            }
            if others > 1 {
                assert_eq!(rig.write(1, 0x8000, &[5; 8]), Err((NOT_ERASED, 0x1000, 0)));
                assert_eq!(rig.write(1, 0x8008, &[5; 8]), Ok(()));
            }
            let before = rig.0.flash().stats();
            assert_eq!(next(&mut rig), told, "{index} {others}");
            let after = rig.0.flash().stats().since(&before);
            assert_eq!((after.programs, after.erases), (0, 0), "{index} {others}");
            assert_eq!(next(&mut rig), Ok(()), "told once: {index} {others}");
        }
    }
}

#[test]
fn a_write_stops_at_the_double_word_that_failed() {
    let mut rig = Rig::new();
    rig.write(2, 0x8008, &[1; 8]).unwrap();
    assert_eq!(post(&mut rig, 2, 0x8000, &[2; 32]), Err((NOT_ERASED, 0x1008, 0)));
    assert_eq!(flush(&mut rig, 2), Ok(()));
    assert_eq!(rig.read(2, 0x8010, 16), Ok(vec![0xFF; 16]));
}

#[test]
fn a_cut_leaves_nothing_without_what_came_before_it() {
    let mut whole = Rig::new();
    whole.write(2, 0x8000, &[0x11; 128]).unwrap();
    let mut seen = [0; 2];
    // One erase, 16 double words, and a double word of the other bank that is written at once.
    for operation in 0..18 {
        for cut in
            [Cut::Before, Cut::Inside(Tear::Mixed(2)), Cut::Inside(Tear::Seeded(5)), Cut::After]
        {
            let mut rig = whole.clone();
            rig.0.cut_after(operation, cut);
            let orders: [([u32; 4], &[u8]); 3] = [
                ([POST_ERASE, 2, 0x8000, 0x800], &[]),
                ([POST_WRITE, 2, 0x8000, 128], &[0x22; 128]),
                ([WRITE, 1, 0x8000, 8], &[0x33; 8]),
            ];
            let lost = orders.into_iter().any(|(words, data)| {
                rig.prepare(words, data);
                rig.run() == Event::PowerLost
            });
            assert!(lost, "{operation} {cut:?}");
            rig.restart();
            let done = operation + u64::from(cut == Cut::After);
            let whole = |unit: u64| done > unit;
            for unit in 1..=16 {
                let offset = 0x8000 + 8 * u32::try_from(unit - 1).unwrap();
                let state = rig.0.flash().unit_state(cells(2) + offset);
                if whole(unit) {
                    assert_eq!(rig.read(2, offset, 8), Ok(vec![0x22; 8]), "{operation} {cut:?}");
                } else if done < unit && done > 0 {
                    assert_eq!(state, UnitState::Erased, "{operation} {cut:?} {unit}");
                }
            }
            let record = rig.read(1, 0x8000, 8) == Ok(vec![0x33; 8]);
            assert_eq!(record, whole(17), "{operation} {cut:?}");
            seen[usize::from(record)] += 1;
        }
    }
    assert_eq!(seen, [71, 1]);
}
