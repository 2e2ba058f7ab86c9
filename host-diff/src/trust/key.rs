//! Keys of P-256 as PEM: PKCS#8 and SEC 1 for private ones, SubjectPublicKeyInfo for public ones, as OpenSSL has them.

use core::fmt;

use p256::SecretKey;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _};
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use patcher_core::container::trust::{KEY_ID_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};

use super::sign::Unsigned;
use crate::digest::sha256;

/// A key that signs. Its memory is wiped when it is dropped, and it is never shown.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

/// A key that signatures are checked with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why a file is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not PEM.
    #[error("expected a key in PEM form, beginning with -----BEGIN, found something else")]
    NotPem,
    /// PEM, but not of this kind of key.
    #[error("expected {expected}, found PEM that says \"{found}\"")]
    Kind {
        /// What is wanted.
        expected: &'static str,
        /// The label that is there.
        found: String,
    },
    /// A private key behind a password.
    #[error("expected a private key without password, found an encrypted one")]
    Encrypted,
    /// The right label, but not a P-256 key.
    #[error("expected a key of the curve P-256 (prime256v1), found another or a damaged one")]
    NotP256,
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(String),
}

impl KeyError {
    /// What the user can do.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Encrypted => {
                "decrypt it with `openssl pkcs8 -in KEY -out PLAIN`, or sign elsewhere with --print-digest"
            }
            Self::Kind { expected: PUBLIC, .. } => {
                "make one with `patcher keygen --from KEY --public PUB` or `openssl pkey -in KEY -pubout`"
            }
            Self::Random(_) => "try again",
            _ => {
                "make one with `patcher keygen -o KEY` or `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`"
            }
        }
    }
}

const PUBLIC: &str = "a public key";
const PRIVATE: &str = "a private key";

impl PrivateKey {
    /// A new key from the operating system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::Random`] when there are none.
    pub fn generate() -> Result<Self, KeyError> {
        loop {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).map_err(|error| KeyError::Random(error.to_string()))?;
            // Fails for one number in 2^32, above the order of the group.
            if let Ok(key) = SigningKey::from_slice(&secret) {
                return Ok(Self(key));
            }
        }
    }

    /// Reads PKCS#8 (`PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`), also behind `EC PARAMETERS`.
    ///
    /// # Errors
    /// [`KeyError`]: what it is instead.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key = match block(text, "EC PARAMETERS")? {
            ("PRIVATE KEY", pem) => SecretKey::from_pkcs8_pem(pem).ok(),
            ("EC PRIVATE KEY", pem) => SecretKey::from_sec1_pem(pem).ok(),
            ("ENCRYPTED PRIVATE KEY", _) => return Err(KeyError::Encrypted),
            (found, _) => {
                return Err(KeyError::Kind { expected: PRIVATE, found: found.to_owned() });
            }
        };
        key.map(|key| Self(key.into())).ok_or(KeyError::NotP256)
    }

    /// The key as PKCS#8, which `openssl` reads.
    ///
    /// # Panics
    /// Never: a key that exists can be written.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let pem = SecretKey::from(&self.0).to_pkcs8_pem(LineEnding::LF);
        pem.expect("a key").to_string()
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.verifying_key())
    }

    /// The deterministic signature (RFC 6979) of a patch or certificate, r then s, with s in the lower half.
    ///
    /// # Panics
    /// Never: any digest can be signed.
    #[must_use]
    pub fn sign(&self, unsigned: &Unsigned) -> [u8; SIGNATURE_BYTES] {
        let signature: Signature = self.0.sign_prehash(&unsigned.digest()).expect("32 bytes");
        signature.normalize_s().to_bytes().into()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public().id_text())
    }
}

