//! Applying one patch: bytes in, target slot out.
//!
//! ```text
//! chunk ──▶ header ──▶ Decoder ──▶ images ──▶ writer ──▶ staging slot
//!           in the        ▲          │
//!           workspace     └──────────┴── base slot, earlier target
//! ```

mod applier;
mod digest;
mod header;
mod images;
mod progress;
mod read;
mod writer;

pub use applier::Applier;
pub use progress::{Progress, Stage};
