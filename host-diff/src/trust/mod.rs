//! Who made a patch: keys, signing, checking.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`key`] | private and public keys as PEM |
//! | [`sign`] | patches and certificates before they are signed, and the signature put in |
//! | [`check`] | what a device would say |
//!
//! Signing comes in two steps, so that the private key may be elsewhere:
//!
//! ```
//! use host_diff::image::FlatImage;
//! use host_diff::info::Info;
//! use host_diff::trust::{Policy, PrivateKey, Terms, Unsigned};
//! use host_diff::{Options, create_full};
//!
//! let patch = create_full(&FlatImage::from_raw(vec![7; 900]), &Options::default())?;
//! let key = PrivateKey::generate()?;
//! let terms = Terms { hardware_id: b"meter-2".to_vec(), security_counter: 3, ..Terms::default() };
//! let unsigned = Unsigned::patch(&patch.bytes, &key.public(), &terms)?;
//! let signature = key.sign(&unsigned); // or `unsigned.digest()` signed by an HSM
//! let signed = unsigned.attach(&signature)?;
//! assert_eq!(signed.len(), patch.bytes.len() + 88 + 7);
//!
//! let policy = Policy { signers: vec![key.public()], ..Policy::default() };
//! policy.check(&Info::read(&signed)?)?;
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! **Reference**: docs/format.md §2.1.

pub mod check;
pub mod key;
pub mod sign;

pub use check::Policy;
pub use key::{KeyError, PrivateKey, PublicKey};
pub use sign::{Certificate, SignError, Terms, Unsigned};
