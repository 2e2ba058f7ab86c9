//! Header, signature, base, counter.

use device_apply::{Applier, ApplyError, Class, Stage};
use patcher_core::error::{DecodeError, HeaderError, TrustError};
use patcher_core::{Header, reference};
use rig::seal::{Key, Terms, mirrored};

use crate::support::{COUNTER, Device, Failure, Keys, Update, WAYS, Way, signer, terms};

#[test]
fn sound_patches_are_applied_and_name_their_counter() {
    let update = Update::new(1);
    let keys = Keys::new();
    let certified = Terms { root: Some((Key::new(2), 9)), counter: 9, ..terms() };
    for (key, terms) in [
        (signer(), terms()),
        (signer(), Terms { block_log2: Some(7), ..terms() }),
        (Key::new(3), certified),
    ] {
        let patch = update.signed(&key, &terms);
        for way in WAYS {
            for chunk in [1, 7, 64, usize::MAX] {
                let device = Device::new(&update.base);
                let run = device.apply(&patch, keys.policy(), way, chunk);
                let progress = run.result.expect("applied");
                assert_eq!(progress.patch_done as usize, patch.len());
                assert_eq!(progress.patch_total as usize, patch.len());
                assert_eq!(device.staged(update.target.len()), update.target);
                assert_eq!(run.counter, Some(terms.counter));
            }
        }
    }
}

#[test]
fn no_bit_of_the_header_can_be_changed() {
    let update = Update::new(2);
    let patch = update.signed(&Key::new(3), &Terms { root: Some((Key::new(2), 9)), ..terms() });
    let (.., len) = Header::parse_sealed(patch.iter().copied()).unwrap();
    assert!(len > 205, "{len}");
    let keys = Keys::new();
    let device = Device::new(&update.base);
    for bit in 0..8 * len {
        let mut forged = patch.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        // Both orders of finding out: as it comes, and all of it first.
        for way in [Way::Stream, Way::Staged] {
            let run = device.apply(&forged, keys.policy(), way, usize::MAX);
            let error = run.refused();
            assert!(
                matches!(error, ApplyError::Header(_) | ApplyError::Trust(_)),
                "bit {bit}: {error:?}"
            );
        }
    }
}

#[test]
fn a_signed_patch_for_another_base_is_refused_before_the_first_erase() {
    let update = Update::new(3);
    let patch = update.signed(&signer(), &terms());
    let mut other = update.base.clone();
    *other.last_mut().unwrap() ^= 1;
    for way in WAYS {
        let run = Device::new(&other).apply(&patch, Keys::new().policy(), way, 20);
        assert!(matches!(run.refused(), ApplyError::WrongBase { .. }), "{run:?}");
    }
}

#[test]
fn an_older_patch_is_refused_once_the_counter_has_passed_it() {
    let update = Update::new(4);
    let keys = Keys::new();
    let policy = keys.policy();
    let device = Device::new(&update.base);
    for (counter, expected) in [(COUNTER, None), (COUNTER - 1, Some(COUNTER - 1)), (0, Some(0))] {
        let patch = update.signed(&signer(), &Terms { counter, ..terms() });
        let run = device.apply(&patch, policy, Way::Stream, 20);
        match expected {
            None => assert!(run.result.is_ok(), "{run:?}"),
            Some(got) => {
                let error = TrustError::Counter { expected: COUNTER, got };
                assert_eq!(run.refused(), Failure::Trust(error));
                assert_eq!(run.refused().class(), Class::Untrusted);
            }
        }
    }
}

#[test]
fn a_patch_for_other_hardware_is_refused() {
    let update = Update::new(11);
    let keys = Keys::new();
    for hardware_id in [&b"meter-3"[..], b"meter-", b"meter-22", b""] {
        let terms = Terms { hardware_id: hardware_id.to_vec(), ..terms() };
        let patch = update.signed(&signer(), &terms);
        for way in WAYS {
            let run = Device::new(&update.base).apply(&patch, keys.policy(), way, 20);
            assert_eq!(run.refused(), Failure::Trust(TrustError::Hardware), "{hardware_id:?}");
        }
    }
}

#[test]
fn another_key_is_refused_under_its_own_id_and_under_that_of_a_signer() {
    let update = Update::new(12);
    let keys = Keys::new();
    let stranger = Key::new(4);
    let named = update.signed(&stranger, &terms());
    let mut claimed = named.clone();
    let at = claimed.windows(4).position(|bytes| bytes == stranger.id()).expect("the key id");
    claimed[at..at + 4].copy_from_slice(&signer().id());
    for way in WAYS {
        let device = Device::new(&update.base);
        let run = device.apply(&named, keys.policy(), way, 20);
        assert_eq!(run.refused(), Failure::Trust(TrustError::Key { got: stranger.id() }));
        let run = device.apply(&claimed, keys.policy(), way, 20);
        assert_eq!(run.refused(), Failure::Trust(TrustError::Signature));
    }
}

