//! What is refused, and its number.

use detools_apply::codec::{Crle, Heatshrink, Lzma};
use detools_apply::error::{Flash, FlashError as Failure};
use detools_apply::{ApplyError, Class, CodecError, Compression, PatchError, Sequential};
use flash_model::{FlashModel, Stm32L4};
use formats::codec::{heatshrink, lzma};
use formats::detools::{self, Encoding};

use crate::memory::{Failed, Memory, sequential};
use crate::patches::images;

fn refused(error: impl Into<PatchError>) -> Result<Vec<u8>, Failed> {
    Err(ApplyError::Patch(error.into()))
}

/// What becomes of a patch on a device with all codecs and dictionaries of 4 KiB.
fn apply(patch: &[u8]) -> Result<Vec<u8>, Failed> {
    sequential::<Stm32L4, _>(b"a base", patch, Memory::new(4096).codec(), 5)
}

#[test]
fn other_patches_are_told_by_their_first_byte() {
    assert_eq!(apply(&[0x10]), refused(PatchError::Kind { expected: 0, got: 1 }));
    assert_eq!(apply(&[0x20]), refused(PatchError::HdiffPatch));
    assert_eq!(apply(&[0x83]), refused(PatchError::Kind { expected: 0, got: 8 }));
    assert_eq!(apply(&[0x07, 0]), refused(PatchError::Compression { got: 7 }));
    assert_eq!(apply(&[]), refused(PatchError::Truncated));
    for (id, got) in [(3, Compression::Bz2), (5, Compression::Zstd), (6, Compression::Lz4)] {
        assert_eq!(apply(&[id, 1]), refused(CodecError::NotLinked { got }));
    }
}

#[test]
fn ops_that_cannot_be_are_refused() {
    // No codec, a target of 5 bytes: format length, then an op.
    let body = |bytes: &[u8]| apply(&[&[0, 5], bytes].concat());
    assert_eq!(body(&[0, 5, 1, 0, 0, 0, 0, 0, 0]), Ok(b"b bas".to_vec()));
    assert_eq!(body(&[0, 0, 5, 1, 2, 3, 4, 5, 0]), Ok(vec![1, 2, 3, 4, 5]));
    assert_eq!(body(&[1, 2]), refused(PatchError::DataFormat { got: 2 }));
    assert_eq!(body(&[0, 6]), refused(PatchError::TooLong { expected: 5, got: 6 }));
    assert_eq!(body(&[0, 4, 0, 0, 0, 0, 2]), refused(PatchError::TooLong { expected: 1, got: 2 }));
    assert_eq!(body(&[0, 0x41]), refused(PatchError::Number { got: -1 }));
    assert_eq!(body(&[0xFF; 12]), refused(PatchError::Overlong));
    assert_eq!(body(&[0, 0, 5, 1, 2, 3, 4, 5, 0, 0]), refused(PatchError::TrailingData));
    assert_eq!(body(&[0, 0, 5, 1, 2, 3, 4, 5]), refused(PatchError::Truncated));
    let outside = |got| refused(PatchError::OutOfBase { got, start: 0, end: 6 });
    assert_eq!(body(&[0, 0, 0, 6, 1, 0]), outside(6));
    assert_eq!(body(&[0, 0, 0, 0x41, 1, 0]), outside(-1));
    assert_eq!(apply(&[0, 0x41]), refused(PatchError::Number { got: -1 }));
    // An empty target has no stream at all.
    assert_eq!(apply(&[0, 0]), Ok(Vec::new()));
    assert_eq!(apply(&[1, 0]), Ok(Vec::new()));
    assert_eq!(apply(&[0, 0, 0]), refused(PatchError::TrailingData));
}

