//! Patches of our own: every codec, both types, on parts of every write unit.

use flash_model::{FlashModel, Nrf52, Part, Stm32F4, Stm32H7, Stm32L0, Stm32L4, Stm32U5};
use formats::codec::{heatshrink, lzma};
use formats::detools::{self, Encoding};
use formats::{Limits, Stretch};
use rig::random::Random;

use detools_apply::steps::Forgetful;

use crate::memory::{Memory, in_place, sequential};

/// Dictionaries of these tests.
pub(crate) const DICTIONARY: u32 = 4096;

pub(crate) fn encodings() -> Vec<Encoding> {
    let heatshrink = |window, lookahead| {
        Encoding::Heatshrink(heatshrink::Parameters::new(window, lookahead).expect("legal"))
    };
    let lzma = |lc, lp, pb| {
        let parameters = lzma::Parameters { lc, lp, pb, dictionary: DICTIONARY };
        Encoding::Lzma(parameters, lzma::Search::GOOD)
    };
    vec![
        Encoding::None,
        Encoding::Crle,
        heatshrink(8, 7),
        heatshrink(4, 3),
        heatshrink(11, 4),
        heatshrink(15, 14),
        lzma(3, 0, 2),
        lzma(0, 0, 0),
        lzma(0, 4, 4),
        lzma(4, 0, 0),
        lzma(2, 2, 1),
    ]
}

/// A base, a target of parts of it in another order and of new bytes, and where those parts are.
pub(crate) fn images(seed: u64, len: usize) -> (Vec<u8>, Vec<u8>, Vec<Stretch>) {
    let mut random = Random::new(seed);
    let words: Vec<Vec<u8>> = (0..40)
        .map(|_| {
            let len = 2 + random.below(12);
            random.bytes(len)
        })
        .collect();
    let mut text = |len: usize| {
        let mut bytes: Vec<u8> = Vec::new();
        while bytes.len() < len {
            bytes.extend(&words[random.below(words.len())]);
        }
        bytes.truncate(len);
        bytes
    };
    let base = text(len);
    let (half, quarter) = (len / 2, len / 4);
    let mut target = base[half..].to_vec();
    target.extend(text(quarter));
    let back = target.len();
    target.extend(&base[..half]);
    for at in (0..target.len()).step_by(97) {
        target[at] = target[at].wrapping_add(3);
    }
    let first = Stretch { target: 0, base: half, len: len - half };
    (base, target, vec![first, Stretch { target: back, base: 0, len: half }])
}

/// Stretches of a segment: what of the base is at the same place of the target, as far as it is there.
pub(crate) fn same_place(segment: &detools::in_place::Segment<'_>) -> Vec<Stretch> {
    let from = segment.target_offset.saturating_sub(segment.base_offset);
    let len = segment.base.len().saturating_sub(from).min(segment.target.len());
    if len == 0 { Vec::new() } else { vec![Stretch { target: 0, base: from, len }] }
}

fn every_codec_on<P: Part>() {
    let (base, target, stretches) = images(1, 9_000);
    for encoding in encodings() {
        let patch = detools::sequential::write(&base, &target, &stretches, &encoding);
        let patch = patch.expect("written");
        let mut memory = Memory::new(DICTIONARY as usize);
        let found = sequential::<P, _>(&base, &patch, memory.codec(), 64);
        let name = P::GEOMETRY.name();
        assert!(found.as_ref() == Ok(&target), "{name} {encoding:?}: {:?}", found.err());
    }
}

#[test]
fn sequential_patches_of_every_codec_give_their_target_on_every_part() {
    every_codec_on::<Nrf52>();
    every_codec_on::<Stm32F4>();
    every_codec_on::<Stm32L4>();
    every_codec_on::<Stm32U5>();
    every_codec_on::<Stm32H7>();
}

fn every_codec_in_place_on<P: Part>(erased_value: u8) {
    let page = P::GEOMETRY.erase_bytes();
    let (base, target, _) = images(2, 3 * page as usize + 500);
    for encoding in encodings() {
        for (segments, minimum) in [(16, None), (6, Some(1)), (5, Some(2))] {
            let memory_size = u64::from(segments * page);
            let place = detools::InPlace::plan(
                memory_size,
                page.into(),
                minimum.map(|count| u64::from(count * page)),
                base.len() as u64,
                target.len() as u64,
            );
            let place = place.expect("fits");
            let patch = detools::in_place::write(&base, &target, &place, &encoding, same_place);
            let patch = patch.expect("written");
            let flash = FlashModel::<P>::with_size(16 * P::GEOMETRY.device_bytes());
            flash.load(0, &base);
            flash.protect_outside(0..segments * page);
            let mut memory = Memory::new(DICTIONARY as usize);
            let slot = flash.slot(0..flash.size());
            in_place::<P, _, _>(slot, Forgetful, &patch, memory.codec(), 64).expect("applied");
            let len = u32::try_from(target.len()).expect("small");
            assert!(flash.dump(0..len) == Ok(target.clone()), "{encoding:?} {segments}");
            assert_eq!(flash.stats().refusals, 0);
            assert!(flash.wear().into_iter().max() <= Some(2), "{encoding:?} {segments}");
            if P::GEOMETRY.erased_value() == erased_value {
                assert_eq!(detools::apply(&base, &patch, &Limits::default()).as_ref(), Ok(&target));
            }
        }
    }
}

#[test]
fn in_place_patches_of_every_codec_give_their_target_on_every_part() {
    every_codec_in_place_on::<Nrf52>(0xFF);
    every_codec_in_place_on::<Stm32L4>(0xFF);
    every_codec_in_place_on::<Stm32U5>(0xFF);
}

#[test]
fn a_part_that_erases_to_zeros_is_filled_with_zeros() {
    let (base, target, stretches) = images(3, 1_001);
    let patch = detools::sequential::write(&base, &target, &stretches, &Encoding::Crle);
    let flash = FlashModel::<Stm32L0>::new();
    flash.load(0, &base);
    let slots = (flash.slot(0..0x1_0000), flash.slot(0x1_0000..0x2_0000));
    let codec = detools_apply::codec::Crle::default();
    let applier = detools_apply::Sequential::new(slots.0, slots.1, codec);
    let mut applier = applier.with_erased_value(0);
    let patch = patch.expect("written");
    let mut rest = &patch[..];
    while !rest.is_empty() {
        applier.push(&mut rest).expect("applied");
    }
    while applier.finish().expect("applied").stage != detools_apply::Stage::Done {}
    let len = u32::try_from(target.len()).expect("small");
    let written = flash.dump(0x1_0000..0x1_0000 + len.next_multiple_of(4)).expect("readable");
    assert_eq!(written[..target.len()], target);
    assert!(written[target.len()..].iter().all(|&byte| byte == 0));
}
