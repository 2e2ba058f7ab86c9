//! Logits and mixed decisions (§4.3, §4.4).

use crate::counter::Counter;

/// A mixed decision before its answer is known.
#[derive(Debug)]
pub(crate) struct Mixed {
    logits: Vec<i64>,
    pub(crate) p1: u32,
}

/// The logarithm to base 2 in 1/256: its whole part, and what is left of the number as a fraction of that power of two.
fn log2(value: i64) -> i64 {
    let whole = value.ilog2();
    i64::from(whole) * 256 + ((value << 8 >> whole) - 256)
}

fn squash(x: i64) -> i64 {
    let distance = x.abs().min(4095);
    let odds = ((512 - distance % 256) * 128) >> (distance / 256);
    let likely = 0xFFFF_FFFF / (65536 + odds);
    if x < 0 { 65536 - likely } else { likely }
}

/// The logit of a counter.
pub(crate) fn logit(counter: Counter) -> i64 {
    let p = 2 * counter.p12 + 1;
    log2(p) - log2(8192 - p)
}

impl Mixed {
    /// The first line of §4.4; the constant is the last input.
    pub(crate) fn of(mut logits: Vec<i64>, weights: &[i64], least: i64) -> Self {
        logits.push(512);
        let sum: i64 = logits.iter().zip(weights).map(|(logit, weight)| logit * weight).sum();
        let p1 = squash(sum >> 13).clamp(least, 65536 - least);
        Self { logits, p1: u32::try_from(p1).expect("clamped") }
    }

    /// What the answer teaches the weights, the less the higher `slowness`; the counters are the caller's to update.
    pub(crate) fn train(&self, weights: &mut [i64], slowness: u32, bit: bool) {
        let error = if bit { 65535 } else { 0 } - i64::from(self.p1);
        for (weight, logit) in weights.iter_mut().zip(&self.logits) {
            *weight = (*weight + ((error * logit + (1 << (slowness - 1))) >> slowness))
                .clamp(-32768, 32767);
        }
    }
}
