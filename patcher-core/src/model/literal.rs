//! A byte that is in neither image: a literal of an extra.
//!
//! In a delta it is coded by halves ([`byte`]). In a full image there are enough literals to learn what each context is worth: eight
//! mixed decisions.

use super::byte::{self, Byte};
use super::{Model, Part, hash, switch};
use crate::entropy::{Coder, mixer};

/// Weight sets of a full image, which has no others: state towards the expected byte × high byte, other × halves of it.
pub(crate) const WEIGHTS: Part = switch::COUNTERS.then(3 * 4, mixer::WEIGHTS, 1);
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
const MIX: mixer::Way = mixer::Way { least: 32, slowness: 18 };

/// What a literal is coded by.
#[derive(Debug, Clone, Copy)]
pub struct Literal {
    /// The byte that one counter follows.
    pub expected: u8,
    /// The last three tokens.
    pub tokens: u32,
    /// Where it stands: 0..2 in a delta, 0..4 in a full image.
    pub place: u32,
    /// What a full image adds.
    pub full: Option<Surroundings>,
}

/// What a literal of a full image is coded by beside the rest.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// The first of its weight classes, one for four bits each: 0 or 2.
    pub class: usize,
    /// What stands before it, or the opcode of its instruction.
    pub before: u32,
}

/// Codes the byte that `literal` tells of.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, literal: &Literal, truth: u8) -> u8 {
    let Some(full) = literal.full else {
        let layout = model.bytes;
        let place = literal.place as usize;
        let group = layout.follows((literal.tokens & 3) << 1 | literal.place);
        let (_, cells) = model.split();
        let order = Some(layout.order(place));
        return byte::code(cells, coder, &Byte { expected: literal.expected, group, order }, truth);
    };
    of_full(model, coder, literal, full, truth)
}

/// The same in a full image: eight decisions, highest bit first, of three counters each. One follows the expected byte instead of
/// the bits so far: it learns where the comparison fails.
fn of_full(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    literal: &Literal,
    full: Surroundings,
    truth: u8,
) -> u8 {
    let (compact, layout) = (model.compact, model.bytes);
    let (fixed, cells) = model.split();
    let Literal { tokens, place, .. } = *literal;
    let follows = layout.follows(tokens << 2 | place);
    let (start, nodes) = layout.nodes(place);
    let (rest, hashed) = layout.hashed(hash::context(2, full.before, place));
    let mut expected = Trail::of(literal.expected);
    let mut sofar = 1usize;
    for index in (0..8usize).rev() {
        let state = expected.state();
        let bit = truth >> index & 1 == 1;
        let Some(weights) = WEIGHTS.of(fixed, compact, state * 4 + full.class + (index >> 2))
        else {
            return 0;
        };
        let near = near(sofar, index);
        let inputs =
            [follows + (index << 2 | state), start + (sofar & nodes), rest + (near & hashed)];
        let bit = mixer::decide(coder, weights, cells, &inputs, MIX, bit);
        sofar = sofar << 1 | usize::from(bit);
        expected.follow(bit);
    }
    let [byte, ..] = sofar.to_le_bytes();
    byte
}

/// What the hashed counter of bit `index` knows of the bits `sofar`: the last three of them, and how many there are. Fewer contexts are
/// learned sooner, and leave room for others.
fn near(sofar: usize, index: usize) -> usize {
    /// All that may be farther than three bits before the last one, above which the leading one of `sofar` is.
    const FAR: usize = 0x78;
    sofar & !(FAR >> index & FAR)
}

/// A byte that may come, its next bit highest and a one behind its last; 0 once another bit has come.
#[derive(Debug, Clone, Copy)]
struct Trail(u32);

impl Trail {
    fn of(byte: u8) -> Self {
        Self(u32::from(byte) << 24 | 1 << 23)
    }

    /// 0: lost, else 1 + its next bit.
    fn state(self) -> usize {
        if self.0 == 0 { 0 } else { 1 + (self.0 >> 31) as usize }
    }

    fn follow(&mut self, bit: bool) {
        // Without branches: all ones as long as it goes on.
        let goes_on = ((self.0 >> 31) ^ u32::from(bit)).wrapping_sub(1);
        self.0 = self.0 << 1 & goes_on;
    }
}
