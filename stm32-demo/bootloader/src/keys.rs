//! Who may sign, what for, and how that is checked.

use device_apply::trust::{Ecdsa, PublicKey};
use layout::header::HARDWARE_ID_BYTES;

/// What images must be made for.
pub const HARDWARE_ID: [u8; HARDWARE_ID_BYTES] = *b"patcher-demo\0\0\0\0";

/// The same of patches.
pub const PATCH_HARDWARE_ID: &[u8] = b"patcher-demo";

/// Public keys, as SEC 1 has uncompressed points. This one's private key is in the tests of this demo: a product puts its
/// own here.
pub const SIGNERS: [[u8; 65]; 1] = [include!("demo-key.in")];

/// The same, compressed, as patches are checked with.
pub const PATCH_SIGNERS: [PublicKey; 1] = [compressed(&SIGNERS[0])];

const fn compressed(point: &[u8; 65]) -> PublicKey {
    let mut key = [0; 33];
    key[0] = 2 + (point[64] & 1);
    let mut at = 1;
    while at < key.len() {
        key[at] = point[at];
        at += 1;
    }
    PublicKey(key)
}

/// The P-256 that images are verified with, for patches. It knows the keys above and no others: certificates are refused.
#[derive(Clone, Copy, Debug)]
pub struct P256;

impl Ecdsa for P256 {
    fn uncompressed(&self, key: &PublicKey) -> Option<[u8; 65]> {
        SIGNERS.into_iter().find(|point| compressed(point) == *key)
    }

    fn verifies(&self, key: &PublicKey, digest: &[u8; 32], signature: &[u8; 64]) -> bool {
        self.uncompressed(key).is_some_and(|point| p256_verify::verifies(&point, digest, signature))
    }
}
