//! Whether a predicted unit is right: one decision, mixed from three contexts.

use super::{Model, Part, switch};
use crate::entropy::{Coder, mixer};

/// Contexts of one decision.
pub const INPUTS: usize = mixer::INPUTS;
/// Weight sets: see [`crate::stream::UnitKind`].
pub(crate) const WEIGHTS: Part = switch::COUNTERS.then(12, mixer::WEIGHTS, 1);
/// Probabilities stay in 8/65536 ..= 65528/65536: 13 bits at most.
const MIX: mixer::Way = mixer::Way { least: 8, slowness: 16 };

/// Codes whether a unit hits. `set` < 12 picks the weights, `contexts` are hashed already.
pub fn code(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    set: usize,
    contexts: &[u32; INPUTS],
    hit: bool,
) -> bool {
    let slots = model.hit_slots;
    let inputs = contexts.map(|context| mixer::Input { cell: slots.slot(context), says: 1 });
    let compact = model.compact;
    let (fixed, cells) = model.split();
    let Some(weights) = WEIGHTS.of(fixed, compact, set) else { return false };
    mixer::decide(coder, weights, cells, &inputs, MIX, hit)
}
