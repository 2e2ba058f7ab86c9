//! A byte that is in neither image: a literal of an extra.
//!
//! Beside the counter that follows a byte, one counts its bits after the bits so far, by its place. In a full image both are
//! mixed with one more, by what stands before the byte: there are enough literals to learn it.

use super::byte::{self, Pair, Trail};
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
    /// What stands before it.
    pub before: u32,
}

/// Codes the byte that `literal` tells of.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, literal: &Literal, truth: u8) -> u8 {
    let (compact, layout) = (model.compact, model.bytes);
    let (fixed, cells) = model.split();
    let Literal { tokens, place, full, .. } = *literal;
    let places = if full.is_some() { 4 } else { 2 };
    let follows = layout.follows(tokens * places + place);
    let (start, nodes) = layout.nodes(place);
    let before = full.map_or(0, |full| full.before);
    let (rest, hashed) = layout.hashed(hash::context(2, before, place));
    let mut expected = Trail::of(literal.expected);
    let mut sofar = 1usize;
    for index in (0..8usize).rev() {
        let state = expected.state();
        let bit = truth >> index & 1 == 1;
        let (a, b) = (follows + (index << 2 | state), start + (sofar & nodes));
        let bit = if let Some(full) = full {
            let weights = WEIGHTS.of(fixed, compact, state * 4 + full.class + (index >> 2));
            let Some(weights) = weights else { return 0 };
            let inputs = [a, b, rest + (sofar & hashed)];
            mixer::decide(coder, weights, cells, &inputs, MIX, bit)
        } else {
            let pair = Pair { a, b, share: 2, inverse: 0, first: byte::first(state, 0) };
            byte::decide(cells, coder, &pair, bit)
        };
        sofar = sofar << 1 | usize::from(bit);
        expected.follow(bit);
    }
    let [byte, ..] = sofar.to_le_bytes();
    byte
}
