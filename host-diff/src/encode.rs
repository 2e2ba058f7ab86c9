//! Plan to patch: several plans are tried, the smallest body wins.

use crate::budget::Budget;
use crate::create::CreateError;
use crate::layout::Layout;
use crate::matcher::align::Aligned;
use crate::plan::copies::copies;
use crate::plan::diffs::{Aligner, Pair};
use crate::plan::map::map;
use patcher_core::DecodeError;
use patcher_core::container::header::{Header, Kind};
use patcher_core::encode::{Diff, Plan, encode, price};
use patcher_core::reference;

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Alignments to try: how many bytes a new match must gain.
    gains: &'static [usize],
    /// Alignment passes: one over kinds of references, the others over labels.
    passes: usize,
    /// Whether the cost of literals is measured before copies are chosen.
    measure: bool,
}

impl Effort {
    /// The effort of a level, 1 to 9.
    #[must_use]
    pub fn of_level(level: u8) -> Option<Self> {
        let (gains, passes, measure): (&'static [usize], _, _) = match level {
            1 => (&[8], 1, false),
            2 => (&[8], 2, false),
            3 => (&[8], 2, true),
            4 => (&[8], 3, true),
            5 => (&[5, 12], 3, true),
            6 => (&[5, 8, 12], 3, true),
            7 => (&[5, 8, 12, 20], 3, true),
            8 => (&[4, 6, 8, 12, 20], 4, true),
            9 => (&[3, 4, 5, 6, 8, 10, 12, 16, 24], 5, true),
            _ => return None,
        };
        Some(Self { gains, passes, measure })
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

fn bug(error: DecodeError) -> CreateError {
    CreateError::SelfCheck(format!("planning failed: {error}"))
}

/// The smallest delta that the effort finds.
///
/// # Errors
/// [`CreateError::SelfCheck`] for a bug of the planner.
pub fn delta(
    base: &[u8],
    target: &[u8],
    layout: &Layout,
    budget: Budget,
    effort: Effort,
) -> Result<Encoded, CreateError> {
    let pair = Pair {
        base,
        target,
        base_regions: layout.base,
        target_regions: layout.target,
        isa: layout.model(),
    };
    let aligner = Aligner::new(&pair);
    let mut best: Option<Encoded> = None;
    for &gain in effort.gains {
        let aligned = aligner.align(gain, effort.passes);
        let encoded = attempt(Kind::Delta, &pair, layout, &aligned, budget, effort)?;
        if best.as_ref().is_none_or(|best| encoded.len() < best.len()) {
            best = Some(encoded);
        }
    }
    best.ok_or_else(|| CreateError::SelfCheck("no attempt was made".to_owned()))
}

/// The target alone.
///
/// # Errors
/// [`CreateError::SelfCheck`] for a bug of the planner.
pub fn full(target: &[u8], budget: Budget, effort: Effort) -> Result<Encoded, CreateError> {
    let layout = Layout::none();
    let pair = Pair {
        base: &[],
        target,
        base_regions: layout.base,
        target_regions: layout.target,
        isa: None,
    };
    attempt(Kind::Full, &pair, &layout, &[], budget, effort)
}

/// Plans and encodes one alignment.
fn attempt(
    kind: Kind,
    pair: &Pair<'_>,
    layout: &Layout,
    aligned: &[Aligned],
    budget: Budget,
    effort: Effort,
) -> Result<Encoded, CreateError> {
    let entries = map(pair, aligned, budget.map_limit());
    let mut header = Header {
        kind,
        isa: layout.isa.id(),
        memory: budget.memory(),
        map_entries: word32(entries.len()),
        base_len: word32(pair.base.len()),
        target_len: word32(pair.target.len()),
        body_len: 0,
        epoch_log2: 0,
        base_regions: pair.base_regions,
        target_regions: pair.target_regions,
        base_digest: [0; 8],
        target_digest: [0; 16],
    };
    let diffs = aligned
        .iter()
        .map(|a| Diff { target: word32(a.target), base: word32(a.base), len: word32(a.len) })
        .collect();
    let mut plan = Plan { map: entries, diffs, copies: Vec::new(), reset: false };
    let literal = literal_costs(pair, &header, &plan, effort)?;
    plan.copies = copies(pair.base, pair.target, &gaps(aligned, pair.target.len()), &literal);
    let body = encode(&header, &reference::ALL, pair.base, pair.target, &plan).map_err(bug)?;
    header.body_len = word32(body.len());
    Ok(Encoded { header, body })
}

/// Cost of each target byte as a literal in 1/16 bit: measured, or a guess.
fn literal_costs(
    pair: &Pair<'_>,
    header: &Header,
    plan: &Plan,
    effort: Effort,
) -> Result<Vec<u32>, CreateError> {
    /// Seven bits.
    const GUESS: u32 = 7 * 16;
    let mut costs = vec![GUESS; pair.target.len()];
    if effort.measure {
        let mut last = (0u32, 0u64);
        price(header, &reference::ALL, pair.base, pair.target, plan, |position, cost| {
            let new = costs.get_mut(last.0 as usize..position as usize).unwrap_or(&mut []);
            if !new.is_empty() {
                // The observer sees 1/65536 bit.
                let each = ((cost - last.1) / u64::from(position - last.0)) >> 12;
                new.fill(u32::try_from(each).unwrap_or(GUESS));
                last = (position, cost);
            }
        })
        .map_err(bug)?;
    }
    Ok(costs)
}

/// Stretches of the target without alignment: (start, end, expected base offset).
fn gaps(aligned: &[Aligned], target_len: usize) -> Vec<(usize, usize, usize)> {
    let mut gaps = Vec::new();
    let (mut at, mut base) = (0, 0);
    for a in aligned {
        if a.target > at {
            gaps.push((at, a.target, base));
        }
        at = a.target + a.len;
        base = a.base + a.len;
    }
    if at < target_len {
        gaps.push((at, target_len, base));
    }
    gaps
}
