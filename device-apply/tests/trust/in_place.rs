//! Signed patches that overwrite their base: nothing is erased for a patch that nobody signed.

use core::cell::Cell;
use core::convert::Infallible;

use device_apply::Class;
use device_apply::in_place::{InPlace, InPlaceError, Parts, Stage};
use device_apply::trust::{Ecdsa, Policy, PublicKey};
use embedded_storage::nor_flash::{ErrorType, ReadNorFlash};
use flash_model::{Cut, FlashError, FlashModel, Stm32L4, Stored};
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

/// Applies `patch` to a device for [`update`]'s, whatever its header says.
fn apply(
    flash: &FlashModel<Stm32L4>,
    patch: &[u8],
    policy: Policy<'_>,
) -> Result<Option<u32>, Failure> {
    let swapped = Swapped { first: patch, second: patch, checked: &Cell::new(false) };
    apply_swapped(flash, swapped, policy)
}

/// Where a patch is stored, by someone who stores another one once it is checked.
struct Swapped<'a> {
    first: &'a [u8],
    second: &'a [u8],
    checked: &'a Cell<bool>,
}

impl ErrorType for Swapped<'_> {
    type Error = Infallible;
}

impl ReadNorFlash for Swapped<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        Stored(if self.checked.get() { self.second } else { self.first }).read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.first.len()
    }
}

fn apply_swapped(
    flash: &FlashModel<Stm32L4>,
    patch: Swapped<'_>,
    policy: Policy<'_>,
) -> Result<Option<u32>, Failure> {
    let (_, _, unsigned) = update();
    let (header, _, _) = Header::parse_sealed(unsigned.iter().copied()).expect("a header");
    let slot = header.in_place.expect("in place").slot_bytes();
    let checked = patch.checked;
    let parts = Parts {
        slot: flash.slot(0..slot),
        scratch: None,
        steps: flash.slot(0x8000..0x9000),
        marks: Some(flash.slot(0x9000..0xD000)),
    };
    let mut workspace = vec![0; header.workspace_words()];
    let mut update = InPlace::verifying(patch, parts, &mut workspace, &reference::ALL, policy)?;
    loop {
        match update.step()?.stage {
            Stage::Done { .. } => return Ok(update.security_counter()),
            Stage::Slide | Stage::Body => checked.set(true),
            _ => {}
        }
    }
}

/// What a device with the base of [`update`] refuses before the first erase.
fn refused(patch: &[u8], policy: Policy<'_>, base: &[u8]) -> Failure {
    let flash = device(base);
    let error = apply(&flash, patch, policy).expect_err("refused");
    assert_eq!(flash.stats().operations(), 0, "{error}");
    error
}

#[test]
fn no_bit_of_a_signed_header_can_be_changed() {
    let (base, _, patch) = update();
    let keys = Keys::new();
    let sound = signed(&patch, &signer(), &terms());
    let (.., len) = Header::parse_sealed(sound.iter().copied()).expect("a header");
    for bit in 0..8 * len {
        let mut forged = sound.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        // Whoever changes a header makes its check right again; the check itself is not a secret.
        if bit / 8 < len - 4 {
            let check = check(&forged, len);
            forged[len - 4..len].copy_from_slice(&check.to_le_bytes());
        }
        let error = refused(&forged, keys.policy(), &base);
        assert_ne!(error.class(), Class::Bug, "bit {bit}: {error}");
    }
}