impl PublicKey {
    /// Reads SubjectPublicKeyInfo (`PUBLIC KEY`).
    ///
    /// # Errors
    /// [`KeyError`]: what it is instead.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        match block(text, "")? {
            ("PUBLIC KEY", pem) => {
                VerifyingKey::from_public_key_pem(pem).map(Self).map_err(|_| KeyError::NotP256)
            }
            (found, _) => Err(KeyError::Kind { expected: PUBLIC, found: found.to_owned() }),
        }
    }

    /// The point in compressed form; `None` if it is no point of the curve.
    #[must_use]
    pub fn from_compressed(point: &[u8; PUBLIC_KEY_BYTES]) -> Option<Self> {
        VerifyingKey::from_sec1_bytes(point).ok().map(Self)
    }

    /// The key as SubjectPublicKeyInfo, which `openssl` reads.
    ///
    /// # Panics
    /// Never: a key that exists can be written.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(LineEnding::LF).expect("a key")
    }

    /// The point in compressed form, as a device holds it.
    ///
    /// # Panics
    /// Never: no key is the point at infinity.
    #[must_use]
    pub fn compressed(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.0.to_sec1_point(true).as_bytes().try_into().expect("33 bytes")
    }

    /// Its id: the first bytes of the SHA-256 of its 65 bytes in uncompressed form.
    #[must_use]
    pub fn id(&self) -> [u8; KEY_ID_BYTES] {
        let digest = sha256(self.0.to_sec1_point(false).as_bytes());
        core::array::from_fn(|index| digest[index])
    }

    /// The id in hexadecimal digits.
    #[must_use]
    pub fn id_text(&self) -> String {
        crate::digest::Hex(&self.id()).to_string()
    }

    pub(super) fn point(&self) -> &VerifyingKey {
        &self.0
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id_text())
    }
}

/// Label and text of the first PEM block that is not labelled `skipped`.
fn block<'a>(text: &'a str, skipped: &str) -> Result<(&'a str, &'a str), KeyError> {
    let mut rest = text;
    loop {
        let at = rest.find("-----BEGIN ").ok_or(KeyError::NotPem)?;
        rest = &rest[at..];
        let label = rest["-----BEGIN ".len()..].split("-----").next().ok_or(KeyError::NotPem)?;
        let end = format!("-----END {label}-----");
        let len = rest.find(&end).ok_or(KeyError::NotPem)? + end.len();
        if label != skipped {
            return Ok((label, &rest[..len]));
        }
        rest = &rest[len..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_and_read_back() {
        let key = PrivateKey::generate().expect("random numbers");
        let again = PrivateKey::from_pem(&key.to_pem()).expect("a key");
        assert_eq!(again.public(), key.public());
        let public = PublicKey::from_pem(&key.public().to_pem());
        assert_eq!(public, Ok(key.public()));
        assert_eq!(PublicKey::from_compressed(&key.public().compressed()), public.ok());
    }

    #[test]
    fn what_is_no_key_is_named() {
        let key = PrivateKey::generate().expect("random numbers");
        let (private, public) = (key.to_pem(), key.public().to_pem());
        let read = |text: &str| PrivateKey::from_pem(text).map(drop);
        assert_eq!(read("key"), Err(KeyError::NotPem));
        assert_eq!(read(&private[..100]), Err(KeyError::NotPem));
        let found = "PUBLIC KEY".to_owned();
        assert_eq!(read(&public), Err(KeyError::Kind { expected: PRIVATE, found }));
        let found = "PRIVATE KEY".to_owned();
        let swapped = PublicKey::from_pem(&private);
        assert_eq!(swapped, Err(KeyError::Kind { expected: PUBLIC, found }));
        let encrypted = private.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        assert_eq!(read(&encrypted), Err(KeyError::Encrypted));
        assert_eq!(read(&private.replace("MIG", "MIH")), Err(KeyError::NotP256));
    }

    #[test]
    fn a_private_key_is_never_shown() {
        let key = PrivateKey::generate().expect("random numbers");
        let expected = format!("PrivateKey({})", key.public().id_text());
        assert_eq!(format!("{key:?}"), expected);
    }
}
