//! What a device demands of a patch.

use patcher_core::container::trust::{
    CERTIFICATE_DOMAIN, Certificate, KEY_ID_BYTES, PATCH_DOMAIN, PUBLIC_KEY_BYTES, Trust,
};
use patcher_core::error::TrustError;

use super::ecdsa::Ecdsa;
#[cfg(feature = "p256")]
use super::p256::P256;
use super::signature::{Signed, has_id};

/// A P-256 public key in the compressed form of SEC 1: 2 or 3, then x.
///
/// `patcher keygen` prints it. One that is no point of the curve fits no patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct PublicKey(pub [u8; PUBLIC_KEY_BYTES]);

/// What a device demands of a patch: given by the integrator, the same for each update.
///
/// Signed by one of `signers`, or by a key that one of the roots certifies; for exactly this hardware id; with a security
/// counter that is not below the device's. Unsigned patches are refused unless
/// [`accepting_unsigned`](Self::accepting_unsigned) is called.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    ecdsa: &'a dyn Ecdsa,
    signers: &'a [PublicKey],
    roots: &'a [PublicKey],
    hardware_id: &'a [u8],
    security_counter: u32,
    accepts_unsigned: bool,
    checks_streams_late: bool,
}

impl<'a> Policy<'a> {
    /// Takes patches that one of `signers` signed, for `hardware_id`, from `security_counter` on.
    ///
    /// `hardware_id` has at most 32 bytes; if it is empty, only patches without one are taken. `security_counter` is what
    /// the device keeps in flash: that of the last patch whose target it has confirmed, 0 before the first. Without it an older
    /// patch, signed as well as any, brings old firmware back.
    #[cfg(feature = "p256")]
    #[must_use]
    pub const fn new(
        signers: &'a [PublicKey],
        hardware_id: &'a [u8],
        security_counter: u32,
    ) -> Self {
        Self::checking_with(&P256, signers, hardware_id, security_counter)
    }

    /// The same with signatures checked by `ecdsa`: a peripheral, a library in ROM, what a bootloader has for images anyway.
    #[must_use]
    pub const fn checking_with(
        ecdsa: &'a dyn Ecdsa,
        signers: &'a [PublicKey],
        hardware_id: &'a [u8],
        security_counter: u32,
    ) -> Self {
        Self {
            ecdsa,
            signers,
            roots: &[],
            hardware_id,
            security_counter,
            accepts_unsigned: false,
            checks_streams_late: false,
        }
    }

    /// Takes also what a key signed that one of `roots` certifies. Roots sign no patches themselves.
    #[must_use]
    pub const fn with_roots(self, roots: &'a [PublicKey]) -> Self {
        Self { roots, ..self }
    }

    /// Takes also patches without signature, by whomever: for development, or where the image inside is signed and the
    /// bootloader checks that.
    #[must_use]
    pub const fn accepting_unsigned(self) -> Self {
        Self { accepts_unsigned: true, ..self }
    }

    /// Decodes a stream whose blocks do not fit the buffer before they are checked; they are checked as they end.
    ///
    /// A decoder that takes any bytes then sees what nobody signed; staging slot and time are all that it can cost. The target
    /// is accepted only once all of the body was right.
    #[must_use]
    pub const fn checking_streams_late(self) -> Self {
        Self { checks_streams_late: true, ..self }
    }

    pub(super) fn accepts_unsigned(&self) -> bool {
        self.accepts_unsigned
    }

    pub(super) fn checks_streams_late(&self) -> bool {
        self.checks_streams_late
    }

    /// Steps 2 to 5 of §2.1, for a patch.
    pub(super) fn judge(&self, trust: &Trust<'_>) -> Result<(), TrustError> {
        self.judge_in(PATCH_DOMAIN, trust)
    }

    /// Steps 2 to 5 of §2.1, for what is signed in `domain`.
    pub(super) fn judge_in(
        &self,
        domain: &'static [u8],
        trust: &Trust<'_>,
    ) -> Result<(), TrustError> {
        let patch = Signed { domain, message: trust.message, signature: trust.signature };
        if let Some(certificate) = &trust.certificate {
            let Certificate { public_key, last_counter, message, signature } = *certificate;
            let signed = Signed { domain: CERTIFICATE_DOMAIN, message, signature };
            self.by_held(self.roots, trust.key_id, signed, TrustError::Certificate)?;
            let key = PublicKey(*public_key);
            self.ecdsa.uncompressed(&key).ok_or(TrustError::Certificate)?;
            if trust.security_counter > last_counter {
                let got = trust.security_counter;
                return Err(TrustError::Expired { expected: last_counter, got });
            }
            patch.by(self.ecdsa, &mut core::iter::once(&key), TrustError::Signature)?;
        } else {
            self.by_held(self.signers, trust.key_id, patch, TrustError::Signature)?;
        }
        if trust.hardware_id != self.hardware_id {
            return Err(TrustError::Hardware);
        }
        let (expected, got) = (self.security_counter, trust.security_counter);
        if got < expected {
            return Err(TrustError::Counter { expected, got });
        }
        Ok(())
    }

    /// Whether one of `keys` signed, of those that `id` names.
    fn by_held(
        &self,
        keys: &[PublicKey],
        id: [u8; KEY_ID_BYTES],
        signed: Signed<'_>,
        otherwise: TrustError,
    ) -> Result<(), TrustError> {
        let mut named = keys.iter().filter(|key| has_id(self.ecdsa, key, id)).peekable();
        if named.peek().is_none() {
            return Err(TrustError::Key { got: id });
        }
        signed.by(self.ecdsa, &mut named, otherwise)
    }
}
