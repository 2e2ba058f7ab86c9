//! Areas of flash.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `controller` | erase and program, step by step as the manual has them |
//! | `pending` | the operation that was begun last, and one that failed |
//! | `place` | a byte of a physical bank in one word |
//! | `read` | reads that find torn words instead of dying of them |
//! | `area` | both behind `embedded-storage` |
//! | `error` | what can go wrong |

mod area;
mod controller;
mod error;
mod pending;
mod place;
mod read;

pub use area::FlashArea;
pub use controller::{settle, sleep_while_busy};
pub use error::FlashError;
pub use read::on_nmi;
