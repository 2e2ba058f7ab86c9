//! A stored patch, all of which is checked before a byte is decoded.

use core::convert::Infallible;

use patcher_core::error::{DecodeError, HeaderError};

use super::policy::Policy;
use super::verify::Verify;
use crate::ApplyError;
use crate::apply::gate::Pass as _;
use crate::apply::header::{Collected, HeaderBuffer};
use crate::resume::Never;

/// Checks all of a patch, header and body, without decoding it.
///
/// Push the patch's bytes from where it is stored, then [`finish`](Self::finish); what that gives makes an applier, which is
/// pushed the same bytes again.
///
/// ```
/// # use core::convert::Infallible;
/// # use device_apply::{Applier, ApplyError, trust::{Authenticator, Policy}};
/// # use embedded_storage::nor_flash::NorFlash;
/// # fn update<S: NorFlash>(
/// #     patch: &[u8], base: S, staging: S, policy: Policy<'_>,
/// # ) -> Result<(), ApplyError<Infallible, Infallible>> {
/// let mut workspace = [0; 8192];
/// let mut authenticator = Authenticator::new(policy, &mut workspace);
/// for mut page in patch.chunks(256) {
///     authenticator.push(&mut page)?;
/// }
/// let authentic = authenticator.finish()?;
/// let mut applier = Applier::authenticated(base, staging, &patcher_core::reference::ALL, authentic);
/// // … as any other applier.
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Authenticator<'a, 'w> {
    gate: Verify<'a>,
    phase: Phase<'w>,
}

#[derive(Debug)]
enum Phase<'w> {
    Header(HeaderBuffer<'w>),
    Body { authentic: Authentic<'w>, left: u32 },
    Failed { code: u16 },
}

/// A patch that was right from its first to its last byte, and the workspace to decode it in.
#[derive(Debug)]
pub struct Authentic<'w> {
    pub(crate) header_digest: [u8; 32],
    pub(crate) workspace: &'w mut [u16],
}

type Outcome<T> = Result<T, ApplyError<Infallible, Infallible>>;

impl<'a, 'w> Authenticator<'a, 'w> {
    /// For a patch that `policy` shall judge. `workspace` is the decoder's: the header is kept there meanwhile.
    #[must_use]
    pub fn new(policy: Policy<'a>, workspace: &'w mut [u16]) -> Self {
        let gate = Verify::policy(policy.checking_streams_late(), &mut []);
        Self { gate, phase: Phase::Header(HeaderBuffer::new(workspace)) }
    }

    /// Takes all of `chunk`.
    ///
    /// **Cost**: about 75 cycles a byte on a Cortex-M4, and with the header's last byte once or twice a signature.
    ///
    /// # Errors
    /// Any [`ApplyError`] of header, body or trust. The authenticator is poisoned.
    pub fn push(&mut self, chunk: &mut &[u8]) -> Outcome<()> {
        let done = self.take(chunk);
        if let Err(error) = &done
            && !matches!(error, ApplyError::Poisoned { .. })
        {
            self.phase = Phase::Failed { code: error.code() };
        }
        done
    }

    /// Checks, after the last byte of the patch, that nothing is missing.
    ///
    /// # Errors
    /// [`HeaderError::Incomplete`], [`DecodeError::Truncated`], or [`ApplyError::Poisoned`].
    pub fn finish(self) -> Outcome<Authentic<'w>> {
        match self.phase {
            Phase::Header(_) => Err(HeaderError::Incomplete.into()),
            Phase::Body { left: 1.., .. } => Err(DecodeError::Truncated.into()),
            Phase::Body { authentic, left: 0 } => Ok(authentic),
            Phase::Failed { code } => Err(ApplyError::Poisoned { first: code }),
        }
    }

    fn take(&mut self, chunk: &mut &[u8]) -> Outcome<()> {
        if let Phase::Header(buffer) = &mut self.phase {
            let Some(collected) = buffer.push(chunk, &mut self.gate, &mut Never::default())? else {
                return Ok(());
            };
            let Collected { payload, workspace, .. } = collected;
            let header_digest = self.gate.header_digest().ok_or(ApplyError::Internal)?;
            let authentic = Authentic { header_digest, workspace };
            self.phase = Phase::Body { authentic, left: payload };
        }
        let left = match &mut self.phase {
            Phase::Body { left, .. } => left,
            Phase::Failed { code } => return Err(ApplyError::Poisoned { first: *code }),
            Phase::Header(_) => return Ok(()),
        };
        while !chunk.is_empty() {
            let before = chunk.len();
            self.gate.fill(chunk)?;
            let count = self.gate.ready(chunk).len();
            self.gate.taken(count, chunk)?;
            let taken = u32::try_from(before.saturating_sub(chunk.len())).unwrap_or(u32::MAX);
            *left = left.checked_sub(taken).ok_or(DecodeError::TrailingData)?;
        }
        Ok(())
    }
}
