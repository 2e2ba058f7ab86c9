//! Fixed-point filters for slow, noisy signals.

use super::sqrt;

/// One second-order section, coefficients in Q14: b0, b1, b2, a1, a2.
#[derive(Clone, Copy)]
pub(crate) struct Section(pub(crate) [i16; 5]);

/// A cascade of second-order sections (direct form I).
pub(crate) struct Biquad<const N: usize> {
    sections: &'static [Section; N],
    state: [[i32; 4]; N],
}

/// Fourth-order Butterworth low-pass at 0.05 of the sample rate.
pub(crate) static SMOOTH: [Section; 2] =
    [Section([329, 658, 329, -24_354, 9_286]), Section([387, 774, 387, -28_622, 13_786])];

/// Second-order high-pass at 0.01 of the sample rate, for gusts.
pub(crate) static GUST: [Section; 1] = [Section([15_672, -31_344, 15_672, -31_313, 14_991])];

impl<const N: usize> Biquad<N> {
    pub(crate) const fn new(sections: &'static [Section; N]) -> Self {
        Self { sections, state: [[0; 4]; N] }
    }

    /// Filters one sample.
    pub(crate) fn step(&mut self, sample: i16) -> i16 {
        let mut value = i32::from(sample);
        for (section, state) in self.sections.iter().zip(&mut self.state) {
            let [b0, b1, b2, a1, a2] = section.0.map(i64::from);
            let [x1, x2, y1, y2] = state.map(i64::from);
            let sum = b0 * i64::from(value) + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
            let out = saturate((sum + (1 << 13)) >> 14);
            *state = [value, state[0], out, state[2]];
            value = out;
        }
        i16::try_from(value.clamp(i16::MIN.into(), i16::MAX.into())).unwrap_or(0)
    }
}

fn saturate(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

/// The middle one of the last five samples: takes single spikes out.
pub(crate) struct Median {
    last: [i16; 5],
    next: usize,
}

impl Median {
    pub(crate) const fn new() -> Self {
        Self { last: [0; 5], next: 0 }
    }

    pub(crate) fn step(&mut self, sample: i16) -> i16 {
        self.last[self.next % 5] = sample;
        self.next = (self.next + 1) % 5;
        let mut sorted = self.last;
        sorted.sort_unstable();
        sorted[2]
    }
}

/// Running count, extremes, mean and deviation.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) count: u32,
    pub(crate) lowest: i16,
    pub(crate) highest: i16,
    sum: i64,
    squares: i64,
}

impl Spread {
    pub(crate) const EMPTY: Self =
        Self { count: 0, lowest: i16::MAX, highest: i16::MIN, sum: 0, squares: 0 };

    pub(crate) fn add(&mut self, sample: i16) {
        self.count += 1;
        self.lowest = self.lowest.min(sample);
        self.highest = self.highest.max(sample);
        self.sum += i64::from(sample);
        self.squares += i64::from(sample) * i64::from(sample);
    }

    pub(crate) fn mean(&self) -> i64 {
        if self.count == 0 { 0 } else { self.sum / i64::from(self.count) }
    }

    pub(crate) fn deviation(&self) -> u32 {
        if self.count < 2 {
            return 0;
        }
        let count = i64::from(self.count);
        let variance = (self.squares - self.sum * self.sum / count) / (count - 1);
        sqrt(u32::try_from(variance).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_pass_settles_on_a_constant() {
        let mut filter = Biquad::new(&SMOOTH);
        let settled = (0..400).map(|_| filter.step(1000)).last();
        assert!(settled.is_some_and(|value| (950..=1050).contains(&value)), "{settled:?}");
    }

    #[test]
    fn median_ignores_one_spike() {
        let mut median = Median::new();
        let out = [7, 7, 7, 3000, 7].map(|sample| median.step(sample));
        assert_eq!(out[4], 7);
    }
}
