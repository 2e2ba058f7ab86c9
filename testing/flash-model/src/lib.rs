//! A NOR flash model as strict as silicon, for tests.
//!
//! It refuses what real flash refuses, loses power when told to, and counts. Two slots of one
//! device, a cut, and its replay:
//!
//! ```
//! use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
//! use flash_model::{Cut, FlashError, FlashModel, Stm32L4, Tear};
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! flash.slot(0..0x8000).load(b"the base image");
//! flash.protect_outside(0x8_0000..0x8_8000);
//!
//! // What is under test: copies eight write units from one slot to the other.
//! fn update(flash: &FlashModel<Stm32L4>) -> Result<(), FlashError> {
//!     let mut base = flash.slot(0..0x8000);
//!     let mut staging = flash.slot(0x8_0000..0x8_8000);
//!     staging.erase(0, 0x800)?;
//!     for offset in (0..64).step_by(8) {
//!         let mut unit = [0; 8];
//!         base.read(offset, &mut unit)?;
//!         staging.write(offset, &unit)?;
//!     }
//!     Ok(())
//! }
//!
//! // One cut: power fails inside the fifth operation; the torn write unit then faults.
//! let before = flash.snapshot();
//! flash.cut_after(4, Cut::Inside(Tear::Mixed(7)));
//! assert_eq!(update(&flash), Err(FlashError::PowerLost));
//! flash.power_on();
//! let mut unit = [0; 8];
//! let torn = flash.slot(0x8_0000..0x8_8000).read(24, &mut unit);
//! assert_eq!(torn, Err(FlashError::Ecc { address: 0x8_0018 }));
//!
//! // All cuts: record one uncut run, then recover from every image that a cut can leave.
//! flash.restore(&before);
//! flash.record();
//! update(&flash).unwrap();
//! let log = flash.take_log().unwrap();
//! for point in log.cut_points(&[Tear::Blank, Tear::Mixed(1), Tear::Seeded(2)]) {
//!     update(&point.flash).unwrap();
//!     let copied = point.flash.dump(0x8_0000..0x8_0008).unwrap();
//!     assert_eq!(copied, b"the base", "{:?} of operation {}", point.cut, point.index);
//! }
//! assert_eq!(flash.stats().operations(), 9);
//! assert_eq!(flash.stats().refusals, 0);
//! ```
//!
//! The tour:
//!
//! - [`Geometry`] says what differs between parts; the marker types ([`Stm32L4`], [`Stm32U5`],
//!   ...) name real ones, [`Part`] is for more.
//! - [`FlashModel`] is a device, [`Slot`] a part of it with the `embedded-storage` traits;
//!   [`FlashError`] is what both refuse with.
//! - [`Cut`] says where in an operation power fails, [`Tear`] what a torn operation leaves,
//!   [`UnitState`] what became of a write unit.
//! - [`Snapshot`], [`Log`] and [`CutPoint`] are for sweeps over all cuts; [`Stats`] counts.
//!
//! # Units
//!
//! An *operation* is one write unit programmed or one page erased. A write of 256 bytes to an
//! STM32L4 is 32 operations, and a cut can fall into each.
//!
//! # What it does not do
//!
//! Bits do not fade, and pages do not wear out: [`FlashModel::wear`] counts, the test judges.
//! A torn write unit without ECC reads the same each time, where silicon may flicker. Single-bit
//! errors, which ECC corrects, do not happen. Register sequences belong to the emulator.

mod cells;
mod device;
mod error;
mod geometry;
mod log;
mod model;
mod parts;
mod power;
mod slot;
mod stats;
mod stored;
mod tear;
mod unit;

pub use error::FlashError;
pub use geometry::{
    Ecc, Geometry, MAX_WRITE_BYTES, MultiwritePart, Page, PageRun, Part, Reprogram, Rules, Shape,
    Source, Timing,
};
pub use log::{CutPoint, Log, Operation, UnitBytes};
pub use model::{FlashModel, Snapshot};
pub use parts::{
    Nrf52, Nrf91, Stm32F4, Stm32G0, Stm32G4, Stm32H5, Stm32H7, Stm32L0, Stm32L4, Stm32U5, Stm32Wl,
};
pub use power::Cut;
pub use slot::Slot;
pub use stats::Stats;
pub use stored::Stored;
pub use tear::Tear;
pub use unit::UnitState;
