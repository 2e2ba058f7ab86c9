use formats::codec::heatshrink::Parameters;
use formats::codec::lzma;
use formats::detools::{self, Encoding, InPlace};
use formats::{Limits, Stretch, bsdiff as bsdiff_format};
use rig::random::Random;

use super::candidates::{Candidates, Measure, usual};
use super::room::Room;
use super::*;

const EFFORT: Effort = Effort { level: 3, threads: None };

/// Images that have moved pieces, scattered differences and new bytes between them.
fn pair() -> (Vec<u8>, Vec<u8>) {
    let mut random = Random::new(11);
    let base = random.bytes(6_000);
    let mut target = base[..2_000].to_vec();
    target.extend(random.bytes(40));
    target.extend(&base[4_000..6_000]);
    target.extend(&base[2_000..4_000]);
    for at in (100..6_000).step_by(97) {
        target[at] = target[at].wrapping_add(4);
    }
    (base, target)
}

fn stretches(base: &[u8], target: &[u8], measure: Measure) -> Vec<Vec<Stretch>> {
    Candidates::new(base, target, Room::all(base), 6, &[]).by(measure, 1)
}

#[test]
fn paths_follow_what_moved() {
    let (base, target) = pair();
    for measure in [Measure::Window(Parameters::DEPLOYED), Measure::Adaptive, Measure::Runs] {
        for found in stretches(&base, &target, measure) {
            let covered: usize = found.iter().map(|stretch| stretch.len).sum();
            // New bytes cost as much as differences: they may well be told as such.
            assert!((5_990..=6_040).contains(&covered), "{measure:?} {found:?}");
            for (stretch, moved) in found.iter().zip([0, 1_960, -2_040]) {
                let by = i64::try_from(stretch.base).expect("small")
                    - i64::try_from(stretch.target).expect("small");
                assert_eq!(by, moved, "{measure:?} {found:?}");
            }
        }
    }
}

#[test]
fn nothing_in_common_has_no_stretch() {
    let mut random = Random::new(12);
    let (base, target) = (random.bytes(3_000), random.bytes(3_001));
    for measure in [Measure::Window(Parameters::DEPLOYED), Measure::Adaptive] {
        for (base, target) in [(&base[..], &target[..]), (&[], &target), (&base, &[])] {
            for found in stretches(base, target, measure) {
                let covered: usize = found.iter().map(|stretch| stretch.len).sum();
                assert!(covered < 100, "{measure:?} {found:?}");
            }
        }
    }
}

#[test]
fn no_patch_is_larger_than_with_the_usual_alignment() {
    let (base, target) = pair();
    let usual = usual(&base, &target);
    let heatshrink = Parameters::DEPLOYED;
    let parameters = lzma::Parameters::default();
    for (codec, encoding) in [
        (Codec::None, Encoding::None),
        (Codec::Crle, Encoding::Crle),
        (Codec::Heatshrink(heatshrink), Encoding::Heatshrink(heatshrink)),
        (Codec::Lzma(parameters), Encoding::Lzma(parameters, lzma::Search::USUAL)),
    ] {
        let ours = sequential(&base, &target, codec, EFFORT).expect("written").bytes;
        let theirs = detools::sequential::write(&base, &target, &usual, &encoding);
        assert!(ours.len() <= theirs.expect("written").len(), "{codec:?}");
        let again = Effort { threads: core::num::NonZeroUsize::new(1), ..EFFORT };
        assert_eq!(sequential(&base, &target, codec, again).expect("written").bytes, ours);
    }
}

#[test]
fn in_place_patches_read_nothing_that_is_lost() {
    let (base, target) = pair();
    for (memory, segment, minimum) in
        [(16_384, 1_024, None), (8_192, 512, Some(512)), (6_144, 2_048, Some(0))]
    {
        let lengths = (base.len() as u64, target.len() as u64);
        let place = InPlace::plan(memory, segment, minimum, lengths.0, lengths.1).expect("fits");
        for codec in [Codec::Heatshrink(Parameters::DEPLOYED), Codec::LzmaAuto] {
            let written = in_place(&base, &target, &place, codec, EFFORT).expect("written");
            let applied = detools::apply(&base, &written.bytes, &Limits::default());
            assert_eq!(applied.as_ref(), Ok(&target), "{place:?}");
        }
    }
}

#[test]
fn empty_images_have_patches() {
    let (base, target) = pair();
    for (base, target) in [(&base[..], &[][..]), (&[], &target[..]), (&[], &[])] {
        for codec in [Codec::Crle, Codec::HeatshrinkAuto { window: 64 }, Codec::LzmaAuto] {
            let written = sequential(base, target, codec, EFFORT).expect("written");
            let applied = detools::apply(base, &written.bytes, &Limits::default());
            assert_eq!(applied.as_deref(), Ok(target));
        }
        for format in [bsdiff_format::Format::Bsdiff40, bsdiff_format::Format::Bsdiff43] {
            bsdiff(base, target, format, EFFORT).expect("written");
        }
    }
}
