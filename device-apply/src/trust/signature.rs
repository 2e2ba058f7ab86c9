//! Signatures of what begins with a domain, over SHA-256.

use patcher_core::container::trust::{KEY_ID_BYTES, SIGNATURE_BYTES};
use patcher_core::error::TrustError;
use sha2::{Digest as _, Sha256};

use super::ecdsa::Ecdsa;
use super::policy::PublicKey;

/// (n - 1) / 2, with the order n of the group (FIPS 186-5, SP 800-186 3.2.1.3), big endian.
const HALF_ORDER: [u8; 32] = [
    0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0x00, 0x00, 0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xDE, 0x73, 0x7D, 0x56, 0xD3, 0x8B, 0xCF, 0x42, 0x79, 0xDC, 0xE5, 0x61, 0x7E, 0x31, 0x92, 0xA8,
];

/// A signature and what it is said to be of.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) domain: &'static [u8],
    pub(super) message: &'a [u8],
    pub(super) signature: &'a [u8; SIGNATURE_BYTES],
}

/// Whether `id` names a key; one that is no point of the curve has no name.
pub(super) fn has_id(ecdsa: &dyn Ecdsa, key: &PublicKey, id: [u8; KEY_ID_BYTES]) -> bool {
    ecdsa.uncompressed(key).is_some_and(|point| {
        let digest: [u8; 32] = Sha256::digest(point).into();
        digest.starts_with(&id)
    })
}

impl Signed<'_> {
    /// Whether one of `keys` made the signature; `otherwise` if none did.
    #[inline(never)]
    pub(super) fn by(
        &self,
        ecdsa: &dyn Ecdsa,
        keys: &mut dyn Iterator<Item = &PublicKey>,
        otherwise: TrustError,
    ) -> Result<(), TrustError> {
        let (_, s) = self.signature.split_at(SIGNATURE_BYTES / 2);
        if s > HALF_ORDER.as_slice() {
            return Err(TrustError::HighS);
        }
        let digest: [u8; 32] =
            Sha256::new_with_prefix(self.domain).chain_update(self.message).finalize().into();
        for key in keys {
            if ecdsa.verifies(key, &digest, self.signature) {
                return Ok(());
            }
        }
        Err(otherwise)
    }
}
