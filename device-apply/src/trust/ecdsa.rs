//! What a device has for ECDSA.

use core::fmt::Debug;

use patcher_core::container::trust::SIGNATURE_BYTES;

use super::policy::PublicKey;

/// ECDSA over P-256, by whatever a device has for it: a crate, a peripheral, a library in ROM.
///
/// With the feature `p256` there is one, and [`Policy::new`](super::Policy::new) uses it. A bootloader that verifies images
/// already gives what it does that with to [`Policy::checking_with`](super::Policy::checking_with), and links one P-256 instead of two.
pub trait Ecdsa: Debug + Sync {
    /// The key in the uncompressed form of SEC 1: 4, x, y. `None` when it is no point of the curve.
    fn uncompressed(&self, key: &PublicKey) -> Option<[u8; 65]>;

    /// Whether `key` made `signature`, r and s in big endian, of a message whose SHA-256 is `digest`.
    ///
    /// That s is in the lower half was checked; no other property of the signature was.
    fn verifies(
        &self,
        key: &PublicKey,
        digest: &[u8; 32],
        signature: &[u8; SIGNATURE_BYTES],
    ) -> bool;
}
