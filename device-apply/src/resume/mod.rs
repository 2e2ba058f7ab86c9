//! Going on after a power loss: one concept, three policies.
//!
//! A **restart** is a decoder's state, the patch bytes from there on, and a writer that compares what the decoder makes with
//! what flash holds, and keeps it, up to the first difference. The policies differ in where state and bytes come from:
//!
//! | policy | state | bytes | keeps in flash | sent again after a cut |
//! | --- | --- | --- | --- | --- |
//! | [`Never`] | – | – | nothing | everything |
//! | re-decode, [`Kept`] | the start | the caller has stored the patch | nothing | nothing: it is stored |
//! | re-decode, [`Logged`] | the start | the log | the patch, behind the target | header, and at most 60 bytes |
//! | snapshot, [`Marks::snapshots`] | the last mark's | the sender | the decoder's state, twice | header, and what an epoch takes |
//! | reset, [`Marks::resets`] | the last RESET mark's | the sender | offsets and address map, twice | the same |
//!
//! Give the policy to [`Applier::resuming`](crate::Applier::resuming). After a cut, make the same applier and push the patch
//! from its first byte: once the header is in and the base is checked, [`Progress::patch_done`](crate::Progress) tells from
//! where on bytes are missing. Go on from there with [`Applier::seek`](crate::Applier::seek), or send all of it: what the
//! applier has is dropped. Another header, by its SHA-256, starts afresh.
//!
//! ```text
//! 0                      target_len     page        page                                    slot
//! ├── target: finished pages, then the unfinished ─┼─ spare page ─┼─ log, with `Logged` alone ─┤
//! ```
//!
//! **Pages.** No finished page is erased again. The page that was unfinished is; the target bytes that it held already wait
//! in the spare page meanwhile, because the decoder has passed them. What is in the spare page means nothing after a
//! cut, so nothing has to be recovered from it. A policy other than `Never` therefore wants a staging slot one page
//! longer than the target in whole pages.
//!
//! **Flash.** After a cut pages are read that may be torn. Where ECC reports that by a fault (NMI or bus fault on STM32), the
//! flash driver must catch it and return an error: what does not read is a difference, and is erased.
//!
//! **Trust.** A restart begins with the header: signature, hardware id, counter and base are judged again. The logged and the stored
//! patch pass the gate again too, all of it. A restart at a mark does not see the bytes before it, so [`Marks`] are for
//! [`Open`](crate::apply::Open) only.
//!
//! ```
//! use device_apply::resume::Logged;
//! use device_apply::{Applier, Stage};
//! use flash_model::{Cut, FlashError, FlashModel, Slot, Stm32L4};
//! use patcher_core::reference;
//! # use device_apply::ApplyError;
//! # use rig::{firmware, plan::Recipe};
//! # let (base, target) = firmware::pair(1, 200);
//! # let patch = Recipe::plain().encode(&base, &target).bytes();
//! /// Applies what `patch` gives from an offset on: an HTTP range, a CoAP block.
//! fn update(flash: &FlashModel<Stm32L4>, patch: &[u8]) -> Result<u32, ApplyError<FlashError, FlashError>> {
//!     let (base, staging) = (flash.slot(0..0x8_0000), flash.slot(0x8_0000..0x10_0000));
//!     let mut workspace = [0; 8192];
//!     let applier = Applier::new(base, staging, &mut workspace, &reference::ALL);
//!     let mut applier = applier.resuming(Logged::new());
//!     // The header says what the patch is, then the base is checked.
//!     let mut start = &patch[..40];
//!     while matches!(applier.progress().stage, Stage::Header | Stage::Base { .. }) {
//!         applier.push(&mut start)?;
//!     }
//!     // What is logged need not be sent again.
//!     let offset = applier.progress().patch_done;
//!     applier.seek(offset)?;
//!     for packet in patch[offset as usize..].chunks(64) {
//!         let mut rest = packet;
//!         while !rest.is_empty() {
//!             applier.push(&mut rest)?;
//!         }
//!     }
//!     while !matches!(applier.finish()?.stage, Stage::Done { .. }) {}
//!     Ok(offset)
//! }
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! flash.slot(0..0x8_0000).load(&base);
//! flash.cut_after(1_000, Cut::Before);
//! assert!(update(&flash, &patch).is_err());
//! flash.power_on();
//! let offset = update(&flash, &patch)?;
//! assert!(offset as usize > patch.len() / 3, "{offset} of {}", patch.len());
//! assert_eq!(flash.dump(0x8_0000..0x8_0000 + target.len() as u32)?, target);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Restarts at marks do not go with a gate that checks signatures:
//!
#![cfg_attr(feature = "trust", doc = "```compile_fail,E0277")]
#![cfg_attr(not(feature = "trust"), doc = "```ignore")]
//! use device_apply::resume::Marks;
//! use device_apply::{Applier, trust::Verify};
//! # use flash_model::{Slot, Stm32L4};
//! fn resume<'f>(applier: Applier<'f, Slot<'f, Stm32L4>, Slot<'f, Stm32L4>, Verify<'f>>, region: Slot<'f, Stm32L4>) {
//!     applier.resuming(Marks::snapshots(region));
//! }
//! ```
//!
//! **Reference**: docs/flash-layout.md, docs/format.md §9, docs/adr/0008-resume.md.

mod earlier;
mod frame;
pub(crate) mod journal;
mod kept;
mod logged;
pub(crate) mod marks;
mod policy;
mod record;

pub use frame::PAYLOAD_BYTES as LOG_INTERVAL_BYTES;
pub use kept::{Kept, Never};
pub use logged::Logged;
pub use marks::Marks;
pub use policy::Resume;

pub(crate) use earlier::Past;
pub(crate) use policy::{Begun, Binding, Place};
