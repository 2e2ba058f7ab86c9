//! From evidence to a decision, for one image or for base and target together.

use core::cmp::Reverse;

use super::super::flat::{FlatImage, Isa, Region};
use super::clues::Clues;
use super::code::Code;
use super::log2::SCORE_FRACTION;
use super::vote::{self, Ballot};
use super::{data, esp, isa};

/// What an image is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The instruction set.
    pub isa: Isa,
    /// Where the first byte of the image is loaded; `None` if nothing speaks for any address.
    pub address: Option<u32>,
    /// How sure the address is.
    pub confidence: Confidence,
    /// The numbers behind it.
    pub evidence: Evidence,
    /// The image as regions, in file order and without gaps; empty if no address is known, or if one would reach the end of
    /// the address space. There may be more of them than a patch can carry.
    pub regions: Vec<Region>,
}

/// How sure a load address is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Nothing is known.
    #[default]
    None,
    /// A guess: better ask the user.
    Low,
    /// The evidence leaves no doubt.
    High,
    /// The file says so.
    Given,
}

/// What speaks for a detection. Counts are of distinct pointers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Distinct call targets inside the image.
    pub call_targets: u32,
    /// How many of them look like the begin of a function.
    pub call_targets_landing: u32,
    /// Where the vector table is.
    pub vector_table: Option<u32>,
    /// Words that would be pointers to code in the image.
    pub code_pointers: u32,
    /// How many of them point to function entries.
    pub code_pointers_landing: u32,
    /// Words that would be pointers to data in the image.
    pub data_pointers: u32,
    /// How many of them point to begins of strings.
    pub data_pointers_landing: u32,
    /// Evidence for the address, in bits.
    pub bits: u32,
    /// How many bits it is ahead of the best other address; 0 for a given address that another one beats.
    pub margin_bits: u32,
    /// The best other address.
    pub runner_up: Option<u32>,
}

/// An address this far ahead of all others is beyond doubt: one in a million of wrong ones would get there.
const SURE_MARGIN_BITS: u32 = 20;
/// At least one in so many pointers must land. With the right address one in three to nine in ten do, the rest are plain
/// numbers; an address that is right for a part of the image only stays below.
const SURE_SHARE: u32 = 5;
/// Ahead by less than this, it is no better than a guess.
const GUESS_MARGIN_BITS: u32 = 4;
/// So many bytes of code tell all there is to tell; more would only take time.
const ENOUGH_BYTES: usize = 4 << 20;
/// What it costs, in bits, to believe that base and target are loaded at different addresses.
const MOVED_BITS: i64 = 8;

/// What a given address counts as evidence for the other image, in bits.
const GIVEN_BITS: i64 = 1024;

/// Detects instruction set and load address of one image.
///
/// What the image says itself (`address`, `isa_hint`) is kept; the evidence then tells how well it fits.
#[must_use]
pub fn detect(image: &FlatImage) -> Detection {
    let view = View::of(image, None);
    let ballots = view.judge(&view.candidates());
    view.decide(&ballots, &[])
}

/// Detects base and target of a patch together: each is evidence for the other.
#[must_use]
pub fn detect_pair(base: &FlatImage, target: &FlatImage) -> (Detection, Detection) {
    let [base, target] = {
        let alone = View::of(base, None);
        let target = View::of(target, alone.recognised());
        let base = if alone.code.is_none() { View::of(base, target.recognised()) } else { alone };
        [base, target]
    };
    let mut addresses = base.candidates();
    addresses.extend(target.candidates());
    addresses.sort_unstable();
    addresses.dedup();
    let (base_ballots, target_ballots) = (base.judge(&addresses), target.judge(&addresses));
    let base_scores = base.preferences(&base_ballots);
    let target_scores = target.preferences(&target_ballots);
    (base.decide(&base_ballots, &target_scores), target.decide(&target_ballots, &base_scores))
}

/// One image with all that is needed to decide.
struct View<'a> {
    image: &'a FlatImage,
    /// The code in it, if any was recognised.
    code: Option<Code>,
    clues: Option<Clues>,
    /// Regions that a header in the image names.
    named: Option<Vec<Region>>,
}

impl<'a> View<'a> {
    /// `partner` is the instruction set of the other image: weak evidence for it is enough.
    fn of(image: &'a FlatImage, partner: Option<Isa>) -> Self {
        let bytes = &image.bytes[..image.bytes.len().min(ENOUGH_BYTES)];
        let raw = image.address.is_none();
        let named = if raw { esp::regions(&image.bytes) } else { None };
        let named_isa = named.as_ref().and_then(|regions| regions.first()).map(|region| region.isa);
        let code = match image.isa_hint.or(named_isa) {
            Some(isa) => isa::sweep(bytes, isa),
            None => isa::strongest(bytes)
                .or_else(|| isa::sweep(bytes, partner?).filter(|code| code.score() > 0)),
        };
        let clues =
            if named.is_none() { code.as_ref().filter(|code| code.isa != Isa::Avr) } else { None };
        let clues = clues.map(|code| Clues::new(bytes, code));
        Self { image, code, clues, named }
    }

