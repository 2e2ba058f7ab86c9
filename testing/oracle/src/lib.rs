//! A slow, obvious, independent decoder written from docs/format.md.
//!
//! It is the referee of `patcher-core`: one small module per chapter of the specification, whole images in memory, tables
//! computed from their formulas, nothing shared with the decoder that ships. Where both disagree, one of them or the
//! specification is wrong.
//!
//! | module | chapter |
//! | --- | --- |
//! | `header` | §2 |
//! | `trust` | §2.1 |
//! | `body` (`fill`) | §2.3 |
//! | `sizes`, `workspace`, `priors` | §3, the registers of §6 |
//! | `range`, `counter`, `mixer`, `hash`, `symbols` | §4 |
//! | `region`, `isa`, `map`, `cache` | §5 |
//! | `body` | §6 |
//! | `values`, `layout` | §7 |
//! | `extras` | §8 |
//! | `seen` | §5.3 |
//! | `marks` | §9 |
//! | `units`, `diffs` | §10 |
//! | `reject` | §11 |
//! | `bundle` | §16 |
//!
//! A full image of no bytes is the smallest patch:
//!
//! ```
//! let mut patch = vec![0x80, 0, 8, 0, 0, 0];
//! patch.extend(&oracle::sha256(b"")[..8]);
//! assert_eq!(oracle::decode(b"", &patch), Ok(vec![]));
//! patch.push(0);
//! assert_eq!(oracle::decode(b"", &patch), Err(oracle::Reject::TrailingData));
//! ```

mod body;
pub mod bundle;
mod cache;
mod counter;
mod diffs;
mod extras;
mod hash;
pub mod header;
mod isa;
mod layout;
mod map;
mod marks;
mod mixer;
mod priors;
mod range;
mod region;
mod reject;
mod seen;
mod sizes;
mod symbols;
pub mod trust;
mod units;
mod values;
mod workspace;

use sha2::{Digest, Sha256};

pub use body::Step;
pub use range::{Answer, Decision};
pub use region::{Region, Regions};
pub use reject::Reject;

/// What can be seen while a patch is decoded.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The target image.
    pub image: Vec<u8>,
    /// The persisted state right after each mark (§9).
    pub states: Vec<Vec<u8>>,
    /// The first values of the body.
    pub steps: Vec<Step>,
}

/// SHA-256 of some bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

/// Rebuilds the target image of `patch`, and checks both digests. A full image ignores `base`.
///
/// # Errors
/// A wrong base before anything else that follows the header; a wrong target after everything else.
pub fn decode(base: &[u8], patch: &[u8]) -> Result<Vec<u8>, Reject> {
    let header = header::parse(patch)?;
    check(&header, patch)?;
    if !header.full && !sha256(base).starts_with(&header.base_digest) {
        return Err(Reject::WrongBase);
    }
    let image = observe(base, patch, 0)?.image;
    if !sha256(&image).starts_with(&header.target_digest) {
        return Err(Reject::WrongTarget);
    }
    Ok(image)
}

/// Rebuilds the target image without looking at the digests, and tells what it saw: the state after each mark, and the
/// first `steps_wanted` values of the body.
///
/// # Errors
/// The first broken rule in the order of decoding. A base of another length than the header's is a wrong base.
///
/// # Panics
/// Never, on a platform whose `usize` has 32 bits or more.
pub fn observe(base: &[u8], patch: &[u8], steps_wanted: usize) -> Result<Observed, Reject> {
    let header = header::parse(patch)?;
    let base_len = usize::try_from(header.base_len).expect("32 bits");
    if !header.full && base.len() != base_len {
        return Err(Reject::WrongBase);
    }
    let body = &patch[header.len_bytes()..];
    observe_body(base, &header, body, steps_wanted)
}

/// Steps 1 to 7 of §2.1, then the same as [`decode`].
///
/// # Errors
/// Those of [`trust::check`] first.
pub fn decode_trusted(
    base: &[u8],
    patch: &[u8],
    device: &trust::Device,
) -> Result<Vec<u8>, Reject> {
    let (header, body) = trust::check(patch, device)?;
    check(&header, patch)?;
    if !header.full && !sha256(base).starts_with(&header.base_digest) {
        return Err(Reject::WrongBase);
    }
    let image = observe_body(base, &header, &body, 0)?.image;
    if !sha256(&image).starts_with(&header.target_digest) {
        return Err(Reject::WrongTarget);
    }
    Ok(image)
}

/// Compares the check of a patch that is applied in place (§2.2), of which there is all.
fn check(header: &header::Header, patch: &[u8]) -> Result<(), Reject> {
    let Some(slot) = &header.in_place else { return Ok(()) };
    let (before, after) = patch.split_at(header.len_bytes());
    let bytes = before[..before.len() - 4].iter().chain(after);
    if crc32(bytes) == slot.check { Ok(()) } else { Err(Reject::Check) }
}

/// CRC-32 of IEEE 802.3, bit by bit.
fn crc32<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    !bytes.fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}

fn observe_body(
    base: &[u8],
    header: &header::Header,
    body: &[u8],
    steps_wanted: usize,
) -> Result<Observed, Reject> {
    let base = if header.full { &[] } else { base };
    let observed = body::Body::new(header, base, body, steps_wanted)?.decode()?;
    if body.len() > usize::try_from(header.body_len).expect("32 bits") {
        return Err(Reject::TrailingData);
    }
    Ok(observed)
}
