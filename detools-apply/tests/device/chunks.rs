//! Bytes may arrive in any pieces.

use flash_model::Nrf52;
use formats::detools::{self, Encoding};
use rig::random::Random;

use crate::memory::{Memory, sequential};
use crate::patches::{DICTIONARY, encodings, images};

#[test]
fn the_target_does_not_depend_on_how_the_patch_is_cut() {
    let (base, target, stretches) = images(5, 1_500);
    for encoding in encodings() {
        let patch = detools::sequential::write(&base, &target, &stretches, &encoding);
        let patch = patch.expect("written");
        for chunk in [1, 2, 3, 19, 20, 21, 31, 32, 33, 500, patch.len()] {
            let mut memory = Memory::new(DICTIONARY as usize);
            let found = sequential::<Nrf52, _>(&base, &patch, memory.codec(), chunk);
            assert!(found.as_ref() == Ok(&target), "{encoding:?} {chunk}: {:?}", found.err());
        }
    }
}

#[test]
fn every_patch_that_is_cut_off_is_refused() {
    let seed = 77;
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let (base, target, stretches) = images(6, 600);
    for encoding in encodings() {
        let patch = detools::sequential::write(&base, &target, &stretches, &encoding);
        let patch = patch.expect("written");
        for _ in 0..60 {
            let len = random.below(patch.len());
            let mut memory = Memory::new(DICTIONARY as usize);
            let found = sequential::<Nrf52, _>(&base, &patch[..len], memory.codec(), 40);
            // Bits that are left over in the last byte of heatshrink may be all that is missing.
            let complete = len + 1 == patch.len() && found.as_ref() == Ok(&target);
            let code = found.map_err(|error| error.code());
            assert!(code == Err(168) || complete, "{encoding:?} {len}: {code:?}");
        }
    }
}

#[test]
fn something_after_the_end_is_refused() {
    let (base, target, stretches) = images(7, 400);
    for encoding in encodings() {
        if matches!(encoding, Encoding::Heatshrink(_)) {
            // It has no end: bits that make no item are left over.
            continue;
        }
        let patch = detools::sequential::write(&base, &target, &stretches, &encoding);
        let patch = [patch.expect("written"), vec![0]].concat();
        for chunk in [1, 13, patch.len() - 1, patch.len()] {
            let mut memory = Memory::new(DICTIONARY as usize);
            let found = sequential::<Nrf52, _>(&base, &patch, memory.codec(), chunk);
            let code = found.map_err(|error| error.code());
            // CRLE begins another segment, which is not there.
            let expected = if encoding == Encoding::Crle { 168 } else { 169 };
            assert_eq!(code, Err(expected), "{encoding:?} {chunk}");
        }
    }
}
