//! What is taken and what is not: Wycheproof's vectors, and the crate `p256` as referee.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use p256::ProjectivePoint;
use p256::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::point::AffineCoordinates;
use p256_verify::verifies;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

/// n and p, most significant byte first.
const ORDER: [u8; 32] = *b"\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51";
const PRIME: [u8; 32] = *b"\xFF\xFF\xFF\xFF\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF";

/// The same by the crate `p256`.
fn referee(key: &[u8; 65], digest: &[u8; 32], signature: &[u8; 64]) -> bool {
    let key = VerifyingKey::from_sec1_bytes(key);
    let signature = Signature::from_slice(signature);
    key.is_ok_and(|key| {
        signature.is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok())
    })
}

fn public(signer: &SigningKey) -> [u8; 65] {
    signer.verifying_key().to_sec1_point(false).as_bytes().try_into().unwrap()
}

fn signed(signer: &SigningKey, digest: &[u8; 32]) -> [u8; 64] {
    let signature: Signature = signer.sign_prehash(digest).unwrap();
    signature.to_bytes().into()
}

/// Edges of ranges: r + n below p, hashes above n, sums at infinity or of equal points, keys whose coordinates are small.
#[test]
fn wycheproof_agrees() {
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let (mut good, mut bad) = (0, 0);
    for group in &set.test_groups {
        let key: &[u8; 65] = group.key.key[..].try_into().unwrap();
        for test in &group.tests {
            // Other lengths are no signatures that this takes.
            let Ok(signature) = <&[u8; 64]>::try_from(&test.sig[..]) else {
                assert_eq!(test.result, TestResult::Invalid, "{}", test.tc_id);
                continue;
            };
            let expected = test.result != TestResult::Invalid;
            *if expected { &mut good } else { &mut bad } += 1;
            let digest = Sha256::digest(&test.msg[..]).into();
            assert_eq!(
                verifies(key, &digest, signature),
                expected,
                "{}: {}",
                test.tc_id,
                test.comment
            );
        }
    }
    assert!(good > 150 && bad > 50, "{good} good, {bad} bad");
}

/// The generator itself is the key of 1: sums of equal and of opposite points come up.
#[test]
fn keys_next_to_the_generator_verify() {
    let less_one = {
        let mut number = ORDER;
        number[31] -= 1;
        number
    };
    let numbers = [1u8, 2, 3, 4].map(|low| {
        let mut number = [0; 32];
        number[31] = low;
        number
    });
    for number in numbers.into_iter().chain([less_one]) {
        let signer = SigningKey::from_slice(&number).unwrap();
        for digest in [[0; 32], number, ORDER, [0xFF; 32]] {
            let signature = signed(&signer, &digest);
            assert!(verifies(&public(&signer), &digest, &signature), "{number:?} {digest:?}");
            assert!(!verifies(&public(&signer), &[0x55; 32], &signature), "{number:?} {digest:?}");
        }
    }
}

#[test]
fn what_is_no_key_verifies_nothing() {
    let signer = SigningKey::from_slice(&[7; 32]).unwrap();
    let signature = signed(&signer, &[1; 32]);
    let key = public(&signer);
    assert!(verifies(&key, &[1; 32], &signature));
    for tag in [0, 2, 3, 5, 6, 7] {
        let mut other = key;
        other[0] = tag;
        assert!(!verifies(&other, &[1; 32], &signature), "{tag}");
    }
    let mut negative = key;
    negative[64] ^= 1;
    assert!(!verifies(&negative, &[1; 32], &signature));
    let mut zeros = [0; 65];
    zeros[0] = 4;
    assert!(!verifies(&zeros, &[1; 32], &signature));
}

/// A coordinate names a point in one way only. The point at x = 0 is a key without a known private key; of a digest that was made up
/// for it there is a signature all the same: with r the x of generator + key, (r, r) of r.
#[test]
fn a_coordinate_above_the_prime_is_no_key() {
    let mut compressed = [0; 33];
    compressed[0] = 2;
    let point = VerifyingKey::from_sec1_bytes(&compressed).unwrap();
    let sum = ProjectivePoint::GENERATOR + ProjectivePoint::from(*point.as_affine());
    let r = sum.to_affine().x().into();
    let mut key: [u8; 65] = point.to_sec1_point(false).as_bytes().try_into().unwrap();
    assert!(verifies(&key, &r, &joined(r, r)));
    key[1..33].copy_from_slice(&PRIME);
    assert!(!verifies(&key, &r, &joined(r, r)));
}

/// Bytes as they come, and those near what is allowed.
fn number() -> impl Strategy<Value = [u8; 32]> {
    let near = |number: [u8; 32]| (any::<i8>()).prop_map(move |by| moved(number, by));
    prop_oneof![any::<[u8; 32]>(), near([0; 32]), near(ORDER), near(PRIME)]
}

/// A number less or more a few, modulo 2²⁵⁶.
fn moved(mut number: [u8; 32], by: i8) -> [u8; 32] {
    let mut carry = i16::from(by);
    for byte in number.iter_mut().rev() {
        let sum = i16::from(*byte) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    number
}

fn joined(first: [u8; 32], second: [u8; 32]) -> [u8; 64] {
    [first, second].concat().try_into().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn signatures_verify_and_what_was_changed_does_not(
        private in number(), digest in number(), at in 0usize..64, change in 1u8..,
    ) {
        let Ok(signer) = SigningKey::from_slice(&private) else { return Ok(()) };
        let (key, mut signature) = (public(&signer), signed(&signer, &digest));
        prop_assert!(verifies(&key, &digest, &signature));
        signature[at] ^= change;
        prop_assert_eq!(verifies(&key, &digest, &signature), referee(&key, &digest, &signature));
    }

    #[test]
    fn the_referee_agrees_on_anything(
        private in number(), digest in number(), r in number(), s in number(),
    ) {
        let Ok(signer) = SigningKey::from_slice(&private) else { return Ok(()) };
        let (key, signature) = (public(&signer), joined(r, s));
        prop_assert_eq!(verifies(&key, &digest, &signature), referee(&key, &digest, &signature));
    }

    #[test]
    fn the_referee_agrees_on_keys(x in number(), y in number(), digest in number(), r in number()) {
        let mut key = [4; 65];
        key[1..].copy_from_slice(&joined(x, y));
        let signature = joined(r, digest);
        prop_assert_eq!(verifies(&key, &digest, &signature), referee(&key, &digest, &signature));
    }
}
