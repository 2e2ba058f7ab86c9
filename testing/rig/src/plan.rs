//! A naive planner: good enough to use every op, simple enough to stay as it is.
//!
//! Vectors are made with it, so that they change when the format does and not when the real matcher improves.

use std::collections::HashMap;

use patcher_core::container::header::{BASE_DIGEST_BYTES, Kind, TARGET_DIGEST_BYTES};
use patcher_core::container::in_place::InPlace;
use patcher_core::container::region::Regions;
use patcher_core::container::self_digest::SelfDigests;
use patcher_core::container::writer;
use patcher_core::encode::{Copy, Diff, Plan, encode};
use patcher_core::reference::map::Entry;
use patcher_core::{Header, reference};
use sha2::{Digest, Sha256};

/// What kind of patch is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Delta or full image.
    pub kind: Kind,
    /// Number of the instruction set.
    pub isa: u8,
    /// Regions of the base; empty without addresses.
    pub base_regions: Regions,
    /// Regions of the target; empty without addresses.
    pub target_regions: Regions,
    /// Log2 of the distance of restart marks; 0 for none.
    pub epoch_log2: u8,
    /// Whether marks reset the model.
    pub reset: bool,
    /// The slot that the patch is applied in, if it is applied in place.
    pub in_place: Option<InPlace>,
    /// What the target holds of itself, instead of what is given to be encoded.
    pub self_digests: SelfDigests,
    /// Most entries of the address map.
    pub map_limit: usize,
    /// Memory in units of 256 bytes.
    pub memory: u8,
}

impl Recipe {
    /// A delta without addresses or marks, with the least memory.
    #[must_use]
    pub fn plain() -> Self {
        Self {
            kind: Kind::Delta,
            isa: reference::NO_ISA,
            base_regions: Regions::default(),
            target_regions: Regions::default(),
            epoch_log2: 0,
            reset: false,
            in_place: None,
            self_digests: SelfDigests::default(),
            map_limit: 0,
            memory: 8,
        }
    }

    /// A full image with the least memory.
    #[must_use]
    pub fn full() -> Self {
        Self { kind: Kind::Full, ..Self::plain() }
    }

    /// The same with references of `isa`, both images loaded at `addresses` as one region of code.
    #[must_use]
    pub fn addressed(self, isa: u8, base: (usize, u32), target: (usize, u32)) -> Self {
        let single = |(len, address)| Regions::single(word32(len), address);
        let base_regions = if self.kind == Kind::Delta { single(base) } else { Regions::default() };
        Self {
            isa,
            base_regions,
            target_regions: single(target),
            map_limit: 64,
            memory: 16,
            ..self
        }
    }

    /// The same with marks every 2^`epoch_log2` bytes.
    #[must_use]
    pub fn with_marks(self, epoch_log2: u8, reset: bool) -> Self {
        Self { epoch_log2, reset, ..self }
    }

    /// The same in the slot `in_place`.
    #[must_use]
    pub fn in_place(self, in_place: InPlace) -> Self {
        Self { in_place: Some(in_place), reset: in_place.resets, ..self }
    }

    /// The header for two images and a map, without body length and digests.
    #[must_use]
    pub fn header(&self, base: &[u8], target: &[u8], map_entries: usize) -> Header {
        Header {
            kind: self.kind,
            isa: self.isa,
            memory: self.memory,
            map_entries: word32(map_entries),
            base_len: word32(base.len()),
            target_len: word32(target.len()),
            body_len: 0,
            epoch_log2: self.epoch_log2,
            in_place: self.in_place,
            base_regions: self.base_regions,
            target_regions: self.target_regions,
            base_digest: [0; BASE_DIGEST_BYTES],
            target_digest: [0; TARGET_DIGEST_BYTES],
            self_digests: self.self_digests,
        }
    }

