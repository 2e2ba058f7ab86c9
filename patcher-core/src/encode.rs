//! The encoding side: a plan in, a body out.
//!
//! The engine is the decoder's own; a plan answers its questions.

use crate::container::header::Header;
use crate::entropy::Coder;
use crate::entropy::encode::{IMPLIED_ZEROS, RangeEncoder};
use crate::error::{DecodeError, Error};
use crate::reference::{self, Isa};
use crate::reference::call;
use crate::reference::map::{AddressMap, ENTRY_WORDS, Entry};
use crate::stream::images::Images;
use crate::stream::{Engine, MIN_COPY, Question, REPEATS, Side, Source, Step};
use core::convert::Infallible;
use core::ops::{ControlFlow, Range};

/// Counts what decisions would cost, in units of 1/65536 bit.
#[derive(Debug, Default, Clone, Copy)]
pub struct CostCoder {
    /// Sum of all costs.
    pub cost: u64,
}

/// A coder that may want to know what the decisions answer.
pub trait Attentive: Coder {
    /// The decisions from here on answer `question` with `answer`, or nothing that was asked.
    fn asked(&mut self, asked: Option<(Question<'_>, u32)>) {
        let _ = asked;
    }
}

impl Attentive for RangeEncoder {}

/// Counts costs and tells what each answer cost.
struct Observed<F> {
    price: CostCoder,
    open: Option<(Answered, u64)>,
    see: F,
}

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// Is copy.
    IsCopy(bool),
    /// Is repeat.
    IsRepeat(bool),
    /// Index.
    RepeatIndex(u32),
    /// From base.
    FromBase(bool),
    /// Distance, zigzag.
    BaseDistance(u32),
    /// Distance.
    TargetDistance(u32),
    /// Length.
    CopyLength(u32),
}

impl<F> Coder for Observed<F> {
    #[inline]
    fn code(&mut self, bit: bool, p1: u16) -> bool {
        self.price.code(bit, p1)
    }
}

impl<F: FnMut(Answered, u64)> Attentive for Observed<F> {
    fn asked(&mut self, asked: Option<(Question<'_>, u32)>) {
        if let Some((answered, before)) = self.open.take() {
            (self.see)(answered, self.price.cost - before);
        }
        let answered = asked.and_then(|(question, answer)| Some(match question {
            Question::IsCopy => Answered::IsCopy(answer != 0),
            Question::IsRepeat(_) => Answered::IsRepeat(answer != 0),
            Question::RepeatIndex(_) => Answered::RepeatIndex(answer),
            Question::FromBase => Answered::FromBase(answer != 0),
            Question::BaseDistance { .. } => Answered::BaseDistance(crate::model::number::zigzag(answer)),
            Question::TargetDistance => Answered::TargetDistance(answer),
            Question::CopyLength => Answered::CopyLength(answer),
            _ => return None,
        }));
        self.open = answered.map(|answered| (answered, self.price.cost));
    }
}

impl Coder for CostCoder {
    #[inline]
    fn code(&mut self, bit: bool, p1: u16) -> bool {
        let p = if bit { u32::from(p1) } else { 65_536 - u32::from(p1) };
        self.cost += u64::from(cost(p));
        bit
    }
}

/// −log2(p / 65536) in 1/65536 bit, by squaring: exact to about 2⁻¹² bit.
fn cost(p: u32) -> u32 {
    let zeros = p.leading_zeros().saturating_sub(15);
    let mut x = u64::from(p) << (zeros + 15);
    let mut fraction = 0u32;
    for bit in (0..12).rev() {
        x = (x * x) >> 31;
        if x >= 1 << 32 {
            x >>= 1;
            fraction |= 1 << (bit + 4);
        }
    }
    (zeros << 16).saturating_sub(fraction)
}

/// A diff of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diff {
    /// Target offset of its first byte.
    pub target: u32,
    /// Base offset of its first byte.
    pub base: u32,
    /// Bytes, at least 1.
    pub len: u32,
}

/// A copy of the plan, inside an extra.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copy {
    /// Target offset of its first byte.
    pub target: u32,
    /// Bytes, at least [`MIN_COPY`].
    pub len: u32,
    /// Whether it reads the base.
    pub from_base: bool,
    /// Offset of the first byte read; below `target` when it reads the target.
    pub source: u32,
}

/// Everything an encoder decided: target bytes that are in no diff and no copy are literals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Breakpoints by rising base address.
    pub map: Vec<Entry>,
    /// Diffs by target offset, none crossing a restart mark.
    pub diffs: Vec<Diff>,
    /// Copies by target offset, none overlapping a diff or crossing a restart mark.
    pub copies: Vec<Copy>,
    /// Whether restart marks reset the model.
    pub reset: bool,
}

/// Both images as extras see them: what copies read, and what tokens of extras must make.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What copies read in the base.
    pub base: Vec<u8>,
    /// What copies read in the target, once all around it is there.
    pub target: Vec<u8>,
    /// What extras make: a call that is not in one extra as a whole stays as it is.
    pub extras: Vec<u8>,
    /// Where the calls of the target start.
    calls: Vec<u32>,
}