    fn recognised(&self) -> Option<Isa> {
        self.code.as_ref().map(|code| code.isa)
    }

    fn candidates(&self) -> Vec<u32> {
        let mut addresses = self.clues.as_ref().map(vote::candidates).unwrap_or_default();
        addresses.extend(self.image.address);
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    fn judge(&self, addresses: &[u32]) -> Vec<Ballot> {
        let Some(clues) = &self.clues else { return Vec::new() };
        addresses.iter().map(|&address| vote::judge(clues, address)).collect()
    }

    /// How much this image wants each address, for its partner to know.
    fn preferences(&self, ballots: &[Ballot]) -> Vec<i64> {
        let preference = |ballot: &Ballot| match self.image.address {
            Some(given) if given == ballot.address => GIVEN_BITS << SCORE_FRACTION,
            Some(_) => 0,
            None => ballot.score,
        };
        ballots.iter().map(preference).collect()
    }

    /// Takes the given address or the best one, knowing what the other image of the pair prefers.
    fn decide(&self, own: &[Ballot], other: &[i64]) -> Detection {
        let moved = other.iter().max().unwrap_or(&0) - (MOVED_BITS << SCORE_FRACTION);
        let mut ranked: Vec<(i64, &Ballot)> = own
            .iter()
            .enumerate()
            .map(|(i, ballot)| (ballot.score + other.get(i).map_or(0, |&o| o.max(moved)), ballot))
            .collect();
        let given = |ballot: &Ballot| Some(ballot.address) == self.image.address;
        ranked.sort_by_key(|&(score, ballot)| (!given(ballot), Reverse(score), ballot.address));

        let mut evidence = Evidence {
            call_targets: self.code.as_ref().map_or(0, |code| code.call_targets),
            call_targets_landing: self.code.as_ref().map_or(0, |code| code.calls_landing),
            vector_table: self.clues.as_ref().and_then(|clues| clues.vector_offset),
            ..Evidence::default()
        };
        let mut found = None;
        let mut confidence = Confidence::None;
        if let Some(&(best, ballot)) = ranked.first() {
            let second = ranked.get(1);
            evidence.code_pointers = ballot.code.tries;
            evidence.code_pointers_landing = ballot.code.hits;
            evidence.data_pointers = ballot.text.tries;
            evidence.data_pointers_landing = ballot.text.hits;
            evidence.bits = whole_bits(ballot.score);
            evidence.margin_bits = whole_bits(best - second.map_or(0, |&(score, _)| score));
            evidence.runner_up = second.map(|(_, ballot)| ballot.address);
            if evidence.margin_bits >= GUESS_MARGIN_BITS {
                found = Some(ballot.address);
                let sure = evidence.margin_bits >= SURE_MARGIN_BITS
                    && ballot.code.hits >= ballot.code.tries / SURE_SHARE
                    && ballot.fits_vector_table;
                confidence = if sure { Confidence::High } else { Confidence::Low };
            }
        }
        if self.recognised() == Some(Isa::Avr) {
            // Flash has an address space of its own, and calls were found by landing in it.
            (found, confidence) = (Some(0), Confidence::High);
        }
        let named = self.named.as_ref().and_then(|regions| regions.first());
        let given = self.image.address.or(named.map(|region| region.address));
        if given.is_some() {
            confidence = Confidence::Given;
        }
        let address = given.or(found);
        let regions = self.regions(address);
        Detection { isa: self.isa(), address, confidence, evidence, regions }
    }

    fn isa(&self) -> Isa {
        self.image.isa_hint.or(self.recognised()).unwrap_or_default()
    }

    /// The image as regions without gaps: parts that run elsewhere, and the rest where it is loaded.
    fn regions(&self, address: Option<u32>) -> Vec<Region> {
        let regions = match (&self.named, address) {
            (Some(named), _) => named.clone(),
            (None, Some(address)) => self.regions_at(address),
            (None, None) => Vec::new(),
        };
        let regions = match &self.code {
            // Code that is predicted by halfwords: that suits data as well.
            Some(code) if !matches!(code.isa, Isa::Thumb | Isa::Avr) => data::split(regions, code),
            _ => regions,
        };
        let wraps = |region: &Region| region.address.checked_add(region.len).is_none();
        if regions.iter().any(wraps) { Vec::new() } else { regions }
    }

    fn regions_at(&self, address: u32) -> Vec<Region> {
        let len = u32::try_from(self.image.bytes.len()).unwrap_or(u32::MAX);
        let plain = |from: u32, to: u32| Region {
            offset: from,
            len: to.saturating_sub(from),
            address: address.wrapping_add(from),
            isa: self.isa(),
        };
        let mut regions = Vec::new();
        let mut at = 0;
        for &elsewhere in &self.image.regions {
            regions.push(plain(at, elsewhere.offset));
            regions.push(elsewhere);
            at = elsewhere.offset.saturating_add(elsewhere.len);
        }
        regions.push(plain(at, len));
        regions.retain(|region| region.len > 0);
        regions
    }
}

fn whole_bits(score: i64) -> u32 {
    u32::try_from(score.max(0) >> SCORE_FRACTION).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