    /// Plans and encodes. For a full image `base` must be empty.
    ///
    /// # Panics
    /// When the encoder refuses the plan.
    #[must_use]
    pub fn encode(&self, base: &[u8], target: &[u8]) -> Patch {
        let mut plan = self.plan(base, target);
        let header = self.header(base, target, plan.map.len());
        let filled = filled(target, &self.self_digests);
        for digest in self.self_digests.iter() {
            plan.self_digests.extend(&filled[digest.at as usize..digest.end() as usize]);
        }
        let body = encode(&header, &reference::ALL, base, target, &plan)
            .unwrap_or_else(|error| panic!("{error}: {self:?}"));
        Patch { header, body }.sealed(base, &filled)
    }

    /// Diffs where the base agrees, copies where it pays, all split at marks.
    #[must_use]
    pub fn plan(&self, base: &[u8], target: &[u8]) -> Plan {
        let aligned = align(base, target);
        let map = self.map(&aligned);
        let copies = copies(base, target, &aligned);
        let diffs = aligned.into_iter().flat_map(|diff| {
            self.pieces(diff.target, diff.len).map(move |(target, len)| Diff {
                target,
                base: diff.base + (target - diff.target),
                len,
            })
        });
        let copies = copies.into_iter().flat_map(|copy| {
            self.pieces(copy.target, copy.len).map(move |(target, len)| Copy {
                target,
                len,
                from_base: copy.from_base,
                source: copy.source + (target - copy.target),
            })
        });
        let gone = |at: u32| self.gone(at, word32(target.len()));
        let diffs = diffs.filter_map(|diff| {
            let lost = gone(diff.target).saturating_sub(diff.base);
            let left = diff.len.checked_sub(lost).filter(|&left| left > 0)?;
            Some(Diff { target: diff.target + lost, base: diff.base + lost, len: left })
        });
        let copies = copies.filter_map(|copy| {
            let gone = if copy.from_base { gone(copy.target) } else { 0 };
            let lost = gone.saturating_sub(copy.source);
            let left = copy.len.checked_sub(lost)?;
            Some(Copy { target: copy.target + lost, source: copy.source + lost, len: left, ..copy })
        });
        // A piece of one byte is a literal.
        let copies = copies.filter(|copy| copy.len >= patcher_core::stream::MIN_COPY).collect();
        Plan { map, diffs: diffs.collect(), copies, reset: self.reset, ..Plan::default() }
    }

    /// Base bytes that the plan leaves alone for the target byte at `at`: those that may be gone, and what of the next ones is
    /// seen as it is only with bytes before it.
    fn gone(&self, at: u32, target_len: u32) -> u32 {
        let Some(slot) = self.in_place else { return 0 };
        let end = match self.epoch_log2 {
            0 => target_len,
            log2 => target_len.min(((at >> log2) + 1) << log2),
        };
        let floor = slot.floor(end);
        if floor == 0 { 0 } else { floor + 8 }
    }

    /// `len` bytes from `start` on, cut at marks.
    fn pieces(&self, start: u32, len: u32) -> impl Iterator<Item = (u32, u32)> {
        let epoch = if self.epoch_log2 == 0 { u32::MAX } else { 1 << self.epoch_log2 };
        let end = start + len;
        let mut at = start;
        core::iter::from_fn(move || {
            let next = end.min((at / epoch).saturating_add(1).saturating_mul(epoch));
            let piece = (at, next - at);
            at = next;
            (piece.1 > 0).then_some(piece)
        })
    }

    fn map(&self, aligned: &[Diff]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = aligned
            .iter()
            .filter_map(|diff| {
                let base = self.base_regions.place(diff.base)?.address;
                let target = self.target_regions.place(diff.target)?.address;
                Some(Entry { base, target })
            })
            .collect();
        entries.sort_by_key(|entry| (entry.base, entry.target));
        entries.dedup_by_key(|entry| entry.base);
        entries.truncate(self.map_limit);
        entries
    }
}

/// A header and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Vec<u8>,
}

