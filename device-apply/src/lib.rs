//! Applies a patch on the device, streaming, over `embedded-storage` flash traits.
//!
//! The base image stays where it is, the target appears in a second slot, and the patch need not be
//! stored: its bytes are pushed as they arrive. The crate is `no_std`, allocates nothing, and
//! takes as much RAM as the patch declares: a workspace of the caller's, and an [`Applier`] of at most
//! [`STATE_BYTES`](patcher_core::container::header::STATE_BYTES).
//!
//! ```
//! use device_apply::{Applier, ApplyError, Class, Stage};
//! use flash_model::{FlashError, FlashModel, Stm32L4};
//! use patcher_core::reference;
//!
//! # mod host {
//! #     use patcher_core::{Header, Kind, encode, container::{header, region, writer}, reference};
//! #     use sha2::{Digest, Sha256};
//! #     /// A patch without a good plan: the command line makes better ones.
//! #     pub fn create(base: &[u8], target: &[u8]) -> Vec<u8> {
//! #         let mut header = Header {
//! #             kind: Kind::Delta,
//! #             isa: reference::NO_ISA,
//! #             memory: 8,
//! #             map_entries: 0,
//! #             base_len: base.len() as u32,
//! #             target_len: target.len() as u32,
//! #             body_len: 0,
//! #             epoch_log2: 0,
//! #             in_place: None,
//! #             base_regions: region::Regions::default(),
//! #             target_regions: region::Regions::default(),
//! #             base_digest: Sha256::digest(base)[..4].try_into().unwrap(),
//! #             target_digest: Sha256::digest(target)[..8].try_into().unwrap(),
//! #             self_digests: Default::default(),
//! #         };
//! #         let plan = encode::Plan::default();
//! #         let body = encode::encode(&header, &reference::ALL, base, target, &plan).unwrap();
//! #         header.body_len = body.len() as u32;
//! #         [writer::write(&header), body].concat()
//! #     }
//! # }
//! let flash = FlashModel::<Stm32L4>::new();
//! flash.slot(0..0x8_0000).load(b"firmware 1.0");
//! let patch = host::create(b"firmware 1.0", b"firmware 1.1");
//!
//! let (base, staging) = (flash.slot(0..0x8_0000), flash.slot(0x8_0000..0x10_0000));
//! let mut workspace = [0; 8192];
//! let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
//! for packet in patch.chunks(20) {
//!     let mut rest = packet;
//!     while !rest.is_empty() {
//!         applier.push(&mut rest)?; // feed the watchdog after each call
//!     }
//! }
//! while !matches!(applier.finish()?.stage, Stage::Done { .. }) {}
//! assert_eq!(flash.dump(0x8_0000..0x8_000C)?, b"firmware 1.1");
//!
//! // The same patch again, on a device that runs something else: nothing is erased.
//! flash.slot(0..0x8_0000).load(b"firmware 0.9");
//! let (base, staging) = (flash.slot(0..0x8_0000), flash.slot(0x8_0000..0x10_0000));
//! let mut workspace = [0; 8192];
//! let mut applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
//! let mut rest = &patch[..];
//! let error = loop {
//!     if let Err(error) = applier.push(&mut rest) {
//!         break error;
//!     }
//! };
//! assert!(matches!(error, ApplyError::WrongBase { .. }));
//! assert_eq!(error.class(), Class::Mismatch); // ask for the patch from 0.9
//! assert_eq!(flash.stats().erases, 1);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`apply`] | the [`Applier`]: order of checks, decoding, writing, [`Progress`] |
//! | [`boot`] | which image a bootloader starts: a pure decision over both slots, and its metadata |
//! | [`error`] | [`ApplyError`], its [`Class`] and its number |
//! | [`in_place`] | updates that overwrite their own base |
//! | [`journal`] | records in flash that survive cuts, of which the newest counts |
//! | [`resume`] | how it goes on after a power loss: re-decode, snapshot, reset |
//! | `trust` | with the feature `trust` or `p256`: who may have made the patch, and for which device |
//! | [`update`] | how far an update is: a pure state machine, its policy, its state in flash |
//!
//! # Power loss
//!
//! The base slot is never written, but by [`in_place`]. After a cut, apply the patch from its first byte again; with a policy of [`resume`] finished
//! pages stay, and little has to be sent again.
//!
//! # What it does not do
//!
//! It does not swap images.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::large_stack_arrays,
    clippy::wildcard_enum_match_arm
)]

pub mod apply;
pub mod boot;
pub mod error;
#[cfg(feature = "in-place")]
pub mod in_place;
pub mod journal;
pub mod resume;
#[cfg(feature = "trust")]
pub mod trust;
pub mod update;

pub use apply::{Applier, Progress, Stage};
pub use error::{ApplyError, Class};
