//! ECDSA over P-256 and SHA-256.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use patcher_core::container::trust::{KEY_ID_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use patcher_core::error::TrustError;
use sha2::{Digest as _, Sha256};

/// (n - 1) / 2, with the order n of the group (FIPS 186-5, SP 800-186 3.2.1.3), big endian.
const HALF_ORDER: [u8; 32] = [
    0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xDE, 0x73, 0x7D, 0x56, 0xD3, 0x8B, 0xCF, 0x42, 0x79, 0xDC, 0xE5, 0x61, 0x7E, 0x31, 0x92, 0xA8,
];

/// A public key that is a point of the curve.
pub(super) struct Key(VerifyingKey);

/// A signature and what it is said to be of.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) domain: &'static [u8],
    pub(super) message: &'a [u8],
    pub(super) signature: &'a [u8; SIGNATURE_BYTES],
}

impl Key {
    pub(super) fn new(compressed: &[u8; PUBLIC_KEY_BYTES]) -> Option<Self> {
        VerifyingKey::from_sec1_bytes(compressed).ok().map(Self)
    }

    pub(super) fn has_id(&self, id: [u8; KEY_ID_BYTES]) -> bool {
        let digest: [u8; 32] = Sha256::digest(self.0.to_sec1_point(false).as_bytes()).into();
        digest.starts_with(&id)
    }
}

impl Signed<'_> {
    /// Whether one of `keys` made the signature; `otherwise` if none did.
    #[inline(never)]
    pub(super) fn by(
        &self,
        keys: &mut dyn Iterator<Item = Key>,
        otherwise: TrustError,
    ) -> Result<(), TrustError> {
        let (_, s) = self.signature.split_at(SIGNATURE_BYTES / 2);
        if s > HALF_ORDER.as_slice() {
            return Err(TrustError::HighS);
        }
        let signature = Signature::from_slice(self.signature).map_err(|_| otherwise)?;
        let digest: [u8; 32] =
            Sha256::new_with_prefix(self.domain).chain_update(self.message).finalize().into();
        for key in keys {
            if key.0.verify_prehash(&digest, &signature).is_ok() {
                return Ok(());
            }
        }
        Err(otherwise)
    }
}