impl Patch {
    /// With body length and digests filled in.
    #[must_use]
    pub fn sealed(mut self, base: &[u8], target: &[u8]) -> Self {
        self.header.body_len = word32(self.body.len());
        if self.header.kind == Kind::Delta {
            self.header.base_digest = prefix(base);
        }
        self.header.target_digest = prefix(target);
        self
    }

    /// The file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        writer::join(&self.header, &self.body)
    }
}

/// `made` as its applier leaves it: with digests of itself.
#[must_use]
pub fn filled(made: &[u8], digests: &SelfDigests) -> Vec<u8> {
    let mut target = made.to_vec();
    for digest in digests.iter() {
        let value = digest.reckon(&target, prefix);
        target[digest.at as usize..][..value.len()].copy_from_slice(&value);
    }
    target
}

fn prefix<const N: usize>(image: &[u8]) -> [u8; N] {
    let digest: [u8; 32] = Sha256::digest(image).into();
    core::array::from_fn(|index| digest[index])
}

fn word32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Bytes that must agree for a match to start.
const SEED: usize = 8;
/// Shortest copy that is worth it.
const LEAST_COPY: usize = 5;
/// A diff ends when this many of its last 32 bytes disagree.
const PATIENCE: u32 = 12;

/// First occurrence of each window of `N` bytes.
fn index<const N: usize>(image: &[u8]) -> HashMap<[u8; N], usize> {
    let mut places = HashMap::new();
    for (at, window) in image.windows(N).enumerate() {
        if let Ok(window) = window.try_into() {
            places.entry(window).or_insert(at);
        }
    }
    places
}

fn align(base: &[u8], target: &[u8]) -> Vec<Diff> {
    let places = index::<SEED>(base);
    let mut diffs = Vec::new();
    let mut at = 0;
    while at + SEED <= target.len() {
        let window: Option<&[u8; SEED]> = target[at..].first_chunk();
        let Some(&from) = window.and_then(|window| places.get(window)) else {
            at += 1;
            continue;
        };
        let len = extent(&base[from..], &target[at..]);
        diffs.push(Diff { target: word32(at), base: word32(from), len: word32(len) });
        at += len;
    }
    diffs
}

/// How far two slices go on alike, up to the last byte that agrees.
fn extent(base: &[u8], target: &[u8]) -> usize {
    let (mut recent, mut best) = (0u32, 0);
    for (index, (a, b)) in base.iter().zip(target).enumerate() {
        recent = recent << 1 | u32::from(a != b);
        if a == b {
            best = index + 1;
        } else if recent.count_ones() >= PATIENCE {
            break;
        }
    }
    best
}

/// Copies outside the diffs: from the base, or from the target before.
fn copies(base: &[u8], target: &[u8], diffs: &[Diff]) -> Vec<Copy> {
    let from_base = index::<LEAST_COPY>(base);
    let from_target = index::<LEAST_COPY>(target);
    let mut copies = Vec::new();
    let mut at = 0;
    let ends = diffs.iter().map(|diff| (diff.target as usize, (diff.target + diff.len) as usize));
    for (end, next) in ends.chain([(target.len(), target.len())]) {
        while at + LEAST_COPY <= end {
            let gap = &target[at..end];
            let window: Option<&[u8; LEAST_COPY]> = gap.first_chunk();
            let base_at = window.and_then(|window| from_base.get(window));
            let target_at =
                window.and_then(|window| from_target.get(window)).filter(|&&from| from < at);
            let same = |image: &[u8], from: usize| {
                image[from..].iter().zip(gap).take_while(|(a, b)| a == b).count()
            };
            let (from, len, is_base) = match (target_at, base_at) {
                (Some(&from), _) => (from, same(target, from), false),
                (None, Some(&from)) => (from, same(base, from), true),
                (None, None) => {
                    at += 1;
                    continue;
                }
            };
            copies.push(Copy {
                target: word32(at),
                len: word32(len),
                from_base: is_base,
                source: word32(from),
            });
            at += len;
        }
        at = next;
    }
    copies
}
