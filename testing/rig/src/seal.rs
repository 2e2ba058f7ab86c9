//! Signed patches, with keys that are no secret.

use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use patcher_core::Header;
use patcher_core::container::trust::{
    BLOCK_DIGEST_BYTES, CERTIFICATE_DOMAIN, KEY_ID_BYTES, PATCH_DOMAIN, PUBLIC_KEY_BYTES,
    SIGNATURE_BYTES,
};
use patcher_core::container::{varint, writer};
use sha2::{Digest, Sha256};

/// A key pair that everyone can make.
#[derive(Debug, Clone)]
pub struct Key(SigningKey);

impl Key {
    /// The same for the same `seed`.
    ///
    /// # Panics
    /// Never: a digest is a key unless it is above the order of the group, with a chance of 2^-32.
    #[must_use]
    pub fn new(seed: u8) -> Self {
        let secret: [u8; 32] = Sha256::digest([b'k', seed]).into();
        Self(SigningKey::from_slice(&secret).expect("a digest below the order"))
    }

    /// The public key, compressed.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn public(&self) -> [u8; PUBLIC_KEY_BYTES] {
        let point = self.0.verifying_key().to_sec1_point(true);
        point.as_bytes().try_into().expect("33 bytes")
    }

    /// The public key, uncompressed.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn uncompressed(&self) -> [u8; 65] {
        let point = self.0.verifying_key().to_sec1_point(false);
        point.as_bytes().try_into().expect("65 bytes")
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> [u8; KEY_ID_BYTES] {
        prefix(&self.uncompressed())
    }

    /// Its signature of `message` under `domain`, with s in the lower half.
    ///
    /// # Panics
    /// Never: a digest can always be signed.
    #[must_use]
    pub fn sign(&self, domain: &[u8], message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let digest = Sha256::new_with_prefix(domain).chain_update(message).finalize();
        let signature: Signature = self.0.sign_prehash(&digest).expect("32 bytes");
        signature.normalize_s().to_bytes().into()
    }

    /// A certificate of this key for `key`.
    #[must_use]
    pub fn certify(&self, key: &Self, last_counter: u32) -> Vec<u8> {
        let mut certificate = key.public().to_vec();
        varint::write(&mut certificate, last_counter);
        let signature = self.sign(CERTIFICATE_DOMAIN, &certificate);
        certificate.extend(signature);
        certificate
    }
}

/// The other signature that is right where `signature` is: n - s for s.
///
/// # Panics
/// When `signature` is none.
#[must_use]
pub fn mirrored(signature: &[u8; SIGNATURE_BYTES]) -> [u8; SIGNATURE_BYTES] {
    let (r, s) = Signature::from_slice(signature).expect("a signature").split_scalars();
    Signature::from_scalars(r, -s).expect("not 0").to_bytes().into()
}

/// What a patch is signed with.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Security counter.
    pub counter: u32,
    /// Hardware id.
    pub hardware_id: Vec<u8>,
    /// Log2 of the block size.
    pub block_log2: Option<u8>,
    /// A root key, and the last counter of the certificate that it gives.
    pub root: Option<(Key, u32)>,
}

/// Signs a patch that is not signed yet.
///
/// # Panics
/// When `patch` is none.
#[must_use]
pub fn signed(patch: &[u8], key: &Key, terms: &Terms) -> Vec<u8> {
    let (header, len) = Header::parse(patch.iter().copied()).expect("a patch");
    let certificate = terms.root.as_ref().map(|(root, last)| root.certify(key, *last));
    let sealing = writer::Sealing {
        key_id: terms.root.as_ref().map_or_else(|| key.id(), |(root, _)| root.id()),
        security_counter: terms.counter,
        hardware_id: &terms.hardware_id,
        certificate: certificate.as_deref(),
        block_log2: terms.block_log2,
    };
    let sealed = writer::seal(&header, &patch[len..], &sealing, prefix::<BLOCK_DIGEST_BYTES>);
    sealed.sign(&key.sign(PATCH_DOMAIN, &sealed.message))
}

/// The first bytes of a SHA-256.
#[must_use]
pub fn prefix<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    core::array::from_fn(|index| digest[index])
}
