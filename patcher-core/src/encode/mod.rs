//! The encoding side: a plan in, a body out.
//!
//! The engine is the decoder's own; a plan answers its questions. [`Seen`] is what copies are chosen by, [`price`] what
//! everything costs.

mod price;
mod seen;

pub use price::{Answer, CostCoder, price};
pub use seen::Seen;

use crate::container::header::Header;
use crate::container::self_digest::SelfDigests;
use crate::entropy::Coder;
use crate::entropy::encode::{IMPLIED_ZEROS, RangeEncoder};
use crate::entropy::symbol::Odds;
use crate::error::{BodyError, Error};
use crate::reference::Isa;
use crate::reference::map::Entry;
use crate::stream::images::Images;
use crate::stream::{Engine, MIN_COPY, Question, REPEATS, SCRATCH, Side, Source, Step, Topic};
use core::convert::Infallible;
use core::ops::ControlFlow;
use price::Listener;
use std::borrow::Cow;

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
    /// Copies by target offset, none overlapping a diff or crossing a restart mark. Where they bring other bytes than the target
    /// has, as seen by extras, literals take their place.
    pub copies: Vec<Copy>,
    /// Whether restart marks reset the model.
    pub reset: bool,
    /// What the target has where the header names digests of it, one behind another: it is read there, while other bytes are made.
    /// Without them what is made is read.
    pub self_digests: Vec<u8>,
}

impl Plan {
    /// What is read of a target that is made as `made`.
    fn read<'a>(&self, header: &Header, made: &'a [u8]) -> Cow<'a, [u8]> {
        let mut target = Cow::Borrowed(made);
        let mut values = self.self_digests.iter();
        for digest in header.self_digests.iter().filter(|_| !self.self_digests.is_empty()) {
            let place = digest.at as usize..digest.end() as usize;
            for (byte, &value) in
                target.to_mut().get_mut(place).unwrap_or(&mut []).iter_mut().zip(&mut values)
            {
                *byte = value;
            }
        }
        target
    }
}

/// Answers the engine's questions from a plan.
struct Planned<'a, C> {
    plan: &'a Plan,
    copies: &'a [Copy],
    entry: usize,
    target: &'a [u8],
    /// What extras make.
    seen: &'a Seen,
    self_digests: SelfDigests,
    coder: C,
}

impl<C> Planned<'_, C> {
    fn diff(&self, position: u32) -> Option<&Diff> {
        let diffs = &self.plan.diffs;
        diffs.get(diffs.partition_point(|diff| diff.target < position))
    }

    fn copy(&self, position: u32) -> Option<&Copy> {
        let found = self.copies.get(self.copies.partition_point(|copy| copy.target < position));
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
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        self.coder.code(bit, p1)
    }

    #[inline]
    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        self.coder.symbol(symbol, odds)
    }
}

impl<C: Listener> Side for Planned<'_, C> {
    fn ask(&mut self, position: u32, question: Question<'_>) -> u32 {
        let answer = self.answer(position, &question);
        let place = self.seen.places.get(position as usize).copied().unwrap_or(0);
        self.coder.hear(Answer::to(&question, answer, place));
        answer
    }

    fn about(&mut self, topic: Topic) {
        self.coder.hear((topic == Topic::Literal).then_some(Answer::Literal));
    }

    fn truth(&mut self, offset: u32, bytes: &mut [u8]) {
        read(self.target, offset, bytes);
    }

    fn agrees(&mut self, offset: u32, bytes: &[u8]) -> bool {
        let rest = self.target.get(offset as usize..).unwrap_or(&[]);
        rest.starts_with(bytes) || self.agrees_enough(offset, rest, bytes)
    }

    fn seen(&mut self, offset: u32, bytes: &mut [u8]) {
        read(&self.seen.extras, offset, bytes);
    }
}

impl<C> Planned<'_, C> {
    /// Whether `bytes` differ from `rest`, the target from `offset` on, only where that holds digests of itself: there any will do.
    fn agrees_enough(&self, offset: u32, rest: &[u8], bytes: &[u8]) -> bool {
        let will_do = |offset, (byte, of_target)| {
            byte == of_target || self.self_digests.piece(offset, 1).1.is_some()
        };
        !self.self_digests.is_empty()
            && rest.len() >= bytes.len()
            && (offset..).zip(bytes.iter().zip(rest)).all(|(offset, pair)| will_do(offset, pair))
    }

    fn answer(&mut self, position: u32, question: &Question<'_>) -> u32 {
        let diff = || self.diff(position);
        let copy = || self.copy(position);
        let entry = self.plan.map.get(self.entry);
        match *question {
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
            Question::CopyLength => copy().map_or(0, |copy| {
                copy.len.wrapping_sub(MIN_COPY) >> u32::from(self.seen.halfwords)
            }),
            Question::Reset => u32::from(self.plan.reset),
        }
    }
}

/// Both images in memory, the target as it is read; what is written is known already.
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

/// Runs `plan` through the model; `after` sees the coder after each step, and may end the run: `None`.
fn run<C: Listener>(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    target: &[u8],
    plan: &Plan,
    coder: C,
    mut after: impl FnMut(&mut C, Step) -> ControlFlow<()>,
) -> Result<Option<C>, BodyError> {
    let mut workspace = vec![0u16; header.workspace_words()];
    let mut engine = Engine::new(*header, isas, &mut workspace)?;
    let read = plan.read(header, target);
    let mut images = Slices { base, target: &read };
    let seen = Seen::new(header, base, target, plan);
    let copies = seen.fit(&plan.copies);
    let self_digests = header.self_digests;
    let (copies, seen) = (&copies[..], &seen);
    let mut side = Planned { plan, copies, entry: 0, target, seen, self_digests, coder };
    let mut scratch = SCRATCH;
    while !engine.is_done() {
        let step =
            engine.step(&mut images, &mut side, &mut scratch).map_err(|error| match error {
                Error::Patch(error) => error,
                Error::Images(never) => match never {},
            })?;
        if after(&mut side.coder, step).is_break() {
            return Ok(None);
        }
    }
    Ok(Some(side.coder))
}

/// Encodes `plan` into a body.
///
/// # Errors
/// A [`BodyError`] when the plan leads outside the images: a bug of the planner.
pub fn encode(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    target: &[u8],
    plan: &Plan,
) -> Result<Vec<u8>, BodyError> {
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
) -> Result<Option<Vec<u8>>, BodyError> {
    // The end of a body may drop bytes that were written already.
    let limit_before_end = limit.saturating_add(IMPLIED_ZEROS);
    let coder = RangeEncoder::new();
    let coder = run(header, isas, base, target, plan, coder, |coder, step| {
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
