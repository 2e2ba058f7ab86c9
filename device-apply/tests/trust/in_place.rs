//! Signed patches that overwrite their base: nothing is erased for a patch that nobody signed.

use core::convert::Infallible;

use device_apply::in_place::{InPlace, InPlaceError, Parts, Stage};
use device_apply::trust::{Ecdsa, Policy, PublicKey};
use flash_model::{FlashError, FlashModel, Stm32L4, Stored};
use patcher_core::container::in_place::{Form, InPlace as Geometry};
use patcher_core::container::writer;
use patcher_core::error::TrustError;
use patcher_core::{Header, reference};
use rig::firmware;
use rig::plan::Recipe;
use rig::seal::{Key, Terms, signed};

use crate::support::{COUNTER, HARDWARE, Keys, signer, terms};

type Failure = InPlaceError<Infallible, FlashError>;

/// Base, target, and the patch that nobody signed.
fn update() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let (base, target) = firmware::pair(5, 90);
    let pages = u16::try_from(base.len().max(target.len()).div_ceil(2048)).unwrap();
    let slot = Geometry {
        page_log2: 11,
        slot_pages: pages + 2,
        form: Form::Slide,
        reserve_pages: 2,
        resets: false,
        check: 0,
    };
    let recipe = Recipe::plain().with_marks(11, false).in_place(slot);
    let patch = recipe.encode(&base, &target).bytes();
    (base, target, patch)
}

fn device(base: &[u8]) -> FlashModel<Stm32L4> {
    let flash = FlashModel::with_size(0x10000);
    flash.load(0, base);
    flash
}

fn apply(
    flash: &FlashModel<Stm32L4>,
    patch: &[u8],
    policy: Policy<'_>,
) -> Result<Option<u32>, Failure> {
    let (header, _, _) = Header::parse_sealed(patch.iter().copied()).expect("a header");
    let slot = header.in_place.expect("in place").slot_bytes();
    let parts = Parts {
        slot: flash.slot(0..slot),
        scratch: None,
        steps: flash.slot(0x8000..0x9000),
        marks: Some(flash.slot(0x9000..0xD000)),
    };
    let mut workspace = vec![0; header.workspace_words()];
    let mut update =
        InPlace::verifying(Stored(patch), parts, &mut workspace, &reference::ALL, policy)?;
    while !matches!(update.step()?.stage, Stage::Done { .. }) {}
    Ok(update.security_counter())
}

#[test]
fn signed_patches_are_applied_whole_or_cut_into_blocks() {
    let (base, target, patch) = update();
    let keys = Keys::new();
    for block_log2 in [None, Some(6), Some(8), Some(15)] {
        let terms = Terms { block_log2, ..terms() };
        let flash = device(&base);
        let counter = apply(&flash, &signed(&patch, &signer(), &terms), keys.policy());
        assert_eq!(counter, Ok(Some(terms.counter)), "{block_log2:?}");
        let end = u32::try_from(target.len()).unwrap();
        assert_eq!(flash.dump(0..end).as_ref(), Ok(&target), "{block_log2:?}");
    }
}

#[test]
fn nothing_is_erased_for_what_nobody_signed() {
    let (base, _, patch) = update();
    let keys = Keys::new();
    let flash = device(&base);
    assert_eq!(apply(&flash, &patch, keys.policy()), Err(Failure::Trust(TrustError::Unsigned)));
    let other = signed(&patch, &Key::new(77), &terms());
    let error = apply(&flash, &other, keys.policy()).unwrap_err();
    assert!(matches!(error, InPlaceError::Trust(TrustError::Key { .. })), "{error}");
    let older = signed(&patch, &signer(), &Terms { counter: 0, ..terms() });
    let error = apply(&flash, &older, keys.policy()).unwrap_err();
    assert!(matches!(error, InPlaceError::Trust(TrustError::Counter { .. })), "{error}");
    assert_eq!(flash.stats().operations(), 0);
}

#[test]
fn a_body_with_a_new_check_is_not_the_one_that_was_signed() {
    let (base, _, patch) = update();
    let keys = Keys::new();
    for block_log2 in [None, Some(6)] {
        let sound = signed(&patch, &signer(), &Terms { block_log2, ..terms() });
        let (header, _, len) = Header::parse_sealed(sound.iter().copied()).expect("a header");
        for at in (len..sound.len()).step_by(29) {
            let mut forged = sound.clone();
            forged[at] ^= 4;
            // Everyone can make the check right again.
            let check = check(&forged, len);
            forged[len - 4..len].copy_from_slice(&check.to_le_bytes());
            let flash = device(&base);
            let error = apply(&flash, &forged, keys.policy()).unwrap_err();
            assert!(matches!(error, InPlaceError::Trust(TrustError::Body { .. })), "{at}: {error}");
            assert_eq!(flash.stats().operations(), 0, "{at}");
        }
        assert!(writer::write(&header).len() < len);
    }
}

/// The check of a patch whose header has `len` bytes.
fn check(patch: &[u8], len: usize) -> u32 {
    let mut crc = patcher_core::crc::Crc32::new();
    crc.update(&patch[..len - 4]);
    crc.update(&patch[len..]);
    crc.value()
}

/// What a device has of its own: it says what it is told to say.
#[derive(Debug)]
struct Own {
    knows: bool,
    believes: bool,
}

impl Ecdsa for Own {
    fn uncompressed(&self, key: &PublicKey) -> Option<[u8; 65]> {
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&key.0).ok()?;
        let point = key.to_sec1_point(false);
        point.as_bytes().try_into().ok().filter(|_| self.knows)
    }

    fn verifies(&self, _: &PublicKey, _: &[u8; 32], _: &[u8; 64]) -> bool {
        self.believes
    }
}

#[test]
fn a_policy_goes_by_the_ecdsa_that_the_device_has() {
    let (base, target, patch) = update();
    let (keys, patch) = (Keys::new(), signed(&patch, &signer(), &terms()));
    for (knows, believes) in [(true, true), (true, false), (false, true)] {
        let flash = device(&base);
        let own = Own { knows, believes };
        let policy = Policy::checking_with(&own, &keys.signers, HARDWARE, COUNTER);
        let result = apply(&flash, &patch, policy);
        match (knows, believes) {
            (true, true) => {
                assert_eq!(result, Ok(Some(terms().counter)));
                let end = u32::try_from(target.len()).unwrap();
                assert_eq!(flash.dump(0..end).as_ref(), Ok(&target));
            }
            (true, false) => {
                assert_eq!(result, Err(Failure::Trust(TrustError::Signature)));
                assert_eq!(flash.stats().operations(), 0);
            }
            (false, _) => {
                let error = result.unwrap_err();
                assert!(matches!(error, InPlaceError::Trust(TrustError::Key { .. })), "{error}");
                assert_eq!(flash.stats().operations(), 0);
            }
        }
    }
}
