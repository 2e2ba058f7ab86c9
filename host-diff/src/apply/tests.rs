use super::*;
use crate::create::{Options, create, create_full};
use crate::image::FlatImage;
use patcher_core::container::header::TARGET_DIGEST_BYTES;

/// Bytes without a pattern, the same for the same seed.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    core::iter::repeat_with(|| {
        // Numerical Recipes' linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(len)
    .collect()
}

struct Case {
    base: Vec<u8>,
    target: Vec<u8>,
    patch: Vec<u8>,
}

impl Case {
    fn new() -> Self {
        let base = noise(2_000, 1);
        let mut target = base.clone();
        target.splice(700..720, noise(30, 2));
        let image = |bytes: &Vec<u8>| FlatImage::from_raw(bytes.clone());
        let made = create(&image(&base), &image(&target), &Options::default());
        Self { base, target, patch: made.expect("a patch").bytes }
    }

    fn apply(&self, base: &[u8], patch: &[u8], limits: &Limits) -> Result<Applied, ApplyError> {
        rebuild(base, &Info::read(patch)?, limits)
    }
}

#[test]
fn target_and_digests_come_back() {
    let case = Case::new();
    let expected = Applied {
        target: case.target.clone(),
        target_sha256: sha256(&case.target),
        base_sha256: Some(sha256(&case.base)),
        base_padding: 0,
    };
    assert_eq!(case.apply(&case.base, &case.patch, &Limits::default()), Ok(expected));
    assert_eq!(apply(&case.base, &case.patch), Ok(case.target.clone()));
    assert_eq!(verify(&case.base, &case.patch), Ok(()));
}

#[test]
fn base_may_end_in_erased_flash_only() {
    let case = Case::new();
    let mut dump = [&case.base[..], &[0xFF; 48]].concat();
    let applied = case.apply(&dump, &case.patch, &Limits::default()).expect("erased flash");
    assert_eq!((applied.base_padding, applied.target), (48, case.target.clone()));
    dump[2_047] = 0xFE;
    let found = case.apply(&dump, &case.patch, &Limits::default());
    assert_eq!(
        found,
        Err(ApplyError::WrongBase {
            expected_len: 2_000,
            found_len: 2_048,
            expected: prefix(&sha256(&case.base)),
            found: prefix(&sha256(&dump)),
            begins_right: true,
        })
    );
}

#[test]
fn limits_are_inclusive() {
    let case = Case::new();
    let info = Info::read(&case.patch).expect("a patch");
    let (ram, len) = (info.header.ram_bytes(), info.header.target_len);
    let run = |ram_bytes, target_len| {
        case.apply(&case.base, &case.patch, &Limits { ram_bytes, target_len }).map(|_| ())
    };
    assert_eq!(run(ram, len), Ok(()));
    assert_eq!(run(ram - 1, len), Err(ApplyError::Ram { expected: ram - 1, found: ram }));
    let too_long = ApplyError::TargetLength { expected: len - 1, found: len };
    assert_eq!(run(ram, len - 1), Err(too_long));
}

#[test]
fn limits_come_before_the_base_and_the_base_before_the_body() {
    let case = Case::new();
    let mut patch = case.patch.clone();
    for byte in patch.iter_mut().skip(60) {
        *byte ^= 0x5A;
    }
    let class = |base: &[u8], limits: &Limits| {
        case.apply(base, &patch, limits).expect_err("nothing is right").class()
    };
    let tight = Limits { ram_bytes: 0, ..Limits::default() };
    assert_eq!(class(&[], &tight), Class::Limit);
    assert_eq!(class(&[], &Limits::default()), Class::Mismatch);
    assert_eq!(class(&case.base, &Limits::default()), Class::Malformed);
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    let case = Case::new();
    let limits = Limits { target_len: 1 << 16, ..Limits::default() };
    for index in 0..case.patch.len() {
        for bit in 0..8 {
            let mut patch = case.patch.clone();
            patch[index] ^= 1 << bit;
            match case.apply(&case.base, &patch, &limits) {
                Ok(applied) => assert!(applied.target == case.target, "byte {index}, bit {bit}"),
                Err(error) => assert_ne!(error.class(), Class::Bug, "byte {index}, bit {bit}"),
            }
        }
    }
}

#[test]
fn a_result_with_another_digest_is_refused() {
    let case = Case::new();
    let header_len = Info::read(&case.patch).expect("a patch").header_len;
    let mut patch = case.patch.clone();
    patch[header_len - 1] ^= 1;
    let found = prefix(&sha256(&case.target));
    let mut expected: [u8; TARGET_DIGEST_BYTES] = found;
    expected[TARGET_DIGEST_BYTES - 1] ^= 1;
    let refused = Err(ApplyError::WrongTarget { expected, found });
    assert_eq!(case.apply(&case.base, &patch, &Limits::default()), refused);
}

#[test]
fn every_truncation_is_malformed() {
    let case = Case::new();
    for len in 0..case.patch.len() {
        let error = case.apply(&case.base, &case.patch[..len], &Limits::default());
        assert_eq!(error.expect_err("cut off").class(), Class::Malformed, "{len} bytes");
    }
}

#[test]
fn full_image_ignores_the_base() {
    let case = Case::new();
    let full = create_full(&FlatImage::from_raw(case.target.clone()), &Options::default());
    let full = full.expect("a patch").bytes;
    for base in [&[][..], &case.base, &[1]] {
        let applied = case.apply(base, &full, &Limits::default()).expect("no base is needed");
        assert_eq!((applied.target, applied.base_sha256), (case.target.clone(), None));
    }
}