#[test]
fn another_base_key_hardware_and_time_are_told_before_the_first_erase() {
    let (base, _, patch) = update();
    let keys = Keys::new();
    let sound = signed(&patch, &signer(), &terms());
    let mut other = base.clone();
    *other.last_mut().expect("a base") ^= 1;
    let error = refused(&sound, keys.policy(), &other);
    assert!(matches!(error, InPlaceError::WrongBase { .. }), "{error}");

    let stranger = Key::new(77);
    let mut claimed = signed(&patch, &stranger, &terms());
    let at = claimed.windows(4).position(|bytes| bytes == stranger.id()).expect("the key id");
    claimed[at..at + 4].copy_from_slice(&signer().id());
    let error = refused(&claimed, keys.policy(), &base);
    assert_eq!(error, InPlaceError::Trust(TrustError::Signature));

    let hardware = Terms { hardware_id: b"meter-3".to_vec(), ..terms() };
    let error = refused(&signed(&patch, &signer(), &hardware), keys.policy(), &base);
    assert_eq!(error, InPlaceError::Trust(TrustError::Hardware));

    let older = Terms { counter: terms().counter - 1, ..terms() };
    let error = refused(&signed(&patch, &signer(), &older), keys.policy(), &base);
    let (expected, got) = (terms().counter, older.counter);
    assert_eq!(error, InPlaceError::Trust(TrustError::Counter { expected, got }));
}

#[test]
fn a_signed_patch_that_was_cut_short_is_refused_before_the_first_erase() {
    let (base, _, patch) = update();
    let keys = Keys::new();
    let sound = signed(&patch, &signer(), &terms());
    for len in (0..sound.len()).step_by(23).chain([sound.len() - 1]) {
        let error = refused(&sound[..len], keys.policy(), &base);
        assert_eq!(error.class(), Class::Malformed, "{len} bytes: {error}");
    }
}

#[test]
fn a_patch_swapped_between_two_starts_cannot_go_on() {
    let (base, target, patch) = update();
    let keys = Keys::new();
    let sound = signed(&patch, &signer(), &terms());
    // Signed as well: it may be stored, but it is not the one that has begun.
    let other = signed(&patch, &signer(), &Terms { counter: terms().counter + 1, ..terms() });
    let flash = device(&base);
    flash.cut_after(700, Cut::After);
    assert!(apply(&flash, &sound, keys.policy()).is_err());
    flash.power_on();
    let before = flash.stats().operations();
    let error = apply(&flash, &other, keys.policy()).expect_err("another patch");
    assert!(matches!(error, InPlaceError::WrongBase { .. }), "{error}");
    assert_eq!(flash.stats().operations(), before, "nothing was written");
    assert_eq!(apply(&flash, &sound, keys.policy()), Ok(Some(terms().counter)));
    let end = u32::try_from(target.len()).expect("small");
    assert_eq!(flash.dump(0..end), Ok(target));
}

#[test]
fn a_body_swapped_after_its_check_is_never_accepted() {
    let (base, _, patch) = update();
    let keys = Keys::new();
    for block_log2 in [None, Some(6)] {
        let sound = signed(&patch, &signer(), &Terms { block_log2, ..terms() });
        let (.., len) = Header::parse_sealed(sound.iter().copied()).expect("a header");
        for at in (len..sound.len()).step_by(31) {
            let mut second = sound.clone();
            second[at] ^= 0x20;
            let swapped = Swapped { first: &sound, second: &second, checked: &Cell::new(false) };
            // Of blocks, a digest is not read again: then nothing has changed.
            match apply_swapped(&device(&base), swapped, keys.policy()) {
                Ok(_) => assert!(block_log2.is_some(), "byte {at}"),
                Err(error) => assert!(
                    matches!(error, InPlaceError::Decode(_) | InPlaceError::WrongTarget { .. }),
                    "byte {at}: {error}"
                ),
            }
        }
    }
}

#[test]
fn a_signed_but_hostile_body_is_a_typed_error_and_never_the_end() {
    let (base, _, patch) = update();
    let keys = Keys::new();
    let (.., len) = Header::parse_sealed(patch.iter().copied()).expect("a header");
    let mut random = rig::random::Random::new(78);
    for round in 0..60 {
        let mut hostile = patch.clone();
        for _ in 0..1 + round % 5 {
            let at = len + random.below(patch.len() - len);
            hostile[at] ^= random.byte() | 1;
        }
        let hostile = signed(&hostile, &signer(), &terms());
        let error = apply(&device(&base), &hostile, keys.policy()).expect_err("another target");
        assert!(
            matches!(error, InPlaceError::Decode(_) | InPlaceError::WrongTarget { .. }),
            "round {round}: {error}"
        );
    }
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
