//! A device that checks signatures.

use core::convert::Infallible;
use std::sync::OnceLock;

use device_apply::trust::{Authenticator, Policy, PublicKey};
use device_apply::{ApplyError, Class};
use patcher_core::Header;
use patcher_core::container::writer;
use patcher_core::error::TrustError;
use rig::seal::{Key, Terms, signed as sign};

/// Keys cost time.
fn key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| Key::new(1))
}

fn judge(patch: &[u8], chunk: usize) -> Result<(), ApplyError<Infallible, Infallible>> {
    let keys = [PublicKey(key().public())];
    let policy = Policy::new(&keys, b"fuzz", 3).with_roots(&keys);
    let mut workspace = [0; 512];
    let mut authenticator = Authenticator::new(policy, &mut workspace);
    for mut rest in patch.chunks(chunk) {
        authenticator.push(&mut rest)?;
        assert!(rest.is_empty(), "all of a chunk is taken");
    }
    authenticator.finish().map(drop)
}

/// Any bytes: an error, the same at each chunking, of a patch that nobody signed.
///
/// # Panics
/// When they are trusted, or chunking matters.
pub fn unsigned(bytes: &[u8]) {
    let whole = judge(bytes, usize::MAX);
    let error = whole.expect_err("nobody signed this");
    assert!(matches!(error.class(), Class::Malformed | Class::Limit | Class::Untrusted), "{error}");
    assert_eq!(judge(bytes, 7), whole, "in chunks");
}

/// What a header with any extensions says, and any bytes as its body, signed: trusted whole, and refused with one bit changed.
///
/// The first bytes pick counter, block size and the bit.
///
/// # Panics
/// When a right patch is refused or a wrong one taken.
pub fn signed(bytes: &[u8]) {
    let Some((&[counter, block, bit_low, bit_high], body)) = bytes.split_first_chunk() else {
        return;
    };
    let plain = rig::plan::Recipe::full().header(&[], &[1; 9], 0);
    let Ok(body_len) = u32::try_from(body.len()) else { return };
    let unsigned = [&writer::write(&Header { body_len, ..plain })[..], body].concat();
    let terms = Terms {
        counter: u32::from(counter),
        hardware_id: b"fuzz".to_vec(),
        block_log2: (block % 11).checked_sub(1).map(|log2| log2 + 6),
        root: None,
    };
    let mut patch = sign(&unsigned, key(), &terms);
    let old = counter < 3;
    let expected = TrustError::Counter { expected: 3, got: u32::from(counter) };
    let expected = if old { Err(ApplyError::Trust(expected)) } else { Ok(()) };
    assert_eq!(judge(&patch, 64), expected);
    let bit = usize::from(u16::from_le_bytes([bit_low, bit_high])) % (8 * patch.len());
    patch[bit / 8] ^= 1 << (bit % 8);
    assert!(judge(&patch, 64).is_err(), "bit {bit}");
}
