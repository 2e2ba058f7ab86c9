//! Logits and mixed decisions (§4.3, §4.4).

use crate::counter::Counter;

/// The tables, from their formulas.
#[derive(Debug)]
pub(crate) struct Mixer {
    squash: Vec<i64>,
    stretch: Vec<i64>,
}

/// A mixed decision before its answer is known.
#[derive(Debug)]
pub(crate) struct Mixed {
    logits: Vec<i64>,
    pub(crate) p1: u32,
}

#[expect(clippy::cast_possible_truncation, reason = "the formulas give small numbers")]
fn round(value: f64) -> i64 {
    value.round() as i64
}

impl Mixer {
    pub(crate) fn new() -> Self {
        let squash = (0..=48)
            .map(|i| round(65536.0 / (1.0 + (12.0 - f64::from(i) / 2.0).exp())).clamp(1, 65535));
        let stretch =
            (0..256).map(|i| round(256.0 * ((f64::from(i) + 0.5) / (255.5 - f64::from(i))).ln()));
        Self { squash: squash.collect(), stretch: stretch.collect() }
    }

    fn squash(&self, x: i64) -> i64 {
        let x = x.clamp(-3072, 3071) + 3072;
        let i = usize::try_from(x >> 7).expect("clamped");
        self.squash[i] + (((self.squash[i + 1] - self.squash[i]) * (x & 127)) >> 7)
    }

    pub(crate) fn logit(&self, counter: Counter) -> i64 {
        self.stretch[usize::try_from(counter.p12 >> 4).expect("clamped")]
    }

    /// The first line of §4.4; the constant is the last input.
    pub(crate) fn mix(&self, mut logits: Vec<i64>, weights: &[i64], least: i64) -> Mixed {
        logits.push(512);
        let sum: i64 = logits.iter().zip(weights).map(|(logit, weight)| logit * weight).sum();
        let p1 = self.squash(sum >> 13).clamp(least, 65536 - least);
        Mixed { logits, p1: u32::try_from(p1).expect("clamped") }
    }
}

impl Mixed {
    /// What the answer teaches the weights, the less the higher `slowness`; the counters are the caller's to update.
    pub(crate) fn train(&self, weights: &mut [i64], slowness: u32, bit: bool) {
        let error = if bit { 65535 } else { 0 } - i64::from(self.p1);
        for (weight, logit) in weights.iter_mut().zip(&self.logits) {
            *weight = (*weight + ((error * logit + (1 << (slowness - 1))) >> slowness))
                .clamp(-32768, 32767);
        }
    }
}