#[test]
fn the_other_form_of_a_signature_is_refused() {
    let update = Update::new(5);
    let mut patch = update.signed(&signer(), &terms());
    let (.., len) = Header::parse_sealed(patch.iter().copied()).unwrap();
    let signature: &mut [u8; 64] = (&mut patch[len - 64..len]).try_into().unwrap();
    *signature = mirrored(signature);
    let device = Device::new(&update.base);
    for way in WAYS {
        let run = device.apply(&patch, Keys::new().policy(), way, 20);
        assert_eq!(run.refused(), Failure::Trust(TrustError::HighS));
    }
}

#[test]
fn unsigned_patches_are_taken_only_when_allowed() {
    let update = Update::new(6);
    let keys = Keys::new();
    for way in WAYS {
        let device = Device::new(&update.base);
        let run = device.apply(&update.patch, keys.policy(), way, 20);
        assert_eq!(run.refused(), Failure::Trust(TrustError::Unsigned));
        let run = device.apply(&update.patch, keys.policy().accepting_unsigned(), way, 20);
        assert!(run.result.is_ok(), "{run:?}");
        assert_eq!(run.counter, None);
        assert_eq!(device.staged(update.target.len()), update.target);
    }
}

#[test]
fn who_takes_unsigned_patches_still_refuses_badly_signed_ones() {
    let update = Update::new(6);
    let patch = update.signed(&Key::new(4), &terms());
    let keys = Keys::new();
    let run = Device::new(&update.base).apply(
        &patch,
        keys.policy().accepting_unsigned(),
        Way::Stream,
        20,
    );
    assert_eq!(run.refused(), Failure::Trust(TrustError::Key { got: Key::new(4).id() }));
}

#[test]
fn truncated_and_extended_patches_are_refused() {
    let update = Update::new(7);
    let keys = Keys::new();
    let patch = update.signed(&signer(), &Terms { block_log2: Some(7), ..terms() });
    let (.., len) = Header::parse_sealed(patch.iter().copied()).unwrap();
    let lens = (0..len).step_by(7).chain(len..patch.len());
    for cut in lens {
        let device = Device::new(&update.base);
        for way in WAYS {
            let run = device.apply(&patch[..cut], keys.policy(), way, usize::MAX);
            let error = run.result.expect_err("cut");
            let expected = if cut < len {
                Failure::Header(HeaderError::Incomplete)
            } else {
                Failure::Decode(DecodeError::Truncated)
            };
            assert_eq!(error, expected, "{cut} of {}, {way:?}", patch.len());
        }
    }
    let more = [&patch[..], &[0]].concat();
    for way in WAYS {
        let run = Device::new(&update.base).apply(&more, keys.policy(), way, 20);
        assert_eq!(run.result, Err(Failure::Decode(DecodeError::TrailingData)), "{way:?}");
    }
}

#[test]
fn an_applier_without_policy_reads_over_signatures_but_not_over_blocks() {
    let update = Update::new(8);
    for (block_log2, expected) in
        [(None, None), (Some(8), Some(Failure::Header(HeaderError::Extension { got: 0x83 })))]
    {
        let patch = update.signed(&signer(), &Terms { block_log2, ..terms() });
        let device = Device::new(&update.base);
        let (base, staging) = device.slots();
        let mut workspace = vec![0; 8192];
        let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
        let mut rest = &patch[..];
        let error = loop {
            if rest.is_empty() {
                break None;
            }
            if let Err(error) = applier.push(&mut rest) {
                break Some(error);
            }
        };
        assert_eq!(error, expected);
        if error.is_none() {
            while !matches!(applier.finish().expect("applied").stage, Stage::Done { .. }) {}
        }
    }
}

#[test]
fn after_a_distrusted_patch_nothing_works() {
    let update = Update::new(9);
    let keys = Keys::new();
    let device = Device::new(&update.base);
    let (base, staging) = device.slots();
    let (mut workspace, mut block) = (vec![0; 8192], [0; 4096]);
    let policy = keys.policy();
    let isas = &reference::ALL;
    let mut applier = Applier::verifying(base, staging, &mut workspace, isas, policy, &mut block);
    assert!(applier.push(&mut &update.patch[..]).is_err());
    let sound = update.signed(&signer(), &terms());
    let poisoned = Failure::Poisoned { first: TrustError::Unsigned.code() };
    assert_eq!(applier.push(&mut &sound[..]), Err(poisoned));
    assert_eq!(applier.finish(), Err(poisoned));
    assert_eq!(device.flash.stats().operations(), 0);
}

#[test]
fn a_signed_but_hostile_body_is_a_typed_error() {
    let update = Update::new(10);
    let keys = Keys::new();
    let (header, len) = Header::parse(update.patch.iter().copied()).unwrap();
    let mut random = rig::random::Random::new(77);
    for round in 0..60 {
        let mut hostile = update.patch.clone();
        for byte in random.bytes(1 + round % 5) {
            let at = len + usize::from(byte) % (header.body_len as usize);
            hostile[at] ^= byte | 1;
        }
        let patch = rig::seal::signed(&hostile, &signer(), &terms());
        let device = Device::new(&update.base);
        let error = device.apply(&patch, keys.policy(), Way::Stream, 64).result;
        let error = error.expect_err("another target");
        assert!(
            matches!(error, ApplyError::Decode(_) | ApplyError::WrongTarget { .. }),
            "round {round}: {error:?}"
        );
    }
}