#[test]
fn codecs_refuse_what_is_not_theirs() {
    let crle = |bytes: &[u8]| apply(&[&[2, 5], bytes].concat());
    assert_eq!(crle(&[2, 0]), refused(CodecError::CrleKind { got: 2 }));
    assert_eq!(
        crle(&[0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        refused(CodecError::CrleLength)
    );
    // A run of zeros without end: empty ops, which make nothing.
    let endless = [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0];
    assert_eq!(crle(&endless), refused(PatchError::Endless { expected: 16 * 5 + (1 << 16) }));
    let heatshrink = |bytes: &[u8]| apply(&[&[4, 5], bytes].concat());
    assert_eq!(heatshrink(&[0xC0, 0]), refused(CodecError::HeatshrinkParameters { got: 0xC0 }));
    assert_eq!(heatshrink(&[0x45, 0]), refused(CodecError::HeatshrinkParameters { got: 0x45 }));
    let lzma = |bytes: &[u8]| apply(&[&[1, 5], bytes, &[0; 40]].concat());
    assert_eq!(lzma(&[225]), refused(CodecError::Lzma));
    let window = CodecError::Window { expected: 4097, got: 4096 };
    assert_eq!(lzma(&[0x5D, 1, 0x10, 0, 0]), refused(window));
    let words = CodecError::Probabilities { expected: 1846 + 0x300 * 32, got: 1846 + 0x300 * 16 };
    assert_eq!(lzma(&[9 + 4, 0, 0x10, 0, 0]), refused(words));
    assert_eq!(lzma(&[0x5D, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), refused(CodecError::Lzma));
}

#[test]
fn copies_from_beyond_the_dictionary_are_refused_whatever_memory_there_is() {
    let block = rig::random::Random::new(12).bytes(6_000);
    let target = block.repeat(2);
    let large = lzma::Parameters { dictionary: 1 << 16, ..lzma::Parameters::default() };
    let encoding = Encoding::Lzma(large, lzma::Search::GOOD);
    let mut patch = detools::sequential::write(&[], &target, &[], &encoding).expect("written");
    let apply =
        |patch: &[u8]| sequential::<Stm32L4, _>(&[], patch, Memory::new(1 << 16).codec(), 64);
    assert!(apply(&patch) == Ok(target), "with the dictionary that it was made for");
    // Type, three bytes of length, properties, then the dictionary.
    let at = 1 + 3 + 1;
    assert_eq!(patch[at..at + 4], [0, 0, 1, 0], "{:02x?}", &patch[..12]);
    patch[at..at + 4].copy_from_slice(&4096_u32.to_le_bytes());
    assert_eq!(apply(&patch), refused(CodecError::Lzma));
}

#[test]
fn a_window_that_is_too_large_is_refused_before_the_first_erase() {
    let (base, target, stretches) = images(10, 900);
    let theirs = lzma::Parameters::default();
    let encodings = [
        Encoding::Heatshrink(heatshrink::Parameters::new(11, 4).expect("legal")),
        Encoding::Lzma(theirs, lzma::Search::GOOD),
    ];
    for encoding in encodings {
        let patch = detools::sequential::write(&base, &target, &stretches, &encoding);
        let flash = FlashModel::<Stm32L4>::new();
        let slots = (flash.slot(0..0x8000), flash.slot(0x8000..0x1_0000));
        let mut window = [0; 1 << 10];
        let mut dictionary = [0; 1 << 12];
        let mut probabilities = [0; Lzma::probabilities(3)];
        let codec = detools_apply::codec::Or::new(
            Heatshrink::new(&mut window),
            Lzma::new(&mut dictionary, &mut probabilities),
        );
        let mut applier = Sequential::new(slots.0, slots.1, codec);
        let patch = patch.expect("written");
        let mut rest = &patch[..];
        let error = loop {
            if let Err(error) = applier.push(&mut rest) {
                break error;
            }
        };
        let (expected, got) = match encoding {
            Encoding::Heatshrink(_) => (1 << 11, 1 << 10),
            _ => (8 << 20, 1 << 12),
        };
        let codec = CodecError::Window { expected, got };
        assert_eq!(error, ApplyError::Patch(PatchError::Codec(codec)));
        assert_eq!(error.class(), Class::Limit);
        assert_eq!(flash.stats().operations(), 0);
        let again = applier.push(&mut rest);
        assert_eq!(again, Err(ApplyError::Poisoned { first: 178 }));
    }
}

#[test]
fn a_target_that_does_not_fit_is_refused_before_the_first_erase() {
    let flash = FlashModel::<Stm32L4>::new();
    let slots = (flash.slot(0..0x800), flash.slot(0x800..0x1000));
    let mut applier = Sequential::new(slots.0, slots.1, Crle::default());
    // A target of 2,049 bytes.
    let error = applier.push(&mut &[2, 0x81, 0x20][..]).expect_err("refused");
    assert_eq!(error, ApplyError::Patch(PatchError::TooLarge { expected: 4096, got: 2048 }));
    assert_eq!(flash.stats().operations(), 0);
}

#[test]
fn numbers_of_errors_stay() {
    let failure = Failure { offset: 0, operation: Flash::Erase, error: () };
    let errors: Vec<ApplyError<(), ()>> = [
        PatchError::Kind { expected: 0, got: 1 },
        PatchError::HdiffPatch,
        PatchError::Compression { got: 9 },
        PatchError::DataFormat { got: 0 },
        PatchError::Number { got: -1 },
        PatchError::Overlong,
        PatchError::TooLong { expected: 0, got: 1 },
        PatchError::Endless { expected: 0 },
        PatchError::Truncated,
        PatchError::TrailingData,
        PatchError::OutOfBase { got: 0, start: 0, end: 0 },
        PatchError::TooLarge { expected: 1, got: 0 },
        PatchError::Segment { expected: 1, got: 0 },
        PatchError::Codec(CodecError::NotLinked { got: Compression::Bz2 }),
        PatchError::Codec(CodecError::CrleKind { got: 2 }),
        PatchError::Codec(CodecError::CrleLength),
        PatchError::Codec(CodecError::HeatshrinkParameters { got: 0 }),
        PatchError::Codec(CodecError::Lzma),
        PatchError::Codec(CodecError::Window { expected: 1, got: 0 }),
        PatchError::Codec(CodecError::Probabilities { expected: 1, got: 0 }),
    ]
    .into_iter()
    .map(ApplyError::Patch)
    .collect();
    let codes: Vec<u16> = errors.iter().map(ApplyError::code).collect();
    assert_eq!(codes, (160..180).collect::<Vec<u16>>());
    let others: [ApplyError<(), ()>; 4] = [
        ApplyError::Base(failure),
        ApplyError::Target(failure),
        ApplyError::Steps(()),
        ApplyError::Poisoned { first: 1 },
    ];
    assert_eq!(others.map(|error| error.code()), [192, 193, 194, 195]);
}
