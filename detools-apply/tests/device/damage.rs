//! Damaged patches: the device does what the host's reader does, or refuses.

use detools_apply::steps::Forgetful;
use flash_model::{FlashModel, Nrf52};
use formats::detools::{self, Header};
use formats::{Error, Limits};
use rig::random::Random;

use crate::memory::{Fine, Memory, in_place, look, sequential};
use crate::patches::{DICTIONARY, encodings, images, same_place};

const LIMITS: Limits = Limits { target_len: 1 << 18, window: 1 << 20 };

/// Flips bits, and cuts or repeats a piece.
fn damage(random: &mut Random, patch: &mut Vec<u8>) {
    for _ in 0..1 + random.below(3) {
        let at = random.below(patch.len());
        patch[at] ^= 1 << random.below(8);
    }
    if random.below(4) == 0 {
        let at = random.below(patch.len());
        let end = (at + random.below(5)).min(patch.len());
        patch.drain(at..end);
    }
}

#[test]
fn what_a_device_makes_of_damage_a_host_makes_too() {
    let seed = 0xDE7;
    println!("seed {seed:#x}");
    let mut random = Random::new(seed);
    let (base, target, stretches) = images(8, 700);
    let (mut made, mut refused) = (0, 0);
    for encoding in encodings() {
        let patch = detools::sequential::write(&base, &target, &stretches, &encoding);
        let patch = patch.expect("written");
        for _ in 0..150 {
            let mut damaged = patch.clone();
            damage(&mut random, &mut damaged);
            // Of an empty target the host does not look at what follows; a large one takes long.
            let Ok((Header::Sequential { target_len: 1..0x4_0000, .. }, _)) =
                Header::read(&damaged)
            else {
                continue;
            };
            let mut memory = Memory::new(1 << 16);
            let device = sequential::<Nrf52, _>(&base, &damaged, memory.codec(), 64);
            let host = detools::apply(&base, &damaged, &LIMITS);
            match (device, host) {
                (Ok(device), Ok(host)) => {
                    assert!(device == host, "{damaged:02x?}");
                    made += 1;
                }
                (Err(_), Err(_)) => refused += 1,
                // Codecs and dictionaries that devices do not have.
                (Err(error), Ok(_)) if matches!(error.code(), 173 | 178 | 179) => {}
                (device, host) => {
                    panic!(
                        "device {device:?}, host {:?}: {damaged:02x?}",
                        host.map(|host| host.len())
                    );
                }
            }
        }
    }
    println!("{made} made, {refused} refused");
    assert!(made > 50 && refused > 50);
}

#[test]
fn in_place_a_device_reads_no_base_that_is_overwritten() {
    let seed = 0xDE8;
    println!("seed {seed:#x}");
    let mut random = Random::new(seed);
    let (base, target, _) = images(9, 900);
    let place = detools::InPlace::plan(1_800, 100, Some(100), 900, target.len() as u64);
    let place = place.expect("fits");
    let (mut made, mut refused, mut stricter) = (0, 0, 0);
    for encoding in encodings() {
        let patch = detools::in_place::write(&base, &target, &place, &encoding, same_place);
        let patch = patch.expect("written");
        for _ in 0..150 {
            let mut damaged = patch.clone();
            damage(&mut random, &mut damaged);
            // Damage of the header is for the tests of errors.
            if damaged[..11] != patch[..11] {
                continue;
            }
            let flash = FlashModel::<Fine>::with_size(2_048);
            flash.load(0, &base);
            let mut memory = Memory::new(DICTIONARY as usize);
            // What a look at the patch finds is all that there is to find, and the look costs nothing.
            let looked = look(flash.slot(0..2_048), &damaged, memory.codec());
            assert_eq!(flash.stats().operations(), 0);
            let device = in_place(flash.slot(0..2_048), Forgetful, &damaged, memory.codec(), 64);
            assert_eq!(looked, device);
            let host = detools::apply(&base, &damaged, &LIMITS);
            match (device, host) {
                (Ok(()), Ok(host)) => {
                    let len = u32::try_from(host.len()).expect("small");
                    assert!(flash.dump(0..len) == Ok(host), "{damaged:02x?}");
                    made += 1;
                }
                (Err(_), Err(_)) => refused += 1,
                (Err(error), Ok(_)) if error.code() == 170 => stricter += 1,
                (Err(error), Ok(_)) if matches!(error.code(), 178 | 179) => {}
                (Ok(()), Err(Error::OutOfBase { .. })) => panic!("{damaged:02x?}"),
                (device, host) => {
                    panic!(
                        "device {device:?}, host {:?}: {damaged:02x?}",
                        host.map(|host| host.len())
                    );
                }
            }
        }
    }
    println!("{made} made, {refused} refused, {stricter} by the device alone");
    assert!(made > 50 && refused > 50);
}
