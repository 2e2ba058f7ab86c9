//! Whether a predicted unit is right: one decision, six mixed contexts.

use super::Sets;
use crate::entropy::{Coder, counter, mixer};
use crate::model::hash;

/// Contexts of one decision.
pub const INPUTS: usize = 6;
/// Weight sets: see [`crate::stream::UnitKind`]; the inputs and a constant.
pub(crate) const WEIGHTS: Sets = Sets { count: 12, len: INPUTS + 1, compact: 1 };
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
        let mut logits = [mixer::BIAS; INPUTS + 1];
        for (logit, &context) in logits.iter_mut().zip(contexts) {
            *logit = counter::logit(self.slots.get(hash::slot(context, len)).copied().unwrap_or(0));
        }
        let set = WEIGHTS.range(self.compact, set);
        let Some(weights) = self.weights.get_mut(set) else { return false };
        let hit = mixer::decide(coder, weights, &logits, MIX, hit);
        for &context in contexts {
            if let Some(slot) = self.slots.get_mut(hash::slot(context, len)) {
                counter::update(slot, hit);
            }
        }
        hit
    }
}
