//! Plan to patch: several plans are tried, the smallest body wins.

use crate::budget::Budget;
use crate::create::{CreateError, DEFAULT_LEVEL};
use crate::in_place::Reach;
use crate::layout::Layout;
use crate::matcher::align::Aligned;
use crate::parallel;
use crate::plan::copies::{Gap, Parser, Search, keys, new_byte_costs};
use crate::plan::diffs::{Aligner, Pair};
use crate::plan::literals::{GUESS, Learned, costs};
use crate::plan::map::map;
use crate::plan::prices::Prices;
use crate::resume::{Epoch, Resume};
use crate::self_digest::Stripped;
use patcher_core::BodyError;
use patcher_core::container::header::{BASE_DIGEST_BYTES, Header, Kind, TARGET_DIGEST_BYTES};
use patcher_core::container::in_place::InPlace;
use patcher_core::container::region::Regions;
use patcher_core::encode::{Diff, Plan, Seen, encode_within};
use patcher_core::reference;

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Whether the cheapest path is tried.
    path: bool,
    /// Greedy alignments to try: how many bytes a new match must gain.
    gains: &'static [usize],
    /// Alignment passes: one over kinds of references, the others over labels.
    passes: usize,
    /// How often copies are chosen again, by what the literals that remained cost.
    rounds: usize,
    /// Candidates for copies looked at per byte and image.
    tries: usize,
    /// Alignments that are tried at the same time.
    threads: usize,
    /// A level that must not give a smaller patch: it is tried as well.
    not_worse_than: Option<u8>,
}

impl Effort {
    /// The effort of a level, 1 to 9, on one thread.
    #[must_use]
    pub fn of_level(level: u8) -> Option<Self> {
        let (path, gains, passes, rounds, tries): (_, &'static [usize], _, _, _) = match level {
            1 => (false, &[8], 1, 0, 4),
            2 => (false, &[8], 2, 0, 8),
            3 => (false, &[8], 2, 1, 16),
            4 => (true, &[8], 3, 1, 16),
            5 => (true, &[8], 3, 1, 48),
            6 => (true, &[8], 4, 1, 48),
            7 => (true, &[5, 12], 4, 2, 48),
            8 => (true, &[5, 8, 12, 20], 5, 3, 96),
            9 => (true, &[3, 5, 8, 12, 20], 6, 4, 256),
            _ => return None,
        };
        let not_worse_than = (level > DEFAULT_LEVEL).then_some(level - 1);
        Some(Self { path, gains, passes, rounds, tries, threads: 1, not_worse_than })
    }

    /// The same effort on up to `threads` threads: no byte changes.
    #[must_use]
    pub fn on(self, threads: usize) -> Self {
        Self { threads, ..self }
    }
}

/// A body and the header that belongs to it, digests still missing.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The header.
    pub header: Header,
    /// The body.
    pub body: Vec<u8>,
}

impl Encoded {
    /// Bytes of the whole patch.
    #[must_use]
    pub fn len(&self) -> usize {
        patcher_core::container::writer::write(&self.header).len() + self.body.len()
    }

    /// Whether there is nothing: never, a header is never empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn word32(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn bug(error: BodyError) -> CreateError {
    CreateError::SelfCheck(format!("planning failed: {error}"))
}

/// What a patch is made for and with.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Where the images are loaded.
    pub layout: &'a Layout,
    /// The target as the patch makes it.
    pub target: &'a Stripped,
    /// Memory of the device.
    pub budget: Budget,
    /// How much is tried.
    pub effort: Effort,
    /// Restart marks.
    pub resume: Resume,
    /// The slot, if the patch is applied in place.
    pub in_place: Option<InPlace>,
}

impl Frame<'_> {
    /// What of the base the target may be made of.
    fn reach(&self) -> Reach {
        let target_len = self.target.bytes.len();
        let epoch = self.resume.epoch(target_len);
        self.in_place
            .map_or_else(Reach::default, |slot| Reach::in_place(slot, word32(target_len), epoch))
    }
}

