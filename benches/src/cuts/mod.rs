//! Power cuts at every flash operation of an update, and what becomes of it.
//!
//! One uncut run is recorded. Then, for each of its operations, flash is what a cut before, inside or after it leaves, and the
//! update goes on from there to its end: only the recovery is run. Of a sample of those recoveries the operations are cut
//! again.

mod device;
mod in_place;
mod known;
mod ledger;
mod sweep;
mod update;
mod watched;

pub use device::{Device, Policy, RESUMING, Traffic};
pub use in_place::sweep_in_place;
pub use sweep::{Effort, Findings, sweep};
pub use update::Update;