impl Seen {
    /// The images of `header` with the map and the diffs of `plan`.
    #[must_use]
    pub fn new(header: &Header, base: &[u8], target: &[u8], plan: &Plan) -> Self {
        let mut seen = Self::plain(base, target);
        let Some(isa) = reference::ALL.iter().find(|isa| isa.id() == header.isa).copied() else {
            return seen;
        };
        let mut words = vec![0; plan.map.len() * ENTRY_WORDS];
        let mut map = AddressMap::new(&mut words);
        for &entry in &plan.map {
            map.push(entry);
        }
        let calls = core::cell::RefCell::new(Vec::new());
        let views = call::Views { isa, base: &header.base_regions, target: &header.target_regions };
        views.of_base(&map, 0, &mut seen.base);
        views.of_target(0, &mut seen.target, |offset| calls.borrow_mut().push(offset));
        for extra in extras(header, target.len(), &plan.diffs) {
            let start = u32::try_from(extra.start).unwrap_or(u32::MAX);
            views.of_target(start, &mut seen.extras[extra], |_| {});
        }
        seen.calls = calls.into_inner();
        seen
    }

    /// The images as they are.
    #[must_use]
    pub fn plain(base: &[u8], target: &[u8]) -> Self {
        Self { base: base.to_vec(), target: target.to_vec(), extras: target.to_vec(), calls: Vec::new() }
    }

    /// How much of `len` bytes from `source` of the target a copy inside `extra` can read: a call that the extra begins or
    /// ends in the middle of is not what it will be.
    #[must_use]
    pub fn readable(&self, extra: &Range<usize>, source: usize, len: usize) -> usize {
        let mut len = len;
        for edge in [extra.start, extra.end] {
            let before = self.calls.partition_point(|&call| (call as usize) < edge);
            let Some(&call) = before.checked_sub(1).and_then(|last| self.calls.get(last)) else { continue };
            let call = call as usize;
            let torn = call..call + call::LEN;
            if torn.contains(&edge) && source < torn.end && source + len > torn.start {
                len = torn.start.saturating_sub(source);
            }
        }
        len
    }
}

/// What lies between diffs, cut at restart marks.
fn extras(header: &Header, target_len: usize, diffs: &[Diff]) -> Vec<Range<usize>> {
    let epoch = header.epoch().map_or(usize::MAX, |epoch| epoch as usize);
    let mut extras = Vec::new();
    let mut at = 0;
    let ends = diffs.iter().map(|diff| (diff.target as usize, diff.len as usize));
    for (end, len) in ends.chain([(target_len, 0)]) {
        while at < end {
            let mark = (at / epoch).saturating_add(1).saturating_mul(epoch);
            extras.push(at..end.min(mark));
            at = end.min(mark);
        }
        at = end + len;
    }
    extras
}

/// Answers the engine's questions from a plan.
struct Planned<'a, C> {
    plan: &'a Plan,
    entry: usize,
    target: &'a [u8],
    seen: &'a [u8],
    coder: C,
}

impl<C> Planned<'_, C> {
    fn diff(&self, position: u32) -> Option<&Diff> {
        let diffs = &self.plan.diffs;
        diffs.get(diffs.partition_point(|diff| diff.target < position))
    }

    fn copy(&self, position: u32) -> Option<&Copy> {
        let copies = &self.plan.copies;
        let found = copies.get(copies.partition_point(|copy| copy.target < position));
        found.filter(|copy| copy.target == position)
    }

    fn repeat(&self, position: u32, repeats: &[Source; REPEATS]) -> Option<usize> {
        let copy = self.copy(position)?;
        let source =
            Source { from_base: copy.from_base, delta: copy.source.wrapping_sub(copy.target) };
        repeats.iter().position(|&repeat| repeat == source)
    }
}

impl<C: Coder> Coder for Planned<'_, C> {
    #[inline]
    fn code(&mut self, bit: bool, p1: u16) -> bool {
        self.coder.code(bit, p1)
    }
}

impl<C: Attentive> Side for Planned<'_, C> {
    fn about(&mut self, _: crate::stream::Topic) {
        self.coder.asked(None);
    }

    fn ask(&mut self, position: u32, question: Question<'_>) -> u32 {
        let answer = self.answer(position, question);
        self.coder.asked(Some((question, answer)));
        answer
    }

    fn truth(&mut self, offset: u32, bytes: &mut [u8]) {
        read(self.target, offset, bytes);
    }

    fn seen(&mut self, offset: u32, bytes: &mut [u8]) {
        read(self.seen, offset, bytes);
    }
}