/// The smallest delta that the effort finds, if one takes less than `limit` bytes.
///
/// # Errors
/// [`CreateError::SelfCheck`] for a bug of the planner.
pub fn delta(base: &[u8], frame: Frame<'_>, limit: usize) -> Result<Option<Encoded>, CreateError> {
    let Frame { layout, budget, effort, .. } = frame;
    let target = &frame.target.bytes[..];
    let pair = Pair {
        base,
        target,
        base_regions: layout.base,
        target_regions: layout.target,
        isa: layout.model(),
        reach: frame.reach(),
    };
    let job = Job { kind: Kind::Delta, pair: &pair, frame };
    let aligner = Aligner::new(&pair);
    let greedy = |&gain: &usize| aligner.greedy(gain, effort.passes);
    let mut alignments = parallel::map(effort.threads, effort.gains, greedy).concat();
    if let Some(first) = alignments.first().filter(|_| effort.path) {
        let search = Search { tries: effort.tries.min(ROUGH), reach: &pair.reach };
        let new_bytes = new_byte_costs(base, target, &vec![GUESS; target.len()], search);
        // It is the smallest most often, and the others need not be encoded to their ends.
        alignments.insert(0, aligner.path(first, &new_bytes));
    }
    alignments.dedup();
    let mut best = job.best(&alignments, limit)?;
    let mut budget = budget;
    // Large tables pay only where there is much to learn: elsewhere the patch of half the memory may be smaller.
    while let Some(half) = budget.half()
        && best.as_ref().is_some_and(|best| best.len() < LITTLE)
    {
        budget = half;
        let limit = best.as_ref().map_or(limit, Encoded::len);
        best = Job { frame: Frame { budget, ..frame }, ..job }.best(&alignments, limit)?.or(best);
    }
    if let Some(lower) = effort.not_worse_than.and_then(Effort::of_level) {
        let limit = best.as_ref().map_or(limit, Encoded::len);
        let lower = Frame { effort: lower.on(effort.threads), ..frame };
        best = delta(base, lower, limit)?.or(best);
    }
    Ok(best)
}

/// Candidates for copies that the prices of new bytes are worth.
const ROUGH: usize = 16;

/// Smaller patches may have no use for much memory.
const LITTLE: usize = 16 << 10;

/// The target alone, if it takes less than `limit` bytes.
///
/// # Errors
/// [`CreateError::SelfCheck`] for a bug of the planner.
pub fn full(frame: Frame<'_>, limit: usize) -> Result<Option<Encoded>, CreateError> {
    let Frame { layout, target, .. } = frame;
    let pair = Pair {
        base: &[],
        target: &target.bytes,
        base_regions: Regions::default(),
        target_regions: layout.target,
        isa: None,
        reach: Reach::default(),
    };
    let job = Job { kind: Kind::Full, pair: &pair, frame };
    Ok(job.attempt(&[], None, limit)?.0)
}

/// Candidates for copies of a full image for each one of the effort.
const FULL_TRIES: usize = 4;
/// How often copies of a full image are chosen again, beside the rounds of the effort.
const MORE_ROUNDS: usize = 4;

/// What all attempts at one patch have in common.
#[derive(Debug, Clone, Copy)]
struct Job<'a> {
    kind: Kind,
    pair: &'a Pair<'a>,
    frame: Frame<'a>,
}

