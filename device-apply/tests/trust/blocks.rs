//! Streams: what is decoded before it is checked.

use device_apply::trust::Verify;
use device_apply::{Applier, ApplyError, Class};
use patcher_core::error::TrustError;
use patcher_core::{Header, reference};
use rig::seal::Terms;

use crate::support::{Device, Failure, Keys, Update, Way, signer, terms};

const BLOCK: usize = 128;

fn blocks() -> Terms {
    Terms { block_log2: Some(7), ..terms() }
}

#[test]
fn a_changed_block_is_refused_before_a_byte_of_it_is_decoded() {
    let update = Update::new(21);
    let keys = Keys::new();
    let patch = update.signed(&signer(), &blocks());
    let (.., len) = Header::parse_sealed(patch.iter().copied()).unwrap();
    for at in (len..patch.len()).step_by(13) {
        let block = (at - len) / BLOCK;
        let block_at = u32::try_from(block * BLOCK).unwrap();
        let mut forged = patch.clone();
        forged[at] ^= 0x10;
        let device = Device::new(&update.base);
        let run = device.apply(&forged, keys.policy(), Way::Stream, 20);
        let error = Failure::Trust(TrustError::Body { block_at });
        assert_eq!(run.result, Err(error), "byte {at}");
        assert_eq!(error.class(), Class::Malformed);
        // Exactly the flash operations of the blocks before.
        let before = Device::new(&update.base);
        let cut = before.apply(&patch[..len + block * BLOCK], keys.policy(), Way::Stream, 20);
        assert_eq!(run.stats.operations(), cut.stats.operations(), "byte {at}");
    }
}

#[test]
fn checked_late_a_changed_body_is_decoded_but_never_accepted() {
    let update = Update::new(22);
    let keys = Keys::new();
    for terms in [terms(), blocks()] {
        let patch = update.signed(&signer(), &terms);
        let (.., len) = Header::parse_sealed(patch.iter().copied()).unwrap();
        for at in (len..patch.len()).step_by(11) {
            let mut forged = patch.clone();
            forged[at] ^= 1;
            let device = Device::new(&update.base);
            let error = device.apply(&forged, keys.policy(), Way::LateStream, 20).result;
            let error = error.expect_err("changed");
            assert!(
                matches!(error, ApplyError::Trust(TrustError::Body { .. }) | ApplyError::Decode(_)),
                "byte {at}: {error:?}"
            );
        }
    }
}

#[test]
fn a_block_longer_than_its_buffer_is_refused_unless_late_checks_are_allowed() {
    let update = Update::new(23);
    let keys = Keys::new();
    let (header, _) = Header::parse(update.patch.iter().copied()).unwrap();
    for (terms, expected) in [(blocks(), 128), (terms(), header.body_len)] {
        let patch = update.signed(&signer(), &terms);
        for (room, fits) in [(expected, true), (expected - 1, false), (0, false)] {
            let device = Device::new(&update.base);
            let (base, staging) = device.slots();
            let mut workspace = vec![0; 8192];
            let mut block = vec![0; room as usize];
            let mut applier = Applier::verifying(
                base,
                staging,
                &mut workspace,
                &reference::ALL,
                keys.policy(),
                &mut block,
            );
            let result = crate::support::drive(&mut applier, &patch, 20);
            if fits {
                assert!(result.is_ok(), "{result:?}");
            } else {
                let error = Failure::BlockTooLong { expected, got: room };
                assert_eq!(result, Err(error));
                assert_eq!((error.code(), error.class()), (74, Class::Limit));
                assert_eq!(device.flash.stats().operations(), 0);
            }
        }
    }
}

#[test]
fn every_length_of_body_is_cut_and_put_together() {
    let keys = Keys::new();
    for bytes in [0, 1, 40, 111, 112, 113, 127, 128, 129, 240, 241, 352, 353, 500] {
        let target = rig::random::Random::new(bytes as u64).bytes(bytes);
        let patch = rig::plan::Recipe::full().encode(&[], &target).bytes();
        let patch = rig::seal::signed(&patch, &signer(), &blocks());
        for way in crate::support::WAYS {
            for chunk in [1, 16, 100, usize::MAX] {
                let device = Device::new(&[]);
                let run = device.apply(&patch, keys.policy(), way, chunk);
                assert!(run.result.is_ok(), "{bytes} bytes, {way:?}, {chunk}: {run:?}");
                assert_eq!(device.staged(bytes), target);
            }
        }
    }
}

#[test]
fn what_the_gate_takes_is_small() {
    // On 64-bit hosts, where pointers take twice the room.
    const { assert!(Verify::STATE_BYTES <= 320) };
}
