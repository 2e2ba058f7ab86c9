//! What the bytes of a delta cost once they are coded.

use formats::Stretch;

use crate::plan::prices::BIT;

/// Sixteenths of a bit.
pub(crate) type Price = u32;

/// Runs of zeros up to so many bytes have prices of their own.
const RUN: usize = 32;

/// Prices of diff bytes, new bytes and numbers.
#[derive(Clone, Debug)]
pub(crate) struct Prices {
    /// A zero after as many zeros.
    zero: [Price; RUN + 1],
    /// That a byte is none after as many zeros.
    other: [Price; RUN + 1],
    /// Which one, after a zero and after another one.
    value: [[Price; 256]; 2],
    /// A new byte.
    extra: [Price; 256],
    /// A byte of a number.
    number: Price,
    /// An op, beside its numbers.
    op: Price,
}

impl Prices {
    /// CRLE: a byte is a byte, and a run of zeros breaks what is scattered.
    pub(crate) fn crle() -> Self {
        let byte = 8 * BIT;
        let mut zero = [0; RUN + 1];
        zero[..5].fill(byte);
        Self {
            zero,
            other: [0; RUN + 1],
            value: [[byte; 256]; 2],
            extra: [byte; 256],
            number: byte,
            op: 0,
        }
    }

    /// A coder with adaptive probabilities, before anything is known.
    pub(crate) fn adaptive() -> Self {
        let mut zero = [1; RUN + 1];
        let mut other = [7 * BIT; RUN + 1];
        for (run, (zero, other)) in zero.iter_mut().zip(&mut other).enumerate() {
            (*zero, *other) = match run {
                0 => (3 * BIT, BIT),
                1..4 => (3 * BIT / 2, 3 * BIT),
                4..8 => (BIT / 2, 5 * BIT),
                8..16 => (BIT / 8, 6 * BIT),
                _ => (1, 7 * BIT),
            };
        }
        Self {
            zero,
            other,
            value: [[7 * BIT; 256]; 2],
            extra: [13 * BIT / 2; 256],
            number: 6 * BIT,
            op: 6 * BIT,
        }
    }

    /// Learns from what a delta holds: what is frequent is cheap.
    pub(crate) fn learn(&self, base: &[u8], target: &[u8], stretches: &[Stretch]) -> Self {
        let mut kinds = [[1.0f64; 2]; RUN + 1];
        let mut values = [[0.25f64; 256]; 2];
        let mut extras = [4.0f64; 256];
        let mut at = 0;
        for stretch in stretches {
            for &byte in &target[at..stretch.target] {
                extras[usize::from(byte)] += 1.0;
            }
            let (mut run, mut after) = (0, 0);
            for index in 0..stretch.len {
                let diff = target[stretch.target + index].wrapping_sub(base[stretch.base + index]);
                kinds[run][usize::from(diff != 0)] += 1.0;
                if diff == 0 {
                    run = RUN.min(run + 1);
                    after = 0;
                } else {
                    values[after][usize::from(diff)] += 1.0;
                    run = 0;
                    after = 1;
                }
            }
            at = stretch.target + stretch.len;
        }
        for &byte in &target[at..] {
            extras[usize::from(byte)] += 1.0;
        }
        let mut learned = self.clone();
        for (run, counts) in kinds.iter().enumerate() {
            learned.zero[run] = price(counts, 0).max(1);
            learned.other[run] = price(counts, 1);
        }
        for (value, counts) in learned.value.iter_mut().zip(&values) {
            *value = core::array::from_fn(|byte| price(counts, byte));
        }
        learned.extra = core::array::from_fn(|byte| price(&extras, byte) * 15 / 16);
        learned
    }

    /// The same with ops at `op`/8 and new bytes at `extra`/16 of their price.
    pub(crate) fn scaled(&self, op: u32, extra: u32) -> Self {
        Self {
            number: self.number * op / 8,
            op: self.op * op / 8,
            extra: self.extra.map(|price| price * extra / 16),
            ..self.clone()
        }
    }

    /// A diff byte after `run` zeros.
    pub(crate) fn diff(&self, run: usize, byte: u8) -> u64 {
        let run = run.min(RUN);
        u64::from(if byte == 0 {
            self.zero[run]
        } else {
            self.other[run] + self.value[usize::from(run == 0)][usize::from(byte)]
        })
    }

    /// A new byte.
    pub(crate) fn extra(&self, byte: u8) -> u64 {
        u64::from(self.extra[usize::from(byte)])
    }

    /// An op that jumps by `jump` bytes of the base: three numbers, one of them usually small.
    pub(crate) fn op(&self, jump: u64) -> u64 {
        let bits = 64 - jump.leading_zeros() + 1;
        u64::from(self.op) + u64::from(self.number) * u64::from(3 + bits.div_ceil(7))
    }
}

/// Bits of the symbol by its frequency.
fn price(counts: &[f64], symbol: usize) -> Price {
    let share = counts[symbol] / counts.iter().sum::<f64>();
    sixteenths(-share.log2())
}

/// Rounded, within what no price exceeds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a range that fits"
)]
fn sixteenths(bits: f64) -> Price {
    (bits.clamp(0.0, 64.0) * f64::from(BIT)).round() as Price
}
