//! ECDSA by the crate `p256`.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use patcher_core::container::trust::SIGNATURE_BYTES;

use super::ecdsa::Ecdsa;
use super::policy::PublicKey;

/// The crate `p256`.
#[derive(Clone, Copy, Debug)]
pub(super) struct P256;

impl Ecdsa for P256 {
    fn uncompressed(&self, key: &PublicKey) -> Option<[u8; 65]> {
        let key = VerifyingKey::from_sec1_bytes(&key.0).ok()?;
        key.to_sec1_point(false).as_bytes().try_into().ok()
    }

    fn verifies(
        &self,
        key: &PublicKey,
        digest: &[u8; 32],
        signature: &[u8; SIGNATURE_BYTES],
    ) -> bool {
        let (Ok(key), Ok(signature)) =
            (VerifyingKey::from_sec1_bytes(&key.0), Signature::from_slice(signature))
        else {
            return false;
        };
        key.verify_prehash(digest, &signature).is_ok()
    }
}
