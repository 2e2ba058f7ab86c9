//! Related images through the writers of other tools' formats; each applies what it wrote itself.
#![no_main]

use host_diff::foreign::formats::bsdiff::Format;
use host_diff::foreign::formats::codec::heatshrink::Parameters;
use host_diff::foreign::formats::codec::lzma;
use host_diff::foreign::formats::detools::InPlace;
use host_diff::foreign::{Codec, Effort, bsdiff, in_place, sequential};
use libfuzzer_sys::fuzz_target;
use rig::trial::Trial;

fuzz_target!(|bytes: &[u8]| {
    let Trial { options, base, target } = Trial::of(bytes);
    let effort = Effort { level: 1 + options % 4, threads: core::num::NonZeroUsize::new(1) };
    let codec = match options % 5 {
        0 => Codec::None,
        1 => Codec::Crle,
        2 => Codec::Heatshrink(Parameters::DEPLOYED),
        3 => Codec::HeatshrinkAuto { window: 64 },
        _ => Codec::Lzma(lzma::Parameters { dictionary: 4096, ..lzma::Parameters::default() }),
    };
    let segment = 64u64 << (options % 4);
    let longest = base.len().max(target.len()).max(1) as u64;
    let memory = longest.next_multiple_of(segment) + segment * u64::from(options / 64);
    let place = InPlace::plan(memory, segment, Some(0), base.len() as u64, target.len() as u64)
        .expect("fits");
    sequential(&base, &target, codec, effort).expect("a sequential patch");
    in_place(&base, &target, &place, codec, effort).expect("an in-place patch");
    let format = if options % 2 == 0 { Format::Bsdiff40 } else { Format::Bsdiff43 };
    bsdiff(&base, &target, format, effort).expect("a patch of bsdiff");
});
