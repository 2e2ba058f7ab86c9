//! What a plan costs, answer by answer.

use super::{Plan, run};
use crate::container::header::Header;
use crate::entropy::Coder;
use crate::entropy::encode::RangeEncoder;
use crate::entropy::symbol::Odds;
use crate::error::BodyError;
use crate::model::number::zigzag;
use crate::reference::Isa;
use crate::stream::Question;
use core::ops::ControlFlow;

/// Counts what decisions would cost, in units of 1/65536 bit.
#[derive(Debug, Default, Clone, Copy)]
pub struct CostCoder {
    /// Sum of all costs.
    pub cost: u64,
}

impl Coder for CostCoder {
    #[inline]
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        let p = if bit { p1 } else { 65_536 - p1 };
        self.cost += u64::from(cost(p));
        bit
    }

    #[inline]
    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        self.cost += u64::from(log2(odds.total()).saturating_sub(log2(odds.of(symbol))));
        symbol
    }
}

/// −log2(p / 65536) in 1/65536 bit.
fn cost(p: u32) -> u32 {
    (16 << 16) - log2(p)
}

/// log2(x) of x > 0 in 1/65536, by squaring: exact to about 2⁻¹².
fn log2(x: u32) -> u32 {
    let zeros = x.leading_zeros();
    let mut log = (31 - zeros) << 16;
    let mut x = u64::from(x) << zeros;
    for bit in (0..12).rev() {
        x = (x * x) >> 31;
        if x >= 1 << 32 {
            x >>= 1;
            log |= 1 << (bit + 4);
        }
    }
    log
}

/// What a token of an extra says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Whether it is a copy.
    IsCopy {
        /// Where it begins, 0..4: [`Seen::places`](super::Seen::places).
        place: usize,
        /// Whether it is one.
        is: bool,
    },
    /// The byte of a literal.
    Literal,
    /// Whether the copy repeats a source.
    IsRepeat(bool),
    /// Which source it repeats.
    RepeatIndex(u32),
    /// Whether it reads the base.
    FromBase(bool),
    /// Number that stands for its base offset.
    BaseDistance(u32),
    /// Number that stands for its distance in the target.
    TargetDistance(u32),
    /// Number that stands for its length.
    CopyLength(u32),
}

impl Answer {
    /// The answer `value` to `question` about a byte that stands at `place`, if it is about a token.
    pub(super) fn to(question: &Question<'_>, value: u32, place: u8) -> Option<Self> {
        Some(match question {
            Question::IsCopy => Self::IsCopy { place: place.into(), is: value != 0 },
            Question::IsRepeat(_) => Self::IsRepeat(value != 0),
            Question::RepeatIndex(_) => Self::RepeatIndex(value),
            Question::FromBase => Self::FromBase(value != 0),
            Question::BaseDistance { .. } => Self::BaseDistance(zigzag(value)),
            Question::TargetDistance => Self::TargetDistance(value),
            Question::CopyLength => Self::CopyLength(value),
            _ => return None,
        })
    }
}

/// A coder that may want to know what the next decisions say.
pub(super) trait Listener: Coder {
    /// The decisions from here on say `answer`, or nothing of a token.
    fn hear(&mut self, _answer: Option<Answer>) {}
}

impl Listener for RangeEncoder {}

/// Counts costs, and tells what each answer costs.
struct Teller<F> {
    coder: CostCoder,
    /// The answer that is being coded, and the cost before it.
    open: Option<(Answer, u64)>,
    tell: F,
}

impl<F> Coder for Teller<F> {
    #[inline]
    fn code(&mut self, bit: bool, p1: u32) -> bool {
        self.coder.code(bit, p1)
    }

    #[inline]
    fn symbol(&mut self, symbol: usize, odds: &Odds<'_>) -> usize {
        self.coder.symbol(symbol, odds)
    }
}

impl<F: FnMut(Answer, u64)> Listener for Teller<F> {
    fn hear(&mut self, answer: Option<Answer>) {
        let cost = self.coder.cost;
        if let Some((answer, before)) = self.open.take() {
            (self.tell)(answer, cost - before);
        }
        self.open = answer.map(|answer| (answer, cost));
    }
}

/// Cost of `plan` in 1/65536 bit; `tell` hears what each answer of a token costs, in their order.
///
/// # Errors
/// As [`encode`](super::encode).
pub fn price(
    header: &Header,
    isas: &[&'static dyn Isa],
    base: &[u8],
    target: &[u8],
    plan: &Plan,
    tell: impl FnMut(Answer, u64),
) -> Result<u64, BodyError> {
    let teller = Teller { coder: CostCoder::default(), open: None, tell };
    let end = |_: &mut _, _| ControlFlow::Continue(());
    let teller = run(header, isas, base, target, plan, teller, end)?;
    Ok(teller.map_or(0, |mut teller| {
        teller.hear(None);
        teller.coder.cost
    }))
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
