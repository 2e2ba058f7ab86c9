//! What a device would say to a patch.

use p256::ecdsa::Signature;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use patcher_core::container::bundle::{BUNDLE_DOMAIN, Index};
use patcher_core::container::trust::{
    BLOCK_DIGEST_BYTES, CERTIFICATE_DOMAIN, PATCH_DOMAIN, SIGNATURE_BYTES, Trust,
};
use patcher_core::error::TrustError;

use super::key::PublicKey;
use crate::digest::sha256;
use crate::info::Info;

/// Whose patches are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Keys that sign patches.
    pub signers: Vec<PublicKey>,
    /// Keys that certify signing keys.
    pub roots: Vec<PublicKey>,
    /// The hardware id that a patch must have; `None` for any.
    pub hardware_id: Option<Vec<u8>>,
    /// Least security counter.
    pub security_counter: u32,
}

impl Policy {
    /// Checks signature, certificate, hardware id, counter, and the digests of the whole body, in the order of §2.1.
    ///
    /// # Errors
    /// [`TrustError`]: the first thing that is wrong.
    pub fn check(&self, patch: &Info<'_>) -> Result<(), TrustError> {
        let trust = patch.trust.as_ref().ok_or(TrustError::Unsigned)?;
        self.check_trust(PATCH_DOMAIN, trust)?;
        check_payload(patch, trust)
    }

    /// Checks signature, certificate, hardware id and counter of a bundle's index; its patches have their own.
    ///
    /// # Errors
    /// [`TrustError`]: the first thing that is wrong.
    pub fn check_index(&self, index: &Index<'_>) -> Result<(), TrustError> {
        self.check_trust(BUNDLE_DOMAIN, index.trust.as_ref().ok_or(TrustError::Unsigned)?)
    }

    fn check_trust(&self, domain: &[u8], trust: &Trust<'_>) -> Result<(), TrustError> {
        self.check_signatures(domain, trust)?;
        if self.hardware_id.as_ref().is_some_and(|id| id != trust.hardware_id) {
            return Err(TrustError::Hardware);
        }
        let (expected, got) = (self.security_counter, trust.security_counter);
        if got < expected {
            return Err(TrustError::Counter { expected, got });
        }
        Ok(())
    }

    fn check_signatures(&self, domain: &[u8], trust: &Trust<'_>) -> Result<(), TrustError> {
        let held = if trust.certificate.is_some() { &self.roots } else { &self.signers };
        let mut keys: Vec<PublicKey> =
            held.iter().filter(|key| key.id() == trust.key_id).copied().collect();
        if keys.is_empty() {
            return Err(TrustError::Key { got: trust.key_id });
        }
        if let Some(certificate) = &trust.certificate {
            let text = [CERTIFICATE_DOMAIN, certificate.message].concat();
            let otherwise = TrustError::Certificate;
            check_signature(&keys, &text, certificate.signature, otherwise)?;
            let key = PublicKey::from_compressed(certificate.public_key).ok_or(otherwise)?;
            let (expected, got) = (certificate.last_counter, trust.security_counter);
            if got > expected {
                return Err(TrustError::Expired { expected, got });
            }
            keys = vec![key];
        }
        let text = [domain, trust.message].concat();
        check_signature(&keys, &text, trust.signature, TrustError::Signature)
    }
}

fn check_signature(
    keys: &[PublicKey],
    text: &[u8],
    signature: &[u8; SIGNATURE_BYTES],
    otherwise: TrustError,
) -> Result<(), TrustError> {
    let signature = Signature::from_slice(signature).map_err(|_| otherwise)?;
    if signature.normalize_s() != signature {
        return Err(TrustError::HighS);
    }
    let digest = sha256(text);
    let signed = keys.iter().any(|key| key.point().verify_prehash(&digest, &signature).is_ok());
    if signed { Ok(()) } else { Err(otherwise) }
}

fn check_payload(patch: &Info<'_>, trust: &Trust<'_>) -> Result<(), TrustError> {
    let block_bytes = patch.block_bytes.map_or(usize::MAX, |bytes| bytes as usize);
    let mut expected = trust.body_digest;
    let mut rest = patch.payload;
    let mut block_at = 0;
    loop {
        let (block, others) = rest.split_at(block_bytes.min(rest.len()));
        if !sha256(block).starts_with(&expected) {
            return Err(TrustError::Body { block_at });
        }
        if others.is_empty() {
            return Ok(());
        }
        expected = core::array::from_fn::<u8, BLOCK_DIGEST_BYTES, _>(|index| block[index]);
        block_at += patch.block_bytes.unwrap_or(0);
        rest = others;
    }
}
