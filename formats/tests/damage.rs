//! Damaged patches end in an error or a target, never in a panic, and within the limits.

use formats::codec::heatshrink::Parameters;
use formats::codec::lzma;
use formats::detools::{self, Encoding, InPlace};
use formats::{Limits, Stretch, bsdiff};
use rig::random::Random;

const LIMITS: Limits = Limits { target_len: 1 << 16, window: 1 << 20 };

#[test]
fn no_damage_panics_or_breaks_the_limits() {
    let seed = 0xD373;
    println!("seed {seed:#x}");
    let mut random = Random::new(seed);
    let base = random.bytes(900);
    let target = [&base[300..800], &random.bytes(50), &base[..200]].concat();
    let stretches =
        [Stretch { target: 0, base: 300, len: 500 }, Stretch { target: 550, base: 0, len: 200 }];
    let place = InPlace::plan(2_048, 128, None, 900, 750).expect("fits");
    let small = lzma::Parameters { dictionary: 4096, ..lzma::Parameters::default() };
    let mut patches = Vec::new();
    for encoding in [
        Encoding::None,
        Encoding::Crle,
        Encoding::Heatshrink(Parameters::DEPLOYED),
        Encoding::Lzma(small, lzma::Search::GOOD),
    ] {
        let sequential = detools::sequential::write(&base, &target, &stretches, &encoding);
        patches.push(sequential.expect("written"));
        let in_place = detools::in_place::write(&base, &target, &place, &encoding, |segment| {
            let len = segment.target.len().min(segment.base.len());
            vec![Stretch { target: 0, base: 0, len }]
        });
        patches.push(in_place.expect("written"));
    }
    for format in [bsdiff::Format::Bsdiff40, bsdiff::Format::Bsdiff43] {
        patches.push(bsdiff::write(&base, &target, &stretches, format).expect("written"));
    }
    for patch in &patches {
        for _ in 0..400 {
            let mut damaged = patch.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(damaged.len());
                damaged[at] = random.byte();
            }
            damaged.truncate(damaged.len() - random.below(3));
            for applied in [
                detools::apply(&base, &damaged, &LIMITS),
                bsdiff::apply(&base, &damaged, &LIMITS),
                formats::esp::apply(&base, &damaged, &LIMITS),
            ] {
                assert!(applied.is_err() || applied.is_ok_and(|target| target.len() <= 1 << 16));
            }
            let _ = detools::Info::read(&damaged, &LIMITS);
        }
    }
}