impl<C> Planned<'_, C> {
    fn answer(&mut self, position: u32, question: Question<'_>) -> u32 {
        let diff = || self.diff(position);
        let copy = || self.copy(position);
        let entry = self.plan.map.get(self.entry);
        match question {
            Question::MapBase { previous } => {
                entry.map_or(0, |entry| entry.base.wrapping_sub(previous))
            }
            Question::MapShift { previous } => {
                self.entry += 1;
                entry.map_or(0, |e| e.target.wrapping_sub(e.base).wrapping_sub(previous))
            }
            Question::FollowsMap { target, base } => {
                u32::from(diff().is_some_and(|diff| diff.target == target && diff.base == base))
            }
            Question::ExtraLength { end } => {
                diff().map_or(end, |diff| diff.target.min(end)).wrapping_sub(position)
            }
            Question::BaseJump { expected } => {
                diff().map_or(0, |diff| diff.base.wrapping_sub(expected))
            }
            Question::DiffLength => diff().map_or(0, |diff| diff.len.wrapping_sub(1)),
            Question::IsCopy => u32::from(copy().is_some()),
            Question::IsRepeat(repeats) => u32::from(self.repeat(position, repeats).is_some()),
            Question::RepeatIndex(repeats) => {
                let index = self.repeat(position, repeats).unwrap_or(0);
                u32::try_from(index).unwrap_or(0)
            }
            Question::FromBase => u32::from(copy().is_some_and(|copy| copy.from_base)),
            Question::BaseDistance { expected } => {
                copy().map_or(0, |copy| copy.source.wrapping_sub(expected))
            }
            Question::TargetDistance => {
                copy().map_or(0, |copy| copy.target.wrapping_sub(copy.source).wrapping_sub(1))
            }
            Question::CopyLength => copy().map_or(0, |copy| copy.len.wrapping_sub(MIN_COPY)),
            Question::Reset => u32::from(self.plan.reset),
        }
    }
}

/// Both images in memory; what is written is known already.
struct Slices<'a> {
    base: &'a [u8],
    target: &'a [u8],
}

impl Images for Slices<'_> {
    type Error = Infallible;

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        read(self.base, offset, bytes);
        Ok(())
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        read(self.target, offset, bytes);
        Ok(())
    }

    fn write_target(&mut self, _bytes: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }
}

fn read(image: &[u8], offset: u32, bytes: &mut [u8]) {
    let from = image.get(offset as usize..).unwrap_or(&[]);
    for (slot, &byte) in bytes.iter_mut().zip(from) {
        *slot = byte;
    }
}

/// Runs `plan` through the model; `after` sees coder and engine after each step, and may end the run: `None`.
fn run<C: Attentive>(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    target: &[u8],
    plan: &Plan,
    coder: C,
    mut after: impl FnMut(&mut C, &Engine<'_>, Step) -> ControlFlow<()>,
) -> Result<Option<C>, DecodeError> {
    let mut workspace = vec![0u16; header.workspace_words()];
    let mut engine = Engine::new(*header, isas, &mut workspace)?;
    let mut images = Slices { base, target };
    let seen = Seen::new(header, base, target, plan);
    let mut side = Planned { plan, entry: 0, target, seen: &seen.extras, coder };
    while !engine.is_done() {
        let step = engine.step(&mut images, &mut side).map_err(|error| match error {
            Error::Patch(error) => error,
            Error::Images(never) => match never {},
        })?;
        if after(&mut side.coder, &engine, step).is_break() {
            return Ok(None);
        }
    }
    Ok(Some(side.coder))
}

/// Encodes `plan` into a body.
///
/// # Errors
/// A [`DecodeError`] when the plan leads outside the images: a bug of the planner.
pub fn encode(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    target: &[u8],
    plan: &Plan,
) -> Result<Vec<u8>, DecodeError> {
    Ok(encode_within(header, isas, base, target, plan, usize::MAX)?.unwrap_or_default())
}

/// Encodes `plan` into a body of at most `limit` bytes, or gives up: `None`, soon after the limit is passed.
///
/// # Errors
/// As [`encode`].
pub fn encode_within(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    target: &[u8],
    plan: &Plan,
    limit: usize,
) -> Result<Option<Vec<u8>>, DecodeError> {
    // The end of a body may drop bytes that were written already.
    let limit_before_end = limit.saturating_add(IMPLIED_ZEROS);
    let coder = RangeEncoder::new();
    let coder = run(header, isas, base, target, plan, coder, |coder, _, step| {
        if step == (Step::Mark { reset: true }) {
            coder.end_segment();
        }
        if coder.len() > limit_before_end {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(coder.map(RangeEncoder::finish).filter(|body| body.len() <= limit))
}

/// Cost of `plan` in 1/65536 bit; `observe` sees the target position and the cost after each step.
///
/// # Errors
/// As [`encode`].
pub fn price(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    target: &[u8],
    plan: &Plan,
    mut observe: impl FnMut(u32, u64),
    see: impl FnMut(Answered, u64),
) -> Result<u64, DecodeError> {
    let coder = Observed { price: CostCoder::default(), open: None, see };
    let coder = run(header, isas, base, target, plan, coder, |coder, engine, _| {
        observe(engine.position(), coder.price.cost);
        ControlFlow::Continue(())
    })?;
    Ok(coder.map_or(0, |coder| coder.price.cost))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the exact cost")]
    fn cost_is_the_logarithm() {
        for p in (1..65_536u32).step_by(97) {
            let exact = (-(f64::from(p) / 65_536.0).log2() * 65_536.0) as u32;
            assert!(cost(p).abs_diff(exact) < 64, "p {p}: {} {exact}", cost(p));
        }
    }
}
