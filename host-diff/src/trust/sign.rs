//! Patches and certificates before they are signed, and the signature put in.

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{DerSignature, Signature};
use patcher_core::container::trust::{
    BLOCK_LOG2, CERTIFICATE_DOMAIN, Certificate as Value, KEY_ID_BYTES, MAX_HARDWARE_ID_BYTES,
    PATCH_DOMAIN,
};
use patcher_core::container::{bundle, varint, writer};

use super::key::PublicKey;
use crate::bundle::{BundleError, Layout};
use crate::digest::sha256;
use crate::info::{Info, InfoError};

/// What a patch is signed for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The hardware that may take it, at most 32 bytes; empty for devices without hardware id.
    pub hardware_id: Vec<u8>,
    /// Devices whose counter is higher refuse it.
    pub security_counter: u32,
    /// A root's word for the signing key, if devices do not hold that key.
    pub certificate: Option<Certificate>,
    /// Bytes of a block that a device can check alone, a power of two from 64 to 32768; `None` for one digest over all.
    pub block_bytes: Option<u32>,
}

/// Why something is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It is not a patch, or not a whole one.
    #[error(transparent)]
    Patch(#[from] InfoError),
    /// A new check would hide what is wrong.
    #[error("the patch is damaged: its check is wrong")]
    Damaged,
    /// Patches do not make a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Signing would drop what this version does not know.
    #[error("the header of the patch has extensions that this version does not know")]
    Extensions,
    /// The hardware id is too long.
    #[error("expected a hardware id of at most 32 bytes, found {found}")]
    HardwareId {
        /// Its length.
        found: usize,
    },
    /// The block size is not possible.
    #[error("expected a block size that is a power of two from 64 to 32768, found {found}")]
    BlockSize {
        /// The size asked for.
        found: u32,
    },
    /// The certificate is damaged or something else.
    #[error("expected a certificate as `patcher certify` writes it, found something else")]
    Certificate,
    /// The certificate is for another key.
    #[error("expected a certificate for key {expected}, found one for key {found}")]
    CertificateKey {
        /// Id of the signing key.
        expected: String,
        /// Id of the key in the certificate.
        found: String,
    },
    /// The certificate ends too soon.
    #[error(
        "expected a security counter of at most {last}, where the certificate ends, found {found}"
    )]
    CertificateEnd {
        /// Last counter of the certificate.
        last: u32,
        /// Counter of the patch.
        found: u32,
    },
    /// Neither DER nor r and s.
    #[error(
        "expected a signature in DER, or 64 bytes of r and s, found {found} bytes of something else"
    )]
    SignatureForm {
        /// Length of what was given.
        found: usize,
    },
    /// It is of another text, or by another key.
    #[error("the signature is not one of key {key} for these bytes and options")]
    Signature {
        /// Id of the key.
        key: String,
    },
}

/// A root's word for a key, as a file: the root's key id, then the value of the extension *certificate*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    root_id: [u8; KEY_ID_BYTES],
    value: Vec<u8>,
}

impl Certificate {
    /// Reads the file.
    ///
    /// # Errors
    /// [`SignError::Certificate`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SignError> {
        let (root_id, value) = bytes.split_first_chunk().ok_or(SignError::Certificate)?;
        let certificate = Self { root_id: *root_id, value: value.to_vec() };
        certificate.key().map(|_| certificate).ok_or(SignError::Certificate)
    }

    /// The key that is vouched for, and its last security counter.
    fn key(&self) -> Option<(PublicKey, u32)> {
        let value = Value::parse(&self.value)?;
        Some((PublicKey::from_compressed(value.public_key)?, value.last_counter))
    }

    /// Refuses a certificate that no device would take for this.
    fn check(&self, key: &PublicKey, counter: u32) -> Result<(), SignError> {
        let (certified, last) = self.key().ok_or(SignError::Certificate)?;
        if certified != *key {
            let (expected, found) = (key.id_text(), certified.id_text());
            return Err(SignError::CertificateKey { expected, found });
        }
        if counter > last {
            return Err(SignError::CertificateEnd { last, found: counter });
        }
        Ok(())
    }
}

/// All but the signature: of a patch, or of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    domain: &'static [u8],
    /// What comes before what is signed, what is signed, and what comes after the signature.
    front: Vec<u8>,
    message: Vec<u8>,
    back: Vec<u8>,
    /// Whether a check stands behind the signature.
    checked: bool,
    key: PublicKey,
}

