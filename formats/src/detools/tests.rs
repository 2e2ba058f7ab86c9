use rig::random::Random;

use super::*;
use crate::codec::heatshrink::Parameters;
use crate::codec::lzma;
use crate::{Class, Stretch};

fn encodings() -> [Encoding; 4] {
    [
        Encoding::None,
        Encoding::Crle,
        Encoding::Heatshrink(Parameters::DEPLOYED),
        Encoding::Lzma(lzma::Parameters::default(), lzma::Search::GOOD),
    ]
}

/// A base, and a target of a piece of it with differences, a new piece, and another piece from further before.
fn pair() -> (Vec<u8>, Vec<u8>, [Stretch; 2]) {
    let mut random = Random::new(1);
    let base = random.bytes(2_000);
    let mut target = base[500..1_500].to_vec();
    for at in (0..1_000).step_by(90) {
        target[at] ^= 0x55;
    }
    target.extend(random.bytes(100));
    target.extend(&base[..700]);
    let stretches = [
        Stretch { target: 0, base: 500, len: 1_000 },
        Stretch { target: 1_100, base: 0, len: 700 },
    ];
    (base, target, stretches)
}

#[test]
fn sequential_patches_come_back_with_each_codec() {
    let (base, target, stretches) = pair();
    for encoding in encodings() {
        let patch = sequential::write(&base, &target, &stretches, &encoding).expect("written");
        assert_eq!(apply(&base, &patch, &Limits::default()), Ok(target.clone()), "{encoding:?}");
        let info = Info::read(&patch, &Limits::default()).expect("readable");
        assert_eq!((info.ops, info.diff_bytes), (3, 1_700));
        assert_eq!((info.changed_bytes, info.extra_bytes), (12, 100));
        for cut in [0, 1, 2, 3, 4, 20, patch.len() - 1] {
            assert!(apply(&base, &patch[..cut], &Limits::default()).is_err(), "{encoding:?} {cut}");
        }
        let mut longer = patch.clone();
        longer.extend([0xFF; 4]);
        let trailing = apply(&base, &longer, &Limits::default());
        assert!(trailing.is_err(), "{encoding:?}");
    }
}

#[test]
fn in_place_patches_come_back_with_each_codec() {
    let (base, target, _) = pair();
    let target = &target[..1_790];
    for (memory, segment, minimum) in
        [(4_096, 512, None), (2_048, 256, None), (2_048, 64, Some(64)), (4_096, 4_096, Some(0))]
    {
        let place = InPlace::plan(memory, segment, minimum, 2_000, 1_790).expect("fits");
        for encoding in encodings() {
            let patch = in_place::write(&base, target, &place, &encoding, |segment| {
                vec![Stretch {
                    target: 0,
                    base: 0,
                    len: segment.target.len().min(segment.base.len()),
                }]
            })
            .expect("written");
            let applied = apply(&base, &patch, &Limits::default());
            assert_eq!(applied.as_deref(), Ok(target), "{place:?} {encoding:?}");
            let info = Info::read(&patch, &Limits::default()).expect("readable");
            assert_eq!(info.diff_bytes + info.extra_bytes, 1_790);
            let mut padded = base.clone();
            padded.extend([0xFF; 48]);
            assert_eq!(apply(&padded, &patch, &Limits::default()).as_deref(), Ok(target));
            let short = apply(&base[..1_999], &patch, &Limits::default());
            assert_eq!(short, Err(Error::BaseLength { expected: 2_000, found: 1_999 }));
        }
    }
}

#[test]
fn the_header_is_that_of_detools() {
    let place = InPlace::plan(524_288, 4_096, None, 318_368, 319_988).expect("fits");
    let header = Header::InPlace { compression: crate::codec::Compression::None, place };
    let expected =
        [0x10, 0x80, 0x80, 0x40, 0x80, 0x40, 0x80, 0x80, 0x19, 0xA0, 0xEE, 0x26, 0xB4, 0x87, 0x27];
    assert_eq!(header.bytes(), expected);
    assert_eq!(Header::read(&expected), Ok((header, &[][..])));
}

