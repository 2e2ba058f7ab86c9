//! Binary choices of the op stream: plain counters, no mixing.

use super::{Model, Part, number};
use crate::entropy::Coder;

/// A choice and its number of contexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Switch {
    /// The next op starts where the address map says. Context: same choice at the last op.
    FromMap = 0,
    /// The next token of an extra is a copy. Context: where it begins in an instruction or a word, and the last token.
    IsCopy = 2,
    /// A copy repeats one of the last distances. Context: same choice at the last copy.
    IsRepeat = 10,
    /// A copy without repeat reads the base, not the target. Context: same choice at the last one.
    FromBase = 18,
    /// Which remembered distance is repeated: first choice, then second.
    RepeatIndex = 20,
    /// A restart mark resets the model.
    Reset = 22,
}

/// Counters of all switches.
pub(crate) const COUNTERS: Part = number::COUNTERS.then(24, 1, 0);

/// Codes a choice in context `context`.
#[inline(never)]
pub fn code(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    switch: Switch,
    context: u32,
    bit: bool,
) -> bool {
    let index = switch as usize + context as usize;
    let index = COUNTERS.at(model.compact, index);
    number::plain(model.words, coder, index, bit)
}
