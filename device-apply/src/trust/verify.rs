//! The gate of a device that checks signatures.

use core::mem::size_of;

use patcher_core::Header;
use patcher_core::container::header::MAX_HEADER_BYTES;
use patcher_core::container::trust::Seal;
use patcher_core::error::{HeaderError, TrustError};
use sha2::{Digest as _, Sha256};

use super::body::BodyCheck;
use super::policy::Policy;
use crate::apply::gate::{Admitted, Gate, Opened, Pass, Refusal, first};

/// Lets pass what a [`Policy`] demands; made by [`Applier::verifying`](crate::Applier::verifying) and
/// [`Applier::authenticated`](crate::Applier::authenticated).
#[derive(Debug)]
pub struct Verify<'a> {
    rule: Rule<'a>,
    /// Room for a block that is not checked yet.
    buffer: &'a mut [u8],
    body: Body,
    security_counter: Option<u32>,
}

/// What the header must be.
#[derive(Debug)]
pub(super) enum Rule<'a> {
    /// What the policy takes.
    Policy(Policy<'a>),
    /// The one with this digest, which was judged before.
    Same([u8; 32]),
}

#[derive(Debug)]
enum Body {
    /// The header is not complete.
    Unknown,
    /// Of an unsigned patch: anything.
    Any,
    Signed(BodyCheck),
}

impl<'a> Verify<'a> {
    /// Bytes of this struct: RAM beside that which a patch declares. The block buffer comes on top.
    pub const STATE_BYTES: usize = size_of::<Self>();

    pub(crate) fn policy(policy: Policy<'a>, buffer: &'a mut [u8]) -> Self {
        Self::new(Rule::Policy(policy), buffer)
    }

    pub(crate) fn same(header_digest: [u8; 32]) -> Self {
        Self::new(Rule::Same(header_digest), &mut [])
    }

    fn new(rule: Rule<'a>, buffer: &'a mut [u8]) -> Self {
        Self { rule, buffer, body: Body::Unknown, security_counter: None }
    }

    /// Of the header that passed.
    pub(super) fn header_digest(&self) -> Option<[u8; 32]> {
        match self.rule {
            Rule::Same(digest) => Some(digest),
            Rule::Policy(_) => None,
        }
    }

    pub(crate) fn security_counter(&self) -> Option<u32> {
        self.security_counter
    }
}

impl Gate for Verify<'_> {}

impl Pass for Verify<'_> {
    fn open(&mut self, bytes: impl Iterator<Item = u8> + Clone) -> Result<Opened, Refusal> {
        let (header, seal, len) = Header::parse_sealed(bytes.clone()).map_err(Refusal::Header)?;
        let mut room = [0; MAX_HEADER_BYTES];
        for (slot, byte) in room.iter_mut().zip(bytes) {
            *slot = byte;
        }
        let text = first(&room, len);
        let late = judge(&self.rule, seal.as_ref(), text)?;
        let payload;
        if let Some(seal) = seal {
            let trust = seal.view(text).ok_or(Refusal::Header(HeaderError::Trust))?;
            let (digest, room) = (trust.body_digest, self.buffer.len());
            let check = BodyCheck::new(&seal, header.body_len, digest, room, late)?;
            payload = check.payload_left();
            self.security_counter = Some(trust.security_counter);
            self.body = Body::Signed(check);
        } else {
            payload = header.body_len;
            self.body = Body::Any;
        }
        self.rule = Rule::Same(Sha256::digest(text).into());
        Ok(Opened { admitted: Admitted::new(), header, len, payload })
    }

    fn fill(&mut self, chunk: &mut &[u8]) -> Result<(), Refusal> {
        match &mut self.body {
            Body::Signed(check) => check.fill(chunk, self.buffer),
            Body::Any | Body::Unknown => Ok(()),
        }
    }

    fn ready<'s>(&'s self, chunk: &'s [u8]) -> &'s [u8] {
        match &self.body {
            Body::Signed(check) => check.ready(chunk, self.buffer),
            Body::Any => first(chunk, crate::apply::gate::SLICE_BYTES),
            Body::Unknown => &[],
        }
    }

    fn taken(&mut self, count: usize, chunk: &mut &[u8]) -> Result<(), Refusal> {
        if let Body::Signed(check) = &mut self.body {
            return check.taken(count, chunk);
        }
        *chunk = chunk.get(count..).unwrap_or_default();
        Ok(())
    }

    fn pending(&self) -> bool {
        matches!(&self.body, Body::Signed(check) if check.pending())
    }

    fn block_bytes(&self) -> u32 {
        match &self.body {
            Body::Signed(check) => check.block_bytes(),
            Body::Any | Body::Unknown => 0,
        }
    }
}

/// Judges a header by `rule`; whether its blocks may be checked late.
#[inline(never)]
fn judge(rule: &Rule<'_>, seal: Option<&Seal>, text: &[u8]) -> Result<bool, Refusal> {
    match (rule, seal) {
        (Rule::Same(digest), _) => {
            let got: [u8; 32] = Sha256::digest(text).into();
            // All of the patch was right once: it is enough to see at its end that it still is.
            if got == *digest { Ok(true) } else { Err(Refusal::Swapped) }
        }
        (Rule::Policy(policy), None) if policy.accepts_unsigned() => Ok(true),
        (Rule::Policy(_), None) => Err(Refusal::Trust(TrustError::Unsigned)),
        (Rule::Policy(policy), Some(seal)) => {
            let trust = seal.view(text).ok_or(Refusal::Header(HeaderError::Trust))?;
            policy.judge(&trust).map_err(Refusal::Trust)?;
            Ok(policy.checks_streams_late())
        }
    }
}
