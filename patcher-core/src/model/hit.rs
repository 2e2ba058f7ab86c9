//! Whether a predicted unit is right: one decision, mixed from four contexts.

use super::Sets;
use crate::entropy::{Coder, mixer};
use crate::model::hash;

/// Contexts of one decision.
pub const INPUTS: usize = mixer::INPUTS;
/// Weight sets: see [`crate::stream::UnitKind`].
pub(crate) const WEIGHTS: Sets = Sets { count: 12, len: mixer::WEIGHTS, compact: 1 };
/// Probabilities stay in 8/65536 ..= 65528/65536: 13 bits at most.
const MIX: mixer::Way = mixer::Way { least: 8, slowness: 16 };

/// Weights and counters of the hit decisions.
#[derive(Debug)]
pub struct HitModel<'w> {
    pub(crate) compact: bool,
    pub(crate) weights: &'w mut [u16],
    pub(crate) slots: &'w mut [u16],
}

impl HitModel<'_> {
    /// Codes whether a unit hits. `set` < 12 picks the weights, `contexts` are hashed already.
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        set: usize,
        contexts: &[u32; INPUTS],
        hit: bool,
    ) -> bool {
        let len = self.slots.len();
        let inputs =
            contexts.map(|context| mixer::Input { place: hash::slot(context, len), says: 1 });
        let Some(weights) = WEIGHTS.of(self.weights, self.compact, set) else { return false };
        mixer::decide(coder, weights, self.slots, &inputs, MIX, hit)
    }
}
