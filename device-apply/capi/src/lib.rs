//! `device-apply` for C: a static library, with `include/patcher_apply.h` as its documentation.
//!
//! ```text
//! C program ──▶ patcher_begin, patcher_push, patcher_finish ──▶ device_apply::Applier
//!     ▲         patcher_boot_…, patcher_update_handle       ──▶ boot, update
//!     └──────── read, erase, write (patcher_flash) ◀──────────── embedded-storage traits
//! ```
//!
//! All memory is the caller's, nothing is global, and no function keeps state but in a [`Applier`](applier::Applier). The geometry
//! of the flash is that of the library's build: `PATCHER_PAGE_BYTES` (2048) and `PATCHER_WRITE_BYTES` (8) in its environment; another
//! one is refused when it is used.
//!
//! This is the only unsafe code beside board support: each block says what it relies on, and the header says it to C.
#![no_std]
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

#[cfg(not(target_os = "none"))]
extern crate std;

pub mod applier;
pub mod boot;
pub mod code;
pub mod flash;
pub mod update;

#[cfg(all(target_os = "none", feature = "panic-handler"))]
mod panic;
