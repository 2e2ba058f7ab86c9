//! Real firmware images to measure on: a manifest of facts, a cache of bytes, and the fetcher between.
//!
//! The repository holds no third-party image. [`Manifest`] names each one (package, file inside, conversion, size,
//! SHA-256) and the pairs they form; [`fetch`] has the ordinary package clients bring them into a [`Cache`]; the cache
//! hands out bytes only after checking them.
//!
//! ```
//! use corpora::{Manifest, Set, Split};
//!
//! let manifest = Manifest::load()?;
//! assert_eq!(manifest.pairs_in(Set::Benchmark).count(), 14);
//! for pair in manifest.pairs_of(Split::Test) {
//!     println!("{pair}: {} to {} bytes", pair.base.size_bytes, pair.target.size_bytes);
//! }
//! # Ok::<(), corpora::ManifestError>(())
//! ```
//!
//! Loading the bytes of a pair, in a test that may run where nothing was fetched:
//!
//! ```no_run
//! use corpora::{Cache, CacheError, Manifest, Set};
//!
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! let cache = Cache::locate()?;
//! for pair in Manifest::load()?.pairs_in(Set::Benchmark) {
//!     match cache.pair(pair) {
//!         Ok((base, target)) => assert_ne!(base, target),
//!         Err(missing @ CacheError::Missing { .. }) => eprintln!("skipped: {missing}"),
//!         Err(error) => return Err(error.into()),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod cache;
mod convert;
mod digest;
pub mod fetch;
mod manifest;
mod split;
mod unpack;

pub use cache::{Cache, CacheError, CorruptImage, LocateError};
pub use convert::{ConvertError, Pipeline, PipelineError, Step};
pub use digest::{Digest, DigestError};
pub use manifest::{
    Class, Image, Manifest, ManifestError, Package, Pair, Peer, Peers, Set, Source,
};
pub use split::Split;
pub use unpack::UnpackError;
