//! What each kind of decision cost, and each target offset.

use patcher_core::container::header::Kind as PatchKind;
use patcher_core::explain::{Spent, explain};
use patcher_core::stream::Topic;
use patcher_core::{BodyError, Header, reference};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::extra::{Extra, Tracker};
use super::{Kind, float, price_bytes};
use crate::apply::{self, ApplyError, Limits};
use crate::digest::sha256;
use crate::info::Info;

/// What one kind of decision, or one topic, took and gave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Patch bytes.
    pub bytes: f64,
    /// Decisions coded.
    pub decisions: u64,
    /// Target bytes that exist because of them.
    pub produced: u64,
}

impl Share {
    fn add(&mut self, spent: &Spent) {
        self.bytes += price_bytes(spent.cost);
        self.decisions += u64::from(spent.decisions);
        self.produced += u64::from(spent.produced);
    }
}

/// The costs of one patch.
///
/// The bytes of all [`kinds`](Self::kinds) add up to those of the patch, but for rounding of floating-point numbers: what
/// the range coder adds or saves is a kind of its own. Takes 12 bytes of memory for each place of the target that cost
/// something.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The header.
    pub header: Header,
    /// Bytes of the whole patch.
    pub patch_bytes: u64,
    /// By kind, every kind that occurs.
    pub kinds: BTreeMap<Kind, Share>,
    /// By topic of the decoder, finer than by kind; of the body only.
    pub topics: BTreeMap<Topic, Share>,
    /// New bytes, in the order of the target.
    pub extras: Vec<Extra>,
    /// Diffs: stretches of the target that are predicted from the base.
    pub diffs: u32,
    /// Copies within new bytes.
    pub copies: u32,
    /// The target image, which had to be decoded.
    pub target: Vec<u8>,
    /// (target offset, patch bytes), sorted by offset; neither header, map nor coder.
    pub(super) places: Vec<(u32, f64)>,
}

/// Why a patch cannot be accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// It cannot be applied to the base.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The report disagrees with the decoder.
    #[error("the report disagrees with the decoder: a bug of patcher, please report it")]
    Disagreement,
}

impl From<BodyError> for AccountError {
    fn from(error: BodyError) -> Self {
        Self::Apply(match error {
            BodyError::Setup(error) => error.into(),
            BodyError::Decode(error) => error.into(),
        })
    }
}

impl Account {
    /// The costs of `patch`, which is first applied to `base` with all checks.
    ///
    /// # Errors
    /// [`AccountError::Apply`] for whatever `apply` refuses.
    pub fn of(base: &[u8], patch: &Info<'_>) -> Result<Self, AccountError> {
        let applied = apply::rebuild(base, patch, &Limits::default())?;
        let header = patch.header;
        let base = match header.kind {
            PatchKind::Full => &[],
            PatchKind::Delta => base.get(..header.base_len as usize).unwrap_or(base),
        };
        let mut account = Self {
            header,
            patch_bytes: (patch.header_len + patch.payload.len()) as u64,
            kinds: BTreeMap::new(),
            topics: BTreeMap::new(),
            extras: Vec::new(),
            diffs: 0,
            copies: 0,
            target: Vec::new(),
            places: Vec::new(),
        };
        let body = patch.body();
        let mut tracker = Tracker::default();
        let target = explain(&header, &reference::ALL, base, &body, sha256, |spent| {
            account.add(&spent);
            tracker.see(&spent);
        })?;
        if target != applied.target {
            return Err(AccountError::Disagreement);
        }
        tracker.close();
        let known: f64 = account.kinds.values().map(|share| share.bytes).sum();
        let rest = float(body.len() as u64) - known;
        account.kinds.insert(Kind::Coder, Share { bytes: rest, ..Share::default() });
        let bytes = float(account.patch_bytes - body.len() as u64);
        account.kinds.insert(Kind::Header, Share { bytes, ..Share::default() });
        account.extras = tracker.extras;
        account.diffs = tracker.diffs;
        account.copies = tracker.copies;
        account.target = target;
        Ok(account)
    }

    fn add(&mut self, spent: &Spent) {
        let kind = Kind::of(spent.topic);
        self.kinds.entry(kind).or_default().add(spent);
        self.topics.entry(spent.topic).or_default().add(spent);
        if kind == Kind::Map || spent.cost == 0 {
            return;
        }
        let bytes = price_bytes(spent.cost);
        match self.places.last_mut() {
            Some((position, sum)) if *position == spent.position => *sum += bytes,
            _ => self.places.push((spent.position, bytes)),
        }
    }

    /// Bytes of `kind`; 0 where it does not occur.
    #[must_use]
    pub fn bytes(&self, kind: Kind) -> f64 {
        self.kinds.get(&kind).map_or(0.0, |share| share.bytes)
    }

    /// Patch bytes by position: the target in `count` parts of about the same length.
    #[must_use]
    pub fn strip(&self, count: u32) -> Vec<f64> {
        let mut strip = vec![0.0; count as usize];
        let len = u64::from(self.header.target_len).max(1);
        for &(position, bytes) in &self.places {
            let index = u64::from(position) * u64::from(count) / len;
            // An op may start at the very end.
            let index = index.min(u64::from(count.saturating_sub(1)));
            let slot = usize::try_from(index).ok().and_then(|index| strip.get_mut(index));
            if let Some(sum) = slot {
                *sum += bytes;
            }
        }
        strip
    }
}

#[cfg(test)]
mod tests;
