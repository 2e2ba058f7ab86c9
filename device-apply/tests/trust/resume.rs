//! Signed patches go on after a cut, and are checked as if there had been none.

use device_apply::resume::{Kept, Logged, Resume};
use device_apply::trust::{Authenticator, Verify};
use device_apply::{Applier, ApplyError, Class, Stage};
use flash_model::{Cut, Slot, Stm32L4, Tear};
use patcher_core::error::TrustError;
use patcher_core::{Header, reference};
use rig::seal::{Key, Terms};

use crate::support::{Device, Failure, Keys, Update, signer, terms};

type Flash<'f> = Slot<'f, Stm32L4>;

fn blocks() -> Terms {
    Terms { block_log2: Some(7), ..terms() }
}

/// Sends `patch`, from where the device says once its header is judged.
fn serve<'f, R: Resume<Flash<'f>, Verify<'f>>>(
    applier: &mut Applier<'f, Flash<'f>, Flash<'f>, Verify<'f>, R>,
    patch: &[u8],
) -> Result<u32, Failure> {
    let header_len = Header::parse_sealed(patch.iter().copied()).unwrap().2;
    let mut header = &patch[..header_len];
    while matches!(applier.progress().stage, Stage::Header | Stage::Base { .. }) {
        applier.push(&mut header)?;
    }
    let resumed_at = applier.progress().patch_done;
    applier.seek(resumed_at)?;
    for mut chunk in patch[resumed_at as usize..].chunks(48) {
        while !chunk.is_empty() {
            applier.push(&mut chunk)?;
        }
    }
    while !matches!(applier.finish()?.stage, Stage::Done { .. }) {}
    Ok(resumed_at)
}

/// One run of a stream that is logged; where it began, or why it ended.
fn stream(device: &Device, patch: &[u8]) -> Result<u32, Failure> {
    let keys = Keys::new();
    let (base, staging) = device.slots();
    let (mut workspace, mut block) = (vec![0; 8192], vec![0; 128]);
    let mut applier = Applier::verifying(
        base,
        staging,
        &mut workspace,
        &reference::ALL,
        keys.policy(),
        &mut block,
    )
    .resuming(Logged::new());
    serve(&mut applier, patch)
}

#[test]
fn a_signed_stream_goes_on_from_its_log_after_any_cut() {
    let update = Update::new(31);
    let patch = update.signed(&signer(), &blocks());
    let header_len = Header::parse_sealed(patch.iter().copied()).unwrap().2;
    let whole = Device::new(&update.base);
    stream(&whole, &patch).unwrap();
    let operations = whole.flash.stats().operations();
    let mut resumed = 0;
    for operation in 0..operations {
        let device = Device::new(&update.base);
        device.flash.cut_after(operation, Cut::Inside(Tear::Seeded(operation)));
        assert_eq!(stream(&device, &patch).unwrap_err().class(), Class::Flash);
        device.flash.power_on();
        let at = stream(&device, &patch).unwrap();
        assert_eq!(device.staged(update.target.len()), update.target, "operation {operation}");
        resumed += usize::from(at as usize > header_len);
    }
    assert!(resumed > 20, "{resumed} of {operations}");
}

#[test]
fn what_is_in_the_log_is_judged_again() {
    let update = Update::new(32);
    let patch = update.signed(&signer(), &blocks());
    let device = Device::new(&update.base);
    let cut = device.flash.stats().operations() + 200;
    device.flash.cut_after(cut, Cut::Before);
    stream(&device, &patch).unwrap_err();
    device.flash.power_on();
    // The same patch of another signer, or with a changed header: nothing of the log is looked at.
    let before = device.flash.stats();
    let forged = update.signed(&Key::new(9), &blocks());
    let refused = stream(&device, &forged);
    assert!(matches!(refused, Err(ApplyError::Trust(TrustError::Key { .. }))), "{refused:?}");
    assert_eq!(device.flash.stats().since(&before).operations(), 0);
    assert!(stream(&device, &patch).is_ok());
    assert_eq!(device.staged(update.target.len()), update.target);
}

#[test]
fn a_forged_block_that_was_logged_is_refused_and_forgotten() {
    let update = Update::new(33);
    let patch = update.signed(&signer(), &blocks());
    let header_len = Header::parse_sealed(patch.iter().copied()).unwrap().2;
    let mut forged = patch.clone();
    forged[header_len + 300] ^= 1;
    let device = Device::new(&update.base);
    let refused = ApplyError::Trust(TrustError::Body { block_at: 256 });
    assert_eq!(stream(&device, &forged), Err(refused));
    assert_eq!(stream(&device, &patch).map(|at| at as usize), Ok(header_len));
    assert_eq!(device.staged(update.target.len()), update.target);
}

#[test]
fn a_stored_patch_is_authenticated_again_and_finished_pages_stay() {
    let update = Update::new(34);
    let patch = update.signed(&signer(), &terms());
    let keys = Keys::new();
    let device = Device::new(&update.base);
    let run = || {
        let mut workspace = vec![0; 8192];
        let mut authenticator = Authenticator::new(keys.policy(), &mut workspace);
        authenticator.push(&mut &patch[..]).unwrap();
        let authentic = authenticator.finish().unwrap();
        let (base, staging) = device.slots();
        let applier = Applier::authenticated(base, staging, &reference::ALL, authentic);
        serve(&mut applier.resuming(Kept::new()), &patch)
    };
    run().unwrap();
    let before = device.flash.stats();
    run().unwrap();
    assert_eq!(device.flash.stats().since(&before).operations(), 0);
    assert_eq!(device.staged(update.target.len()), update.target);
}