impl Unsigned {
    /// `patch`, to be signed with `key` on `terms`; a signature that it has is replaced.
    ///
    /// # Errors
    /// [`SignError`]: what is no patch, or terms that no device would take.
    pub fn patch(patch: &[u8], key: &PublicKey, terms: &Terms) -> Result<Self, SignError> {
        let info = Info::read(patch)?;
        if info.damaged {
            return Err(SignError::Damaged);
        }
        if !is_known(&info, patch) {
            return Err(SignError::Extensions);
        }
        let Terms { hardware_id, security_counter, certificate, block_bytes } = terms;
        if hardware_id.len() > MAX_HARDWARE_ID_BYTES {
            return Err(SignError::HardwareId { found: hardware_id.len() });
        }
        let block_log2 = block_bytes.map(block_log2).transpose()?;
        if let Some(certificate) = certificate {
            certificate.check(key, *security_counter)?;
        }
        let sealing = writer::Sealing {
            key_id: certificate.as_ref().map_or_else(|| key.id(), |root| root.root_id),
            security_counter: *security_counter,
            hardware_id,
            certificate: certificate.as_ref().map(|certificate| &*certificate.value),
            block_log2,
        };
        let sealed = writer::seal(&info.header, &info.body(), &sealing, |bytes| {
            let digest = sha256(bytes);
            core::array::from_fn(|index| digest[index])
        });
        let writer::Sealed { message, payload: back, checked } = sealed;
        Ok(Self { domain: PATCH_DOMAIN, front: Vec::new(), message, back, checked, key: *key })
    }

    /// A bundle, to be signed with `key` on `terms`, which must be those of its patches; they stay as they are.
    ///
    /// # Errors
    /// [`SignError`]: terms that no device would take, or others than the patches'.
    pub fn bundle(layout: &Layout, key: &PublicKey, terms: &Terms) -> Result<Self, SignError> {
        let Terms { hardware_id, security_counter, certificate, block_bytes: _ } = terms;
        if hardware_id.len() > MAX_HARDWARE_ID_BYTES {
            return Err(SignError::HardwareId { found: hardware_id.len() });
        }
        if let Some(certificate) = certificate {
            certificate.check(key, *security_counter)?;
        }
        let sealing = bundle::Sealing {
            key_id: certificate.as_ref().map_or_else(|| key.id(), |root| root.root_id),
            security_counter: *security_counter,
            hardware_id,
            certificate: certificate.as_ref().map_or(&[], |certificate| &*certificate.value),
        };
        let (message, back) = layout.sealed(&sealing)?;
        let domain = bundle::BUNDLE_DOMAIN;
        Ok(Self { domain, front: Vec::new(), message, back, checked: false, key: *key })
    }

    /// A certificate of `root` for `key`, good for security counters up to `last_counter`.
    #[must_use]
    pub fn certificate(root: &PublicKey, key: &PublicKey, last_counter: u32) -> Self {
        let mut message = key.compressed().to_vec();
        varint::write(&mut message, last_counter);
        let front = root.id().to_vec();
        let domain = CERTIFICATE_DOMAIN;
        Self { domain, front, message, back: Vec::new(), checked: false, key: *root }
    }

    /// What is signed: its SHA-256 is the [`digest`](Self::digest).
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        [self.domain, &self.message].concat()
    }

    /// The SHA-256 that is signed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&self.text())
    }

    /// Puts in a signature: r and s, or DER as OpenSSL and HSMs write it. It is checked, and turned into the form that
    /// devices take (s in the lower half).
    ///
    /// # Errors
    /// [`SignError::SignatureForm`] and [`SignError::Signature`].
    pub fn attach(&self, signature: &[u8]) -> Result<Vec<u8>, SignError> {
        let parsed = match signature.len() {
            64 => Signature::from_slice(signature).ok(),
            _ => DerSignature::from_bytes(signature).ok().and_then(|der| der.try_into().ok()),
        };
        let parsed = parsed.ok_or(SignError::SignatureForm { found: signature.len() })?;
        let parsed = parsed.normalize_s();
        let right = self.key.point().verify_prehash(&self.digest(), &parsed);
        right.map_err(|_| SignError::Signature { key: self.key.id_text() })?;
        let (message, payload) = (self.message.clone(), self.back.clone());
        let sealed = writer::Sealed { message, payload, checked: self.checked };
        Ok([&self.front[..], &sealed.sign(&parsed.to_bytes().into())].concat())
    }
}

/// Whether writing the header anew drops nothing.
fn is_known(info: &Info<'_>, patch: &[u8]) -> bool {
    let header = &patch[..info.header_len];
    let Some(trust) = &info.trust else { return writer::write(&info.header) == header };
    let certificate = trust.certificate.map(|value| [value.message, value.signature].concat());
    let sealing = writer::Sealing {
        key_id: trust.key_id,
        security_counter: trust.security_counter,
        hardware_id: trust.hardware_id,
        certificate: certificate.as_deref(),
        block_log2: info.block_bytes.and_then(|bytes| block_log2(bytes).ok()),
    };
    let sealed = writer::seal(&info.header, &[], &sealing, |_| trust.body_digest);
    sealed.message == trust.message
}

fn block_log2(bytes: u32) -> Result<u8, SignError> {
    let log2 = u8::try_from(bytes.max(1).ilog2()).unwrap_or(u8::MAX);
    if bytes.is_power_of_two() && BLOCK_LOG2.contains(&log2) {
        Ok(log2)
    } else {
        Err(SignError::BlockSize { found: bytes })
    }
}