impl Job<'_> {
    /// The smallest of an attempt at each of `alignments`, if one takes less than `limit` bytes.
    fn best(
        &self,
        alignments: &[Vec<Aligned>],
        limit: usize,
    ) -> Result<Option<Encoded>, CreateError> {
        let Some((first, others)) = alignments.split_first() else { return Ok(None) };
        let (mut best, learned) = self.attempt(first, None, limit)?;
        let limit = best.as_ref().map_or(limit, Encoded::len);
        let others = parallel::map(self.frame.effort.threads, others, |aligned| {
            self.attempt(aligned, Some(&learned), limit)
        });
        for attempt in others {
            if let (Some(encoded), _) = attempt?
                && best.as_ref().is_none_or(|best| encoded.len() < best.len())
            {
                best = Some(encoded);
            }
        }
        Ok(best)
    }

    /// Plans and encodes one alignment, into less than `limit` bytes. What another attempt has learned tells soon whether that
    /// can be.
    fn attempt(
        &self,
        aligned: &[Aligned],
        known: Option<&Learned>,
        limit: usize,
    ) -> Result<(Option<Encoded>, Learned), CreateError> {
        let Self { kind, pair, frame } = *self;
        let Frame { layout, budget, effort, resume, in_place, target } = frame;
        // A full image is all extra.
        let tries = if kind == Kind::Full { FULL_TRIES * effort.tries } else { effort.tries };
        let search = Search { tries, reach: &pair.reach };
        let epoch = resume.epoch(pair.target.len());
        let entries = map(pair, aligned, budget.map_limit());
        let mut header = Header {
            kind,
            isa: layout.isa.id(),
            memory: budget.memory(),
            map_entries: word32(entries.len()),
            base_len: word32(pair.base.len()),
            target_len: word32(pair.target.len()),
            body_len: 0,
            epoch_log2: epoch.map_or(0, Epoch::log2),
            in_place,
            base_regions: pair.base_regions,
            target_regions: pair.target_regions,
            base_digest: [0; BASE_DIGEST_BYTES],
            target_digest: [0; TARGET_DIGEST_BYTES],
            self_digests: target.digests,
        };
        let diffs = aligned.iter().flat_map(|a| {
            Epoch::part(epoch, a.target, a.len).map(|(target, len)| Diff {
                target: word32(target),
                base: word32(a.base + (target - a.target)),
                len: word32(len),
            })
        });
        let (diffs, reset) = (diffs.collect(), resume.resets());
        let self_digests = target.held.clone();
        let mut plan = Plan { map: entries, diffs, copies: Vec::new(), reset, self_digests };
        let seen = Seen::new(&header, pair.base, pair.target, &plan);
        let gaps = gaps(aligned, pair.target.len(), epoch);
        let guess = || (vec![GUESS; pair.target.len()], Prices::guess(kind));
        let mut learned = known.cloned().unwrap_or_else(guess);
        let keys = keys(&seen, &gaps);
        let parser = Parser::new(&seen, &gaps, &keys, search);
        plan.copies = parser.copies(&learned.0, &learned.1);
        let encode = |plan: &Plan, limit| {
            encode_within(&header, &reference::ALL, pair.base, pair.target, plan, limit)
        };
        let hopeless = limit.saturating_add(limit / 32);
        if known.is_some() && effort.rounds > 0 && encode(&plan, hopeless).map_err(bug)?.is_none() {
            return Ok((None, learned));
        }
        for _ in 0..effort.rounds {
            (_, learned) = costs(pair, &seen, &header, &plan).map_err(bug)?;
            plan.copies = parser.copies(&learned.0, &learned.1);
        }
        if kind == Kind::Full && effort.rounds > 0 {
            // All extra: its prices take longer to settle, and may come to dearer copies on the way.
            let mut least = u64::MAX;
            let mut best = Vec::new();
            for round in 0..=MORE_ROUNDS {
                let (total, now) = costs(pair, &seen, &header, &plan).map_err(bug)?;
                if total < least {
                    least = total;
                    best.clone_from(&plan.copies);
                }
                if round < MORE_ROUNDS {
                    plan.copies = parser.copies(&now.0, &now.1);
                }
            }
            plan.copies = best;
        }
        let Some(body) = encode(&plan, limit).map_err(bug)? else { return Ok((None, learned)) };
        header.body_len = word32(body.len());
        let encoded = Encoded { header, body };
        Ok(((encoded.len() < limit).then_some(encoded), learned))
    }
}

/// Stretches of the target without alignment, parted at marks: (start, end, expected base offset).
fn gaps(aligned: &[Aligned], target_len: usize, epoch: Option<Epoch>) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let (mut at, mut base) = (0, 0);
    let mut push = |start: usize, end: usize, base: usize| {
        let parts = Epoch::part(epoch, start, end - start);
        gaps.extend(parts.map(|(at, len)| (at, at + len, base + (at - start))));
    };
    for a in aligned {
        if a.target > at {
            push(at, a.target, base);
        }
        at = a.target + a.len;
        base = a.base + a.len;
    }
    if at < target_len {
        push(at, target_len, base);
    }
    gaps
}
