//! Whether what was predicted is right: of a unit one decision mixed from three contexts, of a block one counter.

use super::{Model, Part, byte, number, switch};
use crate::entropy::{Coder, mixer};

/// Contexts of one decision.
pub const INPUTS: usize = mixer::INPUTS;
/// Weight sets: see [`crate::stream::UnitKind`].
pub(crate) const WEIGHTS: Part = switch::COUNTERS.then(8, mixer::WEIGHTS, 1);
/// Counters of blocks, by the bits of the length of the run before them and by whether they move.
pub(crate) const BLOCKS: Part = byte::MISSES.then(16, 1, 0);
/// Probabilities stay in 8/65536 ..= 65528/65536: 13 bits at most.
const MIX: mixer::Way = mixer::Way { least: 8, slowness: 16 };

/// Codes whether a unit hits. `set` < 8 picks the weights, `contexts` are hashed already.
pub fn code(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    set: usize,
    contexts: &[u32; INPUTS],
    hit: bool,
) -> bool {
    let slots = model.hit_slots;
    let inputs = contexts.map(|context| slots.slot(context));
    let compact = model.compact;
    let (fixed, cells) = model.split();
    let Some(weights) = WEIGHTS.of(fixed, compact, set) else { return false };
    mixer::decide(coder, weights, cells, &inputs, MIX, hit)
}

/// Codes whether a block hits, after a `run` of at least 8 bytes without a miss. `moves` tells whether it is to differ from the base.
pub fn block(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    run: u32,
    moves: bool,
    hit: bool,
) -> bool {
    let bits = (32 - (run >> 4).leading_zeros()).min(7);
    let counter = BLOCKS.at(model.compact, (bits | u32::from(moves) << 3) as usize);
    number::plain(model.words, coder, counter, hit)
}
