//! Erase, program, read.

use crate::rig::*;

fn pattern(len: u8) -> Vec<u8> {
    (0..len).map(|byte| byte.wrapping_mul(37) ^ 0x5A).collect()
}

#[test]
fn what_was_programmed_reads_back_at_any_clock() {
    for fast in [false, true] {
        let mut rig = Rig::new();
        if fast {
            assert_eq!(rig.order([FAST, 1, 0, 0], &[]), Ok([1, 0]));
        }
        for bank in [1, 2] {
            assert_eq!(rig.read(bank, 0x8000, 16), Ok(vec![0xFF; 16]));
            assert_eq!(rig.write(bank, 0x8000, &pattern(128)), Ok(()));
            assert_eq!(rig.read(bank, 0x8000, 128), Ok(pattern(128)));
            for (start, len) in (0u32..8).flat_map(|start| (1..=20).map(move |len| (start, len))) {
                let expected = pattern(128)[start as usize..][..len].to_vec();
                assert_eq!(rig.read(bank, 0x8000 + start, len), Ok(expected), "{len} at {start}");
            }
            assert_eq!(rig.erase(bank, 0x8000, 0x800), Ok(()));
            assert_eq!(rig.read(bank, 0x8000, 128), Ok(vec![0xFF; 128]));
        }
        let stats = rig.0.flash().stats();
        assert_eq!((stats.programs, stats.erases, stats.refusals), (32, 2, 0));
        if fast {
            assert_eq!(rig.order([SLOW, 1, 0, 0], &[]), Ok([0, 0]));
        }
    }
}

#[test]
fn what_cannot_be_programmed_is_said_and_does_not_spoil_what_follows() {
    let mut rig = Rig::new();
    assert_eq!(rig.write(2, 0x8008, &[1; 8]), Ok(()));
    // The offset in the area, which begins behind the bootloader at 0x7000.
    assert_eq!(rig.write(2, 0x8000, &[2; 16]), Err((NOT_ERASED, 0x1008, 0)));
    assert_eq!(rig.write(2, 0x8010, &[3; 8]), Ok(()));
    let expected = [[2; 8], [1; 8], [3; 8]].concat();
    assert_eq!(rig.read(2, 0x8000, 24), Ok(expected));
}

#[test]
fn bounds_alignment_and_the_bootloader_are_refused_before_anything_is_done() {
    let mut rig = Rig::new();
    let len = 0x8_0000 - 0x7000;
    assert_eq!(rig.erase(1, 0x7F800, 0x1000), Err((OUT_OF_BOUNDS, 0x78800, len)));
    assert_eq!(rig.erase(1, 0x8400, 0x800), Err((UNALIGNED, 0x1400, 0x800)));
    assert_eq!(rig.write(1, 0x8004, &[0; 8]), Err((UNALIGNED, 0x1004, 8)));
    assert_eq!(rig.read(1, 0x7FFFF, 2), Err((OUT_OF_BOUNDS, 0x78FFF, len)));
    for bank in [1, 2] {
        assert_eq!(rig.erase(bank, 0x6800, 0x800), Err((PROTECTED, 0, 0)));
        assert_eq!(rig.write(bank, 0, &[0; 8]), Err((PROTECTED, 0, 0)));
    }
    assert_eq!(rig.0.flash().stats().operations(), 0);
}

#[test]
fn a_wrong_key_of_someone_else_makes_the_next_one_a_hard_fault() {
    let mut rig = Rig::new();
    let bus = rig.0.machine_mut().bus_mut();
    let wrong = emulator::Bus::write(bus, 0x4002_2008, emulator::Width::Word, 1);
    assert_eq!(wrong, Err(emulator::BusError::Refused));
    rig.prepare([ERASE, 2, 0x8000, 0x800], &[]);
    let event = rig.0.run(1_000_000);
    assert_eq!(event, Ok(emulator::stm32l4::Event::Budget), "cortex-m-rt's handler of hard faults");
    let fault = rig.0.machine().last_fault().unwrap();
    assert!(matches!(fault.reason, emulator::Reason::Access { address: 0x4002_2008, .. }));
}

#[test]
fn flags_that_someone_left_do_not_stop_it() {
    let mut rig = Rig::new();
    // A store to flash that nothing has announced: PGSERR.
    let bus = rig.0.machine_mut().bus_mut();
    emulator::Bus::write(bus, 0x0808_8000, emulator::Width::Word, 1).unwrap();
    assert_eq!(emulator::Bus::read(bus, 0x4002_2010, emulator::Width::Word), Ok(1 << 7));
    assert_eq!(rig.write(2, 0x8000, &[1; 8]), Ok(()));
    assert_eq!(rig.read(2, 0x8000, 8), Ok(vec![1; 8]));
}
