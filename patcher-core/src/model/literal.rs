//! A byte that is in neither image: a literal of an extra.
//!
//! Beside the input that follows a byte, two count its bits after the bits so far: by its place, and by what stands before it.

use super::byte::{MIX, OTHERS, Trail, WEIGHTS};
use super::{Model, hash};
use crate::entropy::{
    Coder,
    mixer::{self, Input},
};

/// What a literal is coded by.
#[derive(Debug, Clone, Copy)]
pub struct Literal {
    /// The byte that the first input follows.
    pub expected: u8,
    /// The last three tokens.
    pub tokens: u32,
    /// Where it stands: 0..2 in a delta, 0..4 in a full image.
    pub place: u32,
    /// The first of its weight classes, one for two bits each: 4, or 0, which in a delta belongs to misses.
    pub class: usize,
    /// What stands before it, in a full image: elsewhere there are too few literals to learn it.
    pub before: Option<u32>,
}

/// Codes the byte that `literal` tells of.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, literal: &Literal, byte: u8) -> u8 {
    let (compact, layout) = (model.compact, model.bytes);
    let (fixed, cells) = model.split();
    let Literal { tokens, place, class, before, .. } = *literal;
    let places = if before.is_some() { 4 } else { 2 };
    let first = layout.follows(tokens * places + place);
    let context = hash::context(2, before.unwrap_or(0), place);
    let starts: [_; OTHERS] = [layout.nodes(place), layout.hashed(context)];
    let mut expected = Trail::of(literal.expected);
    let mut inputs = [Input { cell: first, says: 1 }; mixer::INPUTS];
    let [.., last] = &mut inputs;
    last.says = before.is_some().into();
    let mut sofar = 1usize;
    for index in (0..8usize).rev() {
        let state = expected.state();
        let [follows, others @ ..] = &mut inputs;
        follows.cell = first + (index << 2 | state);
        for (input, &(start, nodes)) in others.iter_mut().zip(&starts) {
            input.cell = start + (sofar & nodes);
        }
        let weights = WEIGHTS.of(fixed, compact, state * 8 + class + (index >> 1));
        let Some(weights) = weights else { return 0 };
        let bit = mixer::decide(coder, weights, cells, &inputs, MIX, byte >> index & 1 == 1);
        sofar = sofar << 1 | usize::from(bit);
        expected.follow(bit);
    }
    let [byte, ..] = sofar.to_le_bytes();
    byte
}
