//! Bundles: which of several patches is this device's.

use core::fmt;

use patcher_core::container::bundle::{BUNDLE_DOMAIN, Index};
use patcher_core::error::{HeaderError, TrustError};

use super::policy::Policy;
use crate::Class;

/// Why an index is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// It is malformed, or not complete yet ([`HeaderError::Incomplete`]).
    Header(HeaderError),
    /// It is not trusted.
    Trust(TrustError),
}

impl BundleError {
    /// Stable number of the error: that of [`HeaderError`] or [`TrustError`].
    #[must_use]
    pub fn code(&self) -> u16 {
        match self {
            Self::Header(error) => error.code(),
            Self::Trust(error) => error.code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Header(error) => error.class().into(),
            Self::Trust(error) => error.class().into(),
        }
    }
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(error) => error.fmt(f),
            Self::Trust(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BundleError {}

impl Policy<'_> {
    /// The index at the start of a bundle, if this policy takes it; the patches behind it need not be there.
    ///
    /// What it says is what its signer said: which patch is for which base, and how much memory it takes. The patch that is then
    /// [chosen](Index::choose) is checked like any other, by the applier; its bytes begin at [`offset`](patcher_core::container::bundle::Entry::offset) in the bundle.
    ///
    /// ```
    /// use device_apply::trust::{Policy, PublicKey};
    /// use patcher_core::container::bundle::{Index, Running};
    /// # use patcher_core::Kind;
    /// # use patcher_core::container::bundle::{self, BUNDLE_DOMAIN, Entry, Sealing};
    /// # use rig::seal::Key;
    /// # let key = Key::new(1);
    /// # let public_key = key.public();
    /// # let full = Entry { kind: Kind::Full, memory: 16, base_len: 0, base_digest: [0; 4], offset: 0, len: 5_000 };
    /// # let delta = Entry { kind: Kind::Delta, base_len: 9, base_digest: [7; 4], len: 200, ..full };
    /// # let sealing = Sealing { key_id: key.id(), security_counter: 4, hardware_id: b"meter-2", certificate: &[] };
    /// # let message = bundle::write(10, [1; 8], &[delta, full], Some(&sealing)).unwrap();
    /// # let signature = key.sign(BUNDLE_DOMAIN, &message);
    /// # let bundle = [&message[..], &signature].concat();
    /// let signers = [PublicKey(public_key)];
    /// let policy = Policy::new(&signers, b"meter-2", 3);
    ///
    /// // Fetch four bytes, then the index, then the patch.
    /// let [a, b, c, d, ..] = bundle[..] else { panic!() };
    /// let index = &bundle[..Index::announced([a, b, c, d])?];
    /// let index = policy.bundle(index)?;
    /// let running = Running { len: 9, digest: &[7; 32], ram_bytes: 16 * 1024 };
    /// let patch = index.choose(&running).expect("a bundle has a full image for all others");
    /// assert_eq!(patch.len, 200); // fetch so many bytes from patch.offset on
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// **Cost**: one signature, as a patch's; no memory beside `bytes`, at most 1 KiB of them.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn bundle<'b>(&self, bytes: &'b [u8]) -> Result<Index<'b>, BundleError> {
        let index = Index::parse(bytes).map_err(BundleError::Header)?;
        match &index.trust {
            Some(trust) => self.judge_in(BUNDLE_DOMAIN, trust).map_err(BundleError::Trust)?,
            None if self.accepts_unsigned() => {}
            None => return Err(BundleError::Trust(TrustError::Unsigned)),
        }
        Ok(index)
    }
}
