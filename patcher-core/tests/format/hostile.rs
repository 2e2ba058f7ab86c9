//! Anything may arrive as a patch: it ends in a typed error or in a target of the declared length.

use patcher_core::container::writer;
use patcher_core::{DecodeError, Header, HeaderError};
use proptest::collection::vec;
use proptest::prelude::*;
use rig::decode::{self, Decoded, How, Refusal};
use rig::firmware::{self, ADDRESS};
use rig::hostile;
use rig::plan::{Patch, Recipe};

/// Base, target and patch of a small update with references.
fn small(reset: Option<bool>) -> (Vec<u8>, Vec<u8>, Patch) {
    let (base, target) = firmware::pair(5, 10);
    let mut recipe = Recipe::plain().addressed(2, (base.len(), ADDRESS), (target.len(), ADDRESS));
    if let Some(reset) = reset {
        recipe = recipe.with_marks(8, reset);
    }
    let patch = recipe.encode(&base, &target);
    (base, target, patch)
}

/// A decoder may be fooled into another target, never into a panic, a hang or another length.
fn harmless(base: &[u8], patch: &[u8]) -> Result<Decoded, Refusal> {
    let how = How { limit: 1 << 14, ..How::default() };
    let header_len = Header::parse(patch.iter().copied());
    let result = decode::patch(base, patch, how);
    if let (Ok(decoded), Ok((header, _))) = (&result, header_len) {
        assert_eq!(decoded.target.len(), header.target_len as usize);
    }
    result
}

#[test]
fn every_truncation_is_told() {
    for reset in [None, Some(false), Some(true)] {
        let (base, _, patch) = small(reset);
        let bytes = patch.bytes();
        let header_len = bytes.len() - patch.body.len();
        for len in 0..bytes.len() {
            let expected = if len < header_len {
                Refusal::Header(HeaderError::Incomplete)
            } else {
                Refusal::Body(DecodeError::Truncated)
            };
            assert_eq!(harmless(&base, &bytes[..len]), Err(expected), "{len} bytes");
        }
    }
}

#[test]
fn trailing_bytes_are_told() {
    let (base, _, patch) = small(None);
    for len in [1, 2, 63, 64, 65, 1000] {
        for chunk in [1, 7, usize::MAX] {
            let mut bytes = patch.bytes();
            bytes.resize(bytes.len() + len, 0);
            let result = decode::patch(&base, &bytes, How { chunk, ..How::default() });
            assert_eq!(result, Err(Refusal::Body(DecodeError::TrailingData)), "{len} in {chunk}");
        }
    }
}

#[test]
fn a_longer_body_than_needed_is_told() {
    let (base, _, mut patch) = small(None);
    // The range coder may take up to four zeros for granted.
    for _ in 0..4 {
        patch.body.push(0);
        patch.header.body_len += 1;
    }
    for _ in 0..4 {
        patch.body.push(0);
        patch.header.body_len += 1;
        let result = harmless(&base, &patch.bytes());
        assert_eq!(result, Err(Refusal::Body(DecodeError::TrailingData)), "{}", patch.body.len());
    }
}

#[test]
fn every_flipped_bit_is_harmless() {
    for reset in [None, Some(true)] {
        let (base, target, patch) = small(reset);
        let bytes = patch.bytes();
        let header_len = bytes.len() - patch.body.len();
        let (mut refused, mut fooled) = (0, 0);
        for bit in header_len * 8..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match harmless(&base, &damaged) {
                // The last bits of a segment may be anything within the coder's last interval.
                Ok(decoded) if decoded.target == target => {
                    assert!(reset.is_some() || bit / 8 + 4 >= bytes.len(), "bit {bit} is idle");
                }
                // The digest is the applier's to check.
                Ok(_) => fooled += 1,
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 0 && fooled > 0, "{refused} refused, {fooled} other targets");
        for bit in 0..header_len * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let _ = harmless(&base, &damaged);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bodies_are_harmless(
        body in vec(any::<u8>(), 0..400), isa in 0u8..3, log2 in prop_oneof![Just(0u8), 8u8..10],
        target_len in 0u32..3000, base_len in 0u32..3000, map_entries in 0u32..20, full: bool,
    ) {
        let base = usize::try_from(base_len).unwrap_or(0);
        let target = usize::try_from(target_len).unwrap_or(0);
        let recipe = if full { Recipe::full() } else { Recipe::plain() };
        let base = if full { 0 } else { base };
        let recipe = match isa {
            0 => recipe,
            _ => recipe.addressed(isa, (base, ADDRESS), (target, ADDRESS)),
        };
        let map_entries = if isa == 0 { 0 } else { map_entries };
        let mut header = recipe.with_marks(log2, false).header(&[], &[], 0);
        header.map_entries = map_entries;
        header.base_len = if full { 0 } else { base_len };
        header.target_len = target_len;
        header.body_len = u32::try_from(body.len()).unwrap_or(0);
        let mut bytes = writer::write(&header);
        bytes.extend(body);
        let _ = hostile::decoder(&bytes);
    }

    #[test]
    fn mutated_patches_are_harmless(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), reset in prop::option::of(any::<bool>()),
    ) {
        let (base, _, patch) = small(reset);
        let mut bytes = patch.bytes();
        for (at, to) in changes {
            *at.get_mut(&mut bytes) = to;
        }
        let _ = harmless(&base, &bytes);
        let _ = hostile::decoder(&bytes);
        let _ = hostile::restore(&bytes);
    }

    #[test]
    fn any_bytes_are_harmless(mut bytes in vec(any::<u8>(), 0..500)) {
        let _ = hostile::decoder(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = 0x80;
        }
        let _ = hostile::decoder(&bytes);
        let _ = hostile::restore(&bytes);
    }
}

#[test]
fn hostile_functions_get_past_the_header() {
    let (base, target, patch) = small(Some(false));
    assert_eq!(hostile::header(&patch.bytes()), Ok(patch.header));
    // Another base than the patch was made for: no digest is checked here.
    let decoded = hostile::decoder(&patch.bytes());
    assert!(decoded.is_ok() || matches!(decoded, Err(Refusal::Body(_))), "{decoded:?}");
    assert!(harmless(&base, &patch.bytes()).is_ok_and(|decoded| decoded.target == target));
}
