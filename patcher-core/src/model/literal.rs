//! A byte that is in neither image: a literal of an extra.
//!
//! In a delta it is coded by halves ([`byte`]). In a full image there are enough literals to learn what each context is worth: eight
//! mixed decisions.

use super::byte::{self, Byte};
use super::{Model, Part, switch};
use crate::entropy::{Coder, mixer};

/// Weight sets of a full image, which has no others: state towards the expected byte × high byte, other × halves of it.
pub(crate) const WEIGHTS: Part = switch::COUNTERS.then(3 * 4, mixer::WEIGHTS, 1);
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
const MIX: mixer::Way = mixer::Way { least: 32, slowness: 18 };

/// The first of two contexts for bytes that are expected by where halfwords led.
pub const LEADS: u32 = 8;

/// What a literal is coded by.
#[derive(Debug, Clone, Copy)]
pub struct Literal {
    /// The byte that one counter follows.
    pub expected: u8,
    /// In which context: that of the token before and of `place`, or one of [`LEADS`].
    pub group: u32,
    /// Where it stands: 0..2 in a delta, 0..4 in a full image.
    pub place: u32,
    /// Of a full image, the first of its weight classes, one for four bits each: 0 or 2.
    pub class: usize,
    /// Of a full image, number of the context of its counters by the bits before.
    pub context: u32,
}

/// Codes the byte that `literal` tells of.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, literal: &Literal, truth: u8) -> u8 {
    if !model.has_diffs() {
        return of_full(model, coder, literal, truth);
    }
    let layout = model.bytes;
    let place = literal.place as usize;
    // A delta knows two places instead of four.
    let group = layout.follows(literal.group >> 1 & 2 | literal.place);
    let (_, cells) = model.split();
    let order = Some(layout.order(place));
    byte::code(cells, coder, &Byte { expected: literal.expected, group, order }, truth)
}

/// The same in a full image: eight decisions, highest bit first, of three counters each. One follows the expected byte instead of
/// the bits so far: it learns where the comparison fails.
#[inline(never)]
fn of_full(model: &mut Model<'_>, coder: &mut impl Coder, literal: &Literal, truth: u8) -> u8 {
    let (compact, layout) = (model.compact, model.bytes);
    let (fixed, cells) = model.split();
    let Literal { expected, group, place, class, context } = *literal;
    let follows = layout.follows(group);
    let (start, nodes) = layout.nodes(place);
    let window = layout.window(context);
    let expected = 0x100 | usize::from(expected);
    let mut sofar = 1usize;
    for index in (0..8usize).rev() {
        // 0: it is another byte, else 1 + its next bit.
        let goes_on = expected >> 1 >> index == sofar;
        let state = if goes_on { 1 + (expected >> index & 1) } else { 0 };
        let bit = truth >> index & 1 == 1;
        let Some(weights) = WEIGHTS.of(fixed, compact, state * 4 + class + (index >> 2)) else {
            return 0;
        };
        let inputs =
            [follows + (index << 2 | state), start + (sofar & nodes), window + near(sofar, index)];
        let bit = mixer::decide(coder, weights, cells, &inputs, MIX, bit);
        sofar = sofar << 1 | usize::from(bit);
    }
    let [byte, ..] = sofar.to_le_bytes();
    byte
}

/// Which counter of a window bit `index` has behind the bits `sofar`: one for each number of bits and the last three of them. Fewer
/// are learned sooner, and leave room for more contexts.
fn near(sofar: usize, index: usize) -> usize {
    5usize.saturating_sub(index) * 8 + (sofar & 7)
}
