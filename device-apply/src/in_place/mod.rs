//! Updates that overwrite their own base: one slot, the patch stored elsewhere.
//!
//! ```text
//! slide    slot  │ base ───────────▶ moved up │ slack │     first, page by page from the last on
//!                │ target pages ──▶ │ base that is left │   then, page by page from the first on
//! scratch  slot  │ target pages ──▶ │ base that is left │   each base page goes to the scratch first,
//!                                                           whose pages are used in turn
//! ```
//!
//! Nothing is erased before the whole patch is right, signed if it has to be, made for this slot, and the base is the one that it
//! was made for. After the first erase there is no way back but a golden image or a stored reverse patch.
//!
//! # Power loss
//! A **step** is one page: of the base moved or saved, or of the target written. It reads nothing that it overwrites, so it can be done
//! again; once it is done, a record in the journal of steps says so. At each restart mark of the patch the decoder's state goes to the
//! journal of marks. After a cut, make an [`InPlace`] with the same parts and call [`step`](InPlace::step) until it is done: the decoder
//! starts from the last mark, pages that are finished stay as they are, and the one that was unfinished is erased and written again.
//! What is left is bound to the patch by the SHA-256 of its header. No other patch can go on with it, and the base cannot be checked any more:
//! an update that has begun must be ended with the same patch.
//!
//! A device must not start the image in the slot while an update is unfinished; its bootloader, or an updater beside the slot, ends it first.
//! Where ECC reports torn units by a fault (NMI or bus fault on STM32), the flash driver must catch it and return an error.
//!
//! ```
//! use device_apply::in_place::{InPlace, Parts, Stage};
//! use flash_model::{Cut, FlashError, FlashModel, Slot, Stm32L4};
//! use patcher_core::reference;
//! # use device_apply::in_place::InPlaceError;
//! # use patcher_core::container::in_place::{self, Form};
//! # use rig::{firmware, plan::Recipe};
//! # let (base, target) = firmware::pair(1, 200);
//! # let pages = u16::try_from(base.len().max(target.len()).div_ceil(2048)).unwrap();
//! # let slot = in_place::InPlace {
//! #     page_log2: 11, slot_pages: pages + 4, form: Form::Slide, reserve_pages: 4, resets: false, check: 0,
//! # };
//! # let patch = Recipe::plain().with_marks(12, false).in_place(slot).encode(&base, &target).bytes();
//! # let slot_bytes = slot.slot_bytes();
//! fn update(flash: &FlashModel<Stm32L4>, slot_bytes: u32) -> Result<u32, InPlaceError<FlashError, FlashError>> {
//!     let parts = Parts {
//!         slot: flash.slot(0..slot_bytes), // as `create --slot-size` was told
//!         scratch: None,
//!         steps: flash.slot(0x4_0000..0x4_1000),
//!         marks: Some(flash.slot(0x4_1000..0x4_3000)),
//!     };
//!     let patch = flash.slot(0x8_0000..0x9_0000);
//!     let mut workspace = [0; 8192];
//!     let mut update = InPlace::new(patch, parts, &mut workspace, &reference::ALL)?;
//!     loop {
//!         if let Stage::Done { target_len } = update.step()?.stage {
//!             return Ok(target_len);
//!         }
//!     }
//! }
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! flash.slot(0..slot_bytes).load(&base);
//! flash.slot(0x8_0000..0x9_0000).load(&patch);
//! flash.cut_after(1500, Cut::After);
//! update(&flash, slot_bytes).unwrap_err(); // the power fails
//! flash.power_on();
//! let target_len = update(&flash, slot_bytes)?;
//! assert_eq!(flash.dump(0..target_len)?, target);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! **Reference**: docs/format.md §2.2, docs/flash-layout.md §8, docs/adr/0013.

mod applier;
mod check;
mod error;
mod pages;
mod plan;
mod progress;
mod record;
mod restart;
mod view;

pub use applier::{InPlace, Parts};
pub use error::InPlaceError;
pub use progress::{Progress, Stage};
