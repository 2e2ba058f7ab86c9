//! Whether a predicted unit is right: one decision, six mixed contexts.

use crate::entropy::{Coder, counter, mixer, tables};
use crate::model::hash;

/// Contexts of one decision.
pub const INPUTS: usize = 6;
/// Weight sets: unit kind × four situations.
const SETS: usize = 8 * 4;
/// Words of all weights.
pub const WEIGHTS: usize = SETS * INPUTS;
/// Probabilities stay in 8/65536 ..= 65528/65536: 13 bits at most.
const P_MIN: u16 = 8;

/// Weights and counters of the hit decisions.
#[derive(Debug)]
pub struct HitModel<'w> {
    pub(crate) weights: &'w mut [u16],
    pub(crate) slots: &'w mut [u16],
}

impl HitModel<'_> {
    /// Codes whether a unit hits. `set` < 32 picks the weights, `contexts` are hashed already.
    pub fn code(
        &mut self,
        coder: &mut impl Coder,
        set: usize,
        contexts: &[u32; INPUTS],
        hit: bool,
    ) -> bool {
        let len = self.slots.len();
        let mut logits = [0i32; INPUTS];
        for (logit, &context) in logits.iter_mut().zip(contexts) {
            let slot = self.slots.get(hash::slot(context, len)).copied().unwrap_or(counter::FRESH);
            *logit = (tables::stretch(counter::p12(slot)) * counter::confidence(slot)) >> 8;
        }
        let start = (set % SETS) * INPUTS;
        let Some(weights) = self.weights.get_mut(start..start + INPUTS) else { return false };
        let p1 = mixer::mix(weights, &logits).clamp(P_MIN, u16::MAX - P_MIN + 1);
        let hit = coder.code(hit, p1);
        mixer::train(weights, &logits, p1, hit);
        for &context in contexts {
            if let Some(slot) = self.slots.get_mut(hash::slot(context, len)) {
                counter::update(slot, hit);
            }
        }
        hit
    }
}
