//! MCUboot images and slots: where an image ends, where the trailer is, how an update is asked for.
//!
//! A patch is made from the signed image that a device runs to the signed image that it shall run, and gives that one bit
//! for bit, so that MCUboot verifies it as if it had been sent whole. This crate is what lies between an applier and MCUboot:
//! a [`Slot`] is flash to the applier, ends where MCUboot's own bytes begin, and writes those only when it is asked to.
//!
//! ```
//! use flash_model::{FlashModel, Stm32L4};
//! use embedded_storage::nor_flash::NorFlash;
//! use mcuboot::{Layout, Mode, Slot};
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! // As MCUboot is configured: swap using move, BOOT_MAX_ALIGN 8, BOOT_MAX_IMG_SECTORS 128.
//! let layout = Layout::new(Mode::SwapMove, 8, 128)?;
//! let mut secondary = Slot::new(flash.slot(0x8_0000..0xC_0000), layout)?;
//! secondary.erase(0, 0x800)?; // MCUboot's bytes first: what is half written is not asked for
//! secondary.write(0, &[0x3D; 32])?; // an applier writes the image here
//! secondary.set_pending(0, false)?; // boot_set_pending(0): try it once
//! assert_eq!(flash.dump(0xB_FFF0..0xB_FFF4)?, [0x77, 0xC2, 0x95, 0xF3]);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`image`] | where an image ends |
//! | [`header`], [`tlv`] | what it says |
//! | [`trailer`] | the bytes at the end of a slot, and where an image must end for them |
//! | [`slot`] | flash that is one slot: for the applier, and to mark an image pending or confirmed |
//! | [`state`], [`error`] | what a slot says, and why something was not done |
//!
//! It knows no patches. Images are little endian: MCUboot reads no others, whatever `imgtool --endian` can write.
//!
//! **Reference**: MCUboot 2.4, `docs/design.md`, `boot/bootutil/include/bootutil/image.h`, `bootutil_public.c`; checked
//! against imgtool 2.5.
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

pub mod error;
pub mod header;
pub mod image;
pub mod slot;
pub mod state;
pub mod tlv;
pub mod trailer;

pub use error::{ImageError, SlotError};
pub use header::{Header, Version};
pub use image::Image;
pub use slot::Slot;
pub use state::State;
pub use tlv::Tlv;
pub use trailer::{Layout, LayoutError, Mode};