#[test]
fn memories_that_do_not_fit_are_refused() {
    for (memory, segment, minimum, base, target) in [
        (1_000, 300, None, 10, 10),
        (1_000, 0, None, 10, 10),
        (0, 10, None, 0, 0),
        (1_000, 100, Some(50), 10, 10),
        (1_000, 100, Some(1_100), 10, 10),
        (1_000, 100, None, 1_001, 10),
        (1_000, 100, None, 10, 1_001),
    ] {
        let plan = InPlace::plan(memory, segment, minimum, base, target);
        assert!(matches!(plan, Err(Error::Parameter { .. })), "{plan:?}");
    }
}

#[test]
fn what_is_not_supported_says_so() {
    let base = [0; 100];
    let refuse = |patch: &[u8]| apply(&base, patch, &Limits::default()).expect_err("refused");
    assert_eq!(refuse(&[]), Error::Empty);
    assert_eq!(refuse(&[0x20, 5, 5]), Error::HdiffPatch);
    assert_eq!(refuse(&[0x30]), Error::PatchType { found: 3 });
    assert_eq!(refuse(&[0x0F]), Error::Compression { found: 15 });
    assert_eq!(refuse(&[0x00, 5, 7, 2]), Error::DataFormat { found: 2 });
    assert_eq!(refuse(&[0x00, 5, 7, 2]).class(), Class::Limit);
    let found = refuse(&[0x00, 0xC0, 0x01]);
    assert_eq!(found, Error::Number { expected: "the target length", found: -64 });
    let found = refuse(&[0x00, 5, 0, 6]);
    assert_eq!(found, Error::TooLong { what: "diff", expected: 5, found: 6 });
    let found = refuse(&[0x00, 5, 0, 4, 0, 0, 0, 0, 2]);
    assert_eq!(found, Error::TooLong { what: "extra", expected: 1, found: 2 });
    let found = refuse(&[0x00, 1, 0, 0, 0, 0x41, 1, 0]);
    assert_eq!(found, Error::OutOfBase { offset: -1, len: 1, base_len: 100 });
    assert_eq!(found.class(), Class::Mismatch);
    let found = refuse(&[0x00, 1, 0, 1, 7, 0, 0, 9]);
    assert_eq!(found, Error::TrailingData);
    // What begins like a patch of an empty target, as a vector table does.
    assert_eq!(refuse(&[0x00, 0x00, 0x01, 0x20]), Error::TrailingData);
    assert_eq!(apply(&base, &[0x00, 0x00], &Limits::default()), Ok(Vec::new()));
    let found = refuse(&[0x10, 8, 0, 0, 4, 4]);
    assert_eq!(found, Error::Number { expected: "a segment size of at least one byte", found: 0 });
    let small = Limits { target_len: 4, ..Limits::default() };
    let found = apply(&base, &[0x00, 5, 0], &small);
    assert_eq!(found, Err(Error::TargetLength { expected: 4, found: 5 }));
}

#[test]
fn windows_are_limited_before_they_are_allocated() {
    let (base, target, stretches) = pair();
    let limits = Limits { window: 255, ..Limits::default() };
    for (encoding, found) in
        [(encodings()[2], 256), (encodings()[3], (8 << 20) + 2 * (1846 + 768 * 8))]
    {
        let patch = sequential::write(&base, &target, &stretches, &encoding).expect("written");
        assert_eq!(apply(&base, &patch, &limits), Err(Error::Window { expected: 255, found }));
    }
}

#[test]
fn ops_that_make_nothing_end() {
    // A run of zeros that CRLE says is 2^62 bytes long: no data format, then empty ops.
    let mut patch = vec![0x02, 5, 1];
    crate::varint::put_unsigned(&mut patch, 1 << 62);
    patch.push(0);
    let found = apply(&[], &patch, &Limits::default());
    assert_eq!(found, Err(Error::Endless { expected: 16 * 5 + (1 << 16) }));
}
