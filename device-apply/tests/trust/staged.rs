//! Stored patches: what happens between the check and the apply.

use device_apply::trust::Authenticator;
use device_apply::{Applier, ApplyError, Class};
use patcher_core::Header;
use patcher_core::error::{DecodeError, HeaderError, TrustError};
use patcher_core::reference;
use rig::seal::Terms;

use crate::support::{Device, Failure, Keys, Update, drive, signer, terms};

/// Checks `first`, then applies `second`.
fn swap(update: &Update, first: &[u8], second: &[u8]) -> (Failure, u64) {
    let keys = Keys::new();
    let device = Device::new(&update.base);
    let mut workspace = vec![0; 8192];
    let mut authenticator = Authenticator::new(keys.policy(), &mut workspace);
    authenticator.push(&mut &first[..]).expect("sound");
    let authentic = authenticator.finish().expect("sound");
    let (base, staging) = device.slots();
    let mut applier = Applier::authenticated(base, staging, &reference::ALL, authentic);
    let error = drive(&mut applier, second, 20).expect_err("swapped");
    (error, device.flash.stats().operations())
}

#[test]
fn another_patch_after_the_check_is_refused_before_it_is_decoded() {
    let update = Update::new(31);
    let sound = update.signed(&signer(), &terms());
    // As well signed as the first: an older one, that the policy would have refused.
    let older = update.signed(&signer(), &Terms { counter: 1, ..terms() });
    let (error, operations) = swap(&update, &sound, &older);
    assert_eq!((error, operations), (Failure::Swapped, 0));
    assert_eq!((error.code(), error.class()), (75, Class::Untrusted));
    let (error, operations) = swap(&update, &sound, &update.patch);
    assert_eq!((error, operations), (Failure::Swapped, 0));
}

#[test]
fn another_body_after_the_check_is_never_accepted() {
    let update = Update::new(32);
    for terms in [terms(), Terms { block_log2: Some(6), ..terms() }] {
        let sound = update.signed(&signer(), &terms);
        let (.., len) = Header::parse_sealed(sound.iter().copied()).unwrap();
        for at in (len..sound.len()).step_by(17) {
            let mut swapped = sound.clone();
            swapped[at] ^= 0x40;
            let (error, _) = swap(&update, &sound, &swapped);
            assert!(
                matches!(error, ApplyError::Trust(TrustError::Body { .. }) | ApplyError::Decode(_)),
                "byte {at}: {error:?}"
            );
        }
    }
}

#[test]
fn an_authenticator_is_poisoned_by_its_first_error() {
    let update = Update::new(33);
    let keys = Keys::new();
    let sound = update.signed(&signer(), &terms());
    let mut workspace = vec![0; 8192];
    let mut authenticator = Authenticator::new(keys.policy(), &mut workspace);
    let error = authenticator.push(&mut &update.patch[..]).unwrap_err();
    assert_eq!(error, ApplyError::Trust(TrustError::Unsigned));
    let poisoned = ApplyError::Poisoned { first: error.code() };
    assert_eq!(authenticator.push(&mut &sound[..]), Err(poisoned));
    assert_eq!(authenticator.finish().unwrap_err(), poisoned);
}

#[test]
fn an_authenticator_misses_no_byte() {
    let update = Update::new(34);
    let keys = Keys::new();
    let sound = update.signed(&signer(), &terms());
    let (.., len) = Header::parse_sealed(sound.iter().copied()).unwrap();
    for (cut, expected) in [
        (0, ApplyError::Header(HeaderError::Incomplete)),
        (len - 1, ApplyError::Header(HeaderError::Incomplete)),
        (len, ApplyError::Decode(DecodeError::Truncated)),
        (sound.len() - 1, ApplyError::Decode(DecodeError::Truncated)),
    ] {
        let mut workspace = vec![0; 8192];
        let mut authenticator = Authenticator::new(keys.policy(), &mut workspace);
        authenticator.push(&mut &sound[..cut]).expect("so far");
        assert_eq!(authenticator.finish().unwrap_err(), expected);
    }
}
