//! Who made the patch: signature, hardware id, security counter, body digest.
//!
//! Two ways, one [`Policy`]:
//!
//! | the patch | use | a body byte is decoded |
//! | --- | --- | --- |
//! | arrives as a stream | [`Applier::verifying`](crate::Applier::verifying) | once its block is checked, in a buffer of the caller's |
//! | is stored | [`Authenticator`], then [`Applier::authenticated`](crate::Applier::authenticated) | once all of the patch is checked |
//!
//! In both, nothing of the body is looked at before header and signature are right, and there is no way around it: an
//! [`Applier`](crate::Applier) over [`Verify`] makes its decoder only from what its gate admitted.
//!
//! ```
//! use device_apply::trust::{Authenticator, Policy, PublicKey};
//! use device_apply::{Applier, Stage};
//! use flash_model::{FlashModel, Stm32L4};
//! use patcher_core::reference;
//! # use patcher_core::{Header, Kind, encode, container::{header, region, writer}};
//! # use rig::seal::{Key, Terms, signed};
//! # use sha2::{Digest, Sha256};
//! # let target = b"firmware 1.1";
//! # let mut header = Header { kind: Kind::Full, isa: reference::NO_ISA, memory: 8, map_entries: 0, base_len: 0, target_len: 12,
//! #     body_len: 0, epoch_log2: 0, in_place: None, base_regions: region::Regions::default(), target_regions: region::Regions::default(),
//! #     base_digest: [0; 4], target_digest: Sha256::digest(target)[..8].try_into().unwrap(), self_digests: Default::default() };
//! # let body = encode::encode(&header, &reference::ALL, &[], target, &encode::Plan::default()).unwrap();
//! # header.body_len = body.len() as u32;
//! # let key = Key::new(1);
//! # let terms = Terms { counter: 4, hardware_id: b"meter-2".to_vec(), ..Terms::default() };
//! # let patch = signed(&[writer::write(&header), body].concat(), &key, &terms);
//! # let public_key = key.public();
//! // What `patcher keygen` printed; what the product is; what was confirmed last.
//! let signers = [PublicKey(public_key)];
//! let policy = Policy::new(&signers, b"meter-2", 3);
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! let (base, staging) = (flash.slot(0..0x8_0000), flash.slot(0x8_0000..0x10_0000));
//! let (mut workspace, mut block) = ([0; 8192], [0; 1024]);
//! let mut applier =
//!     Applier::verifying(base, staging, &mut workspace, &reference::ALL, policy, &mut block);
//! for packet in patch.chunks(20) {
//!     let mut rest = packet;
//!     while !rest.is_empty() {
//!         applier.push(&mut rest)?;
//!     }
//! }
//! while !matches!(applier.finish()?.stage, Stage::Done { .. }) {}
//! // Once the new firmware has confirmed itself, this is the device's counter.
//! assert_eq!(applier.security_counter(), Some(4));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! A function that takes the verifying applier cannot be given another:
//!
//! ```compile_fail,E0308
//! use device_apply::{Applier, trust::Verify};
//! # use flash_model::{FlashModel, Stm32L4, Slot};
//! fn install(applier: Applier<'_, Slot<'_, Stm32L4>, Slot<'_, Stm32L4>, Verify<'_>>) {}
//! # let flash = FlashModel::<Stm32L4>::new();
//! # let (base, staging) = (flash.slot(0..0x8_0000), flash.slot(0x8_0000..0x10_0000));
//! # let mut workspace = [0; 8192];
//! install(Applier::new(base, staging, &mut workspace, &[]));
//! ```
//!
//! **Cost**: 28 KiB of flash on a Cortex-M4, most of it the crate `p256` (`cargo xtask size`, probes `apply` and `verify`);
//! beside the RAM that the patch declares [`Verify::STATE_BYTES`], the block buffer, and while the header is judged a stack
//! for it (512 bytes) and for the curve. A signature is checked in one call, which a watchdog must be able to wait for; not measured
//! on silicon yet.
//!
//! **Panics**: this crate has none here either, but `p256` and the crates below it have (`cargo xtask no-panic` counts them);
//! none is known that input reaches.
//!
//! **Reference**: docs/format.md §2.1.

mod authenticator;
mod body;
mod bundle;
mod ecdsa;
#[cfg(feature = "p256")]
mod p256;
mod policy;
mod signature;
mod verify;

pub use authenticator::{Authentic, Authenticator};
pub use bundle::BundleError;
pub use ecdsa::Ecdsa;
pub use policy::{Policy, PublicKey};
pub use verify::Verify;
