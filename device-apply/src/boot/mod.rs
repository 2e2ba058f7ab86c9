//! Which image to start: all that a bootloader needs beside flash and signatures.
//!
//! [`decide`] is a pure function over what is [recorded](Record) of both slots and what this start [knows](Evidence); its table is
//! docs/boot-decision.md. [`select`] runs it to its end over a [`Journal`](crate::journal::Journal), and writes down what it wants
//! written *before* the image runs.
//!
//! ```
//! use device_apply::boot::{self, Check, Image, ImageRecord, Record, Reset, Slot, Start};
//! use device_apply::journal::Journal;
//! use flash_model::{FlashModel, Stm32L4};
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! let mut journal = Journal::open(flash.slot(0xF_F000..0x10_0000))?;
//!
//! // The application, after an update: slot B holds the target.
//! let image = |counter| ImageRecord { len: 3, version: 2, security_counter: counter, digest: [7; 32] };
//! let factory = Record::factory(Slot::A, image(1));
//! journal.append(&factory.request(Slot::B, image(2)))?;
//!
//! // The bootloader. `verify` hashes the image and checks its signature; here both are right.
//! let start = Start { reset: Reset::Other, trial_boots: 3 };
//! let verify = |image: Image, record: &Record| match image {
//!     Image::Slot(slot) => Check::Valid { security_counter: record.image(slot).security_counter },
//!     Image::Golden => Check::Invalid,
//! };
//! let choice = boot::select(&mut journal, &start, verify);
//! assert_eq!(choice, Some(Image::Slot(Slot::B))); // its first trial
//!
//! // The watchdog bites before the application confirms: back to the old image.
//! let start = Start { reset: Reset::Watchdog, ..start };
//! assert_eq!(boot::select(&mut journal, &start, verify), Some(Image::Slot(Slot::A)));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod decide;
mod layout;
mod record;
mod select;
pub mod single;

pub use decide::{Check, Evidence, MAX_STEPS, Step, decide};
pub use record::{Change, Image, ImageRecord, Reason, Record, RequestError, Slot, State};
pub use select::{Reset, Start, select};
