//! The boot decision of a device with one slot, whose bootloader applies patches in place.
//!
//! [`decide`] is a pure function over what is [recorded](Record) of the slot and what this start [knows](Evidence); its table is
//! docs/boot-decision.md, "One slot". [`select`] runs it to its end over a [`Journal`](crate::journal::Journal) and a [`Device`], which
//! verifies images and applies staged patches; what it wants written is written *before* an image runs.
//!
//! ```
//! use device_apply::boot::single::{self, Device, Found, Image, Patch, Record, State, Way};
//! use device_apply::boot::{ImageRecord, Reset, Start};
//! use device_apply::journal::Journal;
//! use flash_model::{FlashModel, Stm32L4};
//!
//! fn image(number: u8) -> ImageRecord {
//!     ImageRecord { len: 3, version: number.into(), security_counter: number.into(), digest: [number; 32] }
//! }
//!
//! /// A slot whose image is the number of the patch that was applied last.
//! struct Slot(u8);
//!
//! impl Device for Slot {
//!     fn verify(&mut self, wanted: Image) -> Found {
//!         match wanted {
//!             Image::Slot => Found::Valid(image(self.0)), // reads all of it, checks digest and signature
//!             Image::Golden => Found::Invalid,
//!         }
//!     }
//!     fn apply(&mut self, way: Way, _: &Record) -> Patch {
//!         self.0 = if way == Way::Forward { 2 } else { 1 }; // device_apply::in_place
//!         Patch::Applied
//!     }
//! }
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! let mut journal = Journal::open(flash.slot(0xF_F000..0x10_0000))?;
//! let mut device = Slot(1);
//!
//! // The application, once a patch and the patch of the way back are staged.
//! journal.append(&Record::factory(image(1)).request(true))?;
//!
//! // The bootloader: applies the patch, and tries what came of it.
//! let start = Start { reset: Reset::Other, trial_boots: 3 };
//! assert_eq!(single::select(&mut journal, &start, &mut device), Some(Image::Slot));
//! assert_eq!(journal.latest().unwrap().state(), State::Trial { boots: 1 });
//!
//! // The watchdog bites before the application confirms: the old image is made again from the new one.
//! let start = Start { reset: Reset::Watchdog, ..start };
//! assert_eq!(single::select(&mut journal, &start, &mut device), Some(Image::Slot));
//! assert_eq!((device.0, journal.latest().unwrap().state()), (1, State::Idle));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod decide;
mod layout;
mod record;
mod select;

pub use decide::{Evidence, Found, Image, MAX_STEPS, Patch, Step, Way, decide};
pub use record::{Change, Ended, NotOnTrial, Record, State};
pub use select::{Device, select};
