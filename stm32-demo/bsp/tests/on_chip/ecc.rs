//! Power cuts at every operation, and torn words behind them: typed errors, never a hang.

use emulator::stm32l4::{Event, ResetCause};
use flash_model::{Cut, Tear, UnitState};

use crate::rig::*;

/// Whether any double word of a page of bank 2 faults when it is read.
fn torn_units(rig: &Rig, offset: u32) -> Vec<u32> {
    let unit = |unit: &u32| rig.0.flash().unit_state(cells(2) + unit) == UnitState::Poisoned;
    (offset..offset + 0x800).step_by(8).filter(unit).collect()
}

#[test]
fn a_torn_word_is_an_error_with_its_place() {
    for low in [1, 2] {
        let mut rig = Rig::new();
        rig.0.cut_after(1, Cut::Inside(Tear::Mixed(3)));
        rig.prepare([WRITE, 2, 0x8000, 32], &[0x3C; 32]);
        assert_eq!(rig.run(), Event::PowerLost);
        rig.restart();
        rig.map(low);
        assert_eq!(torn_units(&rig, 0x8000), [0x8008]);
        assert_eq!(rig.read(2, 0x8000, 8), Ok(vec![0x3C; 8]));
        // From any byte of it, or over it; the place is that of the bank.
        for (offset, len) in [(0x8008, 1), (0x800F, 1), (0x8000, 24), (0x8005, 4), (0x8008, 8)] {
            assert_eq!(rig.read(2, offset, len), Err((ECC, 2, 0x8008)), "{offset:#x}");
        }
        assert_eq!(rig.read(2, 0x8010, 8), Ok(vec![0xFF; 8]), "behind it");
        assert_eq!(rig.read(1, 0x8008, 8), Ok(vec![0xFF; 8]), "the other bank");
        assert_eq!(rig.write(2, 0x8008, &[0x3C; 8]), Err((NOT_ERASED, 0x1008, 0)));
        assert_eq!(rig.erase(2, 0x8000, 0x800), Ok(()));
        assert_eq!(rig.read(2, 0x8000, 32), Ok(vec![0xFF; 32]));
    }
}

#[test]
fn a_read_over_two_torn_words_names_the_first() {
    let mut rig = Rig::new();
    for (offset, operations) in [(0x8008, 0), (0x8018, 0)] {
        rig.0.cut_after(operations, Cut::Inside(Tear::Mixed(9)));
        rig.prepare([WRITE, 2, offset, 8], &[0x3C; 8]);
        assert_eq!(rig.run(), Event::PowerLost);
        rig.restart();
    }
    assert_eq!(torn_units(&rig, 0x8000), [0x8008, 0x8018]);
    assert_eq!(rig.read(2, 0x8000, 64), Err((ECC, 2, 0x8008)));
    assert_eq!(rig.read(2, 0x8010, 16), Err((ECC, 2, 0x8018)));
}

#[test]
fn power_may_fail_at_every_operation_of_an_update_of_a_page() {
    let cuts = [
        Cut::Before,
        Cut::Inside(Tear::Seeded(1)),
        Cut::Inside(Tear::Mixed(2)),
        Cut::Inside(Tear::Blank),
        Cut::After,
    ];
    let mut whole = Rig::new();
    whole.write(2, 0x8000, &[0x11; 128]).unwrap();
    let (mut runs, mut faults) = (0, 0);
    // One erase, then 16 double words.
    for operation in 0..17 {
        for cut in cuts {
            let mut rig = whole.clone();
            rig.0.cut_after(operation, cut);
            rig.prepare([ERASE, 2, 0x8000, 0x800], &[]);
            if rig.run() != Event::PowerLost {
                rig.prepare([WRITE, 2, 0x8000, 128], &[0x22; 128]);
                assert_eq!(rig.run(), Event::PowerLost);
            }
            rig.restart();
            let torn = torn_units(&rig, 0x8000);
            for offset in (0x8000..0x8800).step_by(128) {
                let read = rig.read(2, offset, 128);
                let first = torn.iter().find(|unit| (offset..offset + 128).contains(unit));
                assert_eq!(read.err(), first.map(|&unit| (ECC, 2, unit)), "{operation} {cut:?}");
                faults += u32::from(first.is_some());
            }
            // Once more, from the start.
            assert_eq!(rig.erase(2, 0x8000, 0x800), Ok(()));
            assert_eq!(rig.write(2, 0x8000, &[0x22; 128]), Ok(()));
            assert_eq!(rig.read(2, 0x8000, 128), Ok(vec![0x22; 128]));
            runs += 1;
        }
    }
    println!("{runs} cuts, {faults} reads that met torn words");
    assert_eq!(runs, 85);
    assert!(faults > 30, "{faults}");
}

#[test]
fn a_torn_word_among_the_programs_own_bytes_resets() {
    let mut rig = Rig::new();
    rig.0.cut_after(0, Cut::Inside(Tear::Mixed(3)));
    rig.prepare([WRITE, 2, 0x8000, 8], &[0x3C; 8]);
    assert_eq!(rig.run(), Event::PowerLost);
    rig.restart();
    // As constants are read: nothing was announced, so nobody can judge what was read.
    rig.prepare([TRUST, 2, 0x8000, 0], &[]);
    assert_eq!(rig.run(), Event::Reset(ResetCause::Software));
}
