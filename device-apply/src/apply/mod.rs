//! Applying one patch: bytes in, target slot out.
//!
//! ```text
//! chunk ──▶ gate ──▶ header ──▶ Decoder ──▶ images ──▶ writer ──▶ staging slot
//!                    in the        ▲          │
//!                    workspace     └──────────┴── base slot, earlier target
//! ```

mod applier;
pub(crate) mod digest;
pub(crate) mod gate;
pub(crate) mod header;
mod images;
mod progress;
pub(crate) mod read;
pub(crate) mod self_digest;
pub(crate) mod writer;

pub use applier::Applier;
pub use gate::{Gate, Open};
pub use progress::{Progress, Stage};
