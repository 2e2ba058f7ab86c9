//! A device with keys, and a patch for it.

use device_apply::trust::{Authenticator, Policy, PublicKey, Verify};
use device_apply::{Applier, ApplyError, Progress, Stage};
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use flash_model::{FlashError, FlashModel, Slot, Stats, Stm32L4};
use patcher_core::reference;
use rig::firmware::{self, ADDRESS};
use rig::plan::Recipe;
use rig::random::Random;
use rig::seal::{Key, Terms, signed};

pub(crate) const HARDWARE: &[u8] = b"meter-2";
pub(crate) const COUNTER: u32 = 7;

const SLOT: u32 = 0x4_0000;

pub(crate) type Failure = ApplyError<FlashError, FlashError>;

/// An update, not signed.
pub(crate) struct Update {
    pub(crate) base: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) patch: Vec<u8>,
}

impl Update {
    pub(crate) fn new(seed: u64) -> Self {
        let (base, mut target) = firmware::pair(seed, 8);
        target.extend(Random::new(seed).bytes(600));
        let recipe = Recipe::plain().addressed(2, (base.len(), ADDRESS), (target.len(), ADDRESS));
        let patch = recipe.encode(&base, &target).bytes();
        Self { base, target, patch }
    }

    pub(crate) fn signed(&self, key: &Key, terms: &Terms) -> Vec<u8> {
        signed(&self.patch, key, terms)
    }
}

/// What the device of these tests takes.
pub(crate) fn terms() -> Terms {
    Terms { counter: COUNTER, hardware_id: HARDWARE.to_vec(), ..Terms::default() }
}

pub(crate) fn signer() -> Key {
    Key::new(1)
}

/// Keys of the device.
pub(crate) struct Keys {
    pub(crate) signers: Vec<PublicKey>,
    pub(crate) roots: Vec<PublicKey>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Self {
            signers: vec![PublicKey(signer().public())],
            roots: vec![PublicKey(Key::new(2).public())],
        }
    }

    pub(crate) fn policy(&self) -> Policy<'_> {
        Policy::new(&self.signers, HARDWARE, COUNTER).with_roots(&self.roots)
    }
}

/// How a patch gets to the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Each block waits until it is checked.
    Stream,
    /// Blocks are checked when they end.
    LateStream,
    /// Stored, and read twice.
    Staged,
}

pub(crate) const WAYS: [Way; 3] = [Way::Stream, Way::LateStream, Way::Staged];

/// Two slots; all but the staging slot is protected.
pub(crate) struct Device {
    pub(crate) flash: FlashModel<Stm32L4>,
}

#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) result: Result<Progress, Failure>,
    pub(crate) stats: Stats,
    pub(crate) counter: Option<u32>,
}

impl Run {
    /// The error of a run that did not change flash.
    #[track_caller]
    pub(crate) fn refused(&self) -> Failure {
        assert_eq!(self.stats.operations(), 0, "{self:?}");
        self.result.expect_err("refused")
    }
}

impl Device {
    pub(crate) fn new(base: &[u8]) -> Self {
        let flash = FlashModel::<Stm32L4>::with_size(2 * SLOT);
        flash.slot(0..SLOT).load(base);
        flash.protect_outside(SLOT..2 * SLOT);
        Self { flash }
    }

    pub(crate) fn slots(&self) -> (Slot<'_, Stm32L4>, Slot<'_, Stm32L4>) {
        (self.flash.slot(0..SLOT), self.flash.slot(SLOT..2 * SLOT))
    }

    pub(crate) fn staged(&self, len: usize) -> Vec<u8> {
        self.flash.dump(SLOT..SLOT + u32::try_from(len).unwrap()).expect("readable")
    }

    pub(crate) fn apply(&self, patch: &[u8], policy: Policy<'_>, way: Way, chunk: usize) -> Run {
        let before = self.flash.stats();
        let (base, staging) = self.slots();
        let mut workspace = vec![0; 8192];
        let mut block = vec![0; 4096];
        let isas = &reference::ALL;
        let (result, counter) = match way {
            Way::Stream => {
                let mut applier =
                    Applier::verifying(base, staging, &mut workspace, isas, policy, &mut block);
                (drive(&mut applier, patch, chunk), applier.security_counter())
            }
            Way::LateStream => {
                let policy = policy.checking_streams_late();
                let mut applier =
                    Applier::verifying(base, staging, &mut workspace, isas, policy, &mut []);
                (drive(&mut applier, patch, chunk), applier.security_counter())
            }
            Way::Staged => {
                let mut authenticator = Authenticator::new(policy, &mut workspace);
                let mut pass = || -> Result<(), _> {
                    for mut rest in patch.chunks(chunk.min(patch.len()).max(1)) {
                        authenticator.push(&mut rest)?;
                        assert_eq!(rest, [], "all of a chunk is taken");
                    }
                    Ok(())
                };
                match pass().and_then(|()| authenticator.finish()) {
                    Err(error) => (Err(widen(error)), None),
                    Ok(authentic) => {
                        let mut applier = Applier::authenticated(base, staging, isas, authentic);
                        (drive(&mut applier, patch, chunk), applier.security_counter())
                    }
                }
            }
        };
        Run { result, stats: self.flash.stats().since(&before), counter }
    }
}

/// An error that has nothing to do with flash.
pub(crate) fn widen(
    error: ApplyError<core::convert::Infallible, core::convert::Infallible>,
) -> Failure {
    match error {
        ApplyError::Header(error) => ApplyError::Header(error),
        ApplyError::Decode(error) => ApplyError::Decode(error),
        ApplyError::Trust(error) => ApplyError::Trust(error),
        ApplyError::Poisoned { first } => ApplyError::Poisoned { first },
        other => panic!("{other:?}"),
    }
}

/// Pushes all of `patch` and finishes.
pub(crate) fn drive<B: ReadNorFlash, S: NorFlash>(
    applier: &mut Applier<'_, B, S, Verify<'_>>,
    patch: &[u8],
    chunk: usize,
) -> Result<Progress, ApplyError<B::Error, S::Error>> {
    for mut rest in patch.chunks(chunk.min(patch.len()).max(1)) {
        while !rest.is_empty() {
            applier.push(&mut rest)?;
        }
    }
    loop {
        let progress = applier.finish()?;
        if let Stage::Done { .. } = progress.stage {
            return Ok(progress);
        }
    }
}
