//! ECDSA over P-256: checking signatures, in as little code as goes.
//!
//! For bootloaders, where a kilobyte of flash costs more than a tenth of a second. Everything that goes in is public, so nothing here
//! takes the same time for all inputs: the crate must not touch a private key, and has no function that takes one.
//!
//! ```
//! use p256::ecdsa::{SigningKey, Signature, signature::hazmat::PrehashSigner};
//!
//! let signer = SigningKey::from_slice(&[7; 32])?;
//! let digest = [1; 32];
//! let signature: Signature = signer.sign_prehash(&digest)?;
//! let key = signer.verifying_key().to_sec1_point(false);
//! let key = key.as_bytes().try_into()?;
//! assert!(p256_verify::verifies(key, &digest, &signature.to_bytes().into()));
//! assert!(!p256_verify::verifies(key, &[2; 32], &signature.to_bytes().into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! | --- | --- |
//! | `curve` | points, their one addition, sums of multiples |
//! | `ecdsa` | what a signature has to fulfil |
//!
//! Numbers modulo a prime are `crypto-bigint`'s.
//!
//! **Reference** SEC 1 v2 §4.1.4 (verification), SEC 2 v2 §2.4.2 (the curve), FIPS 186-5 §6.4.2.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_arithmetic
)]

mod curve;
mod ecdsa;

pub use ecdsa::verifies;
