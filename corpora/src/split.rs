//! Which pairs may be trained on, and which only reported.

use core::fmt;

use crate::digest::Digest;
use crate::manifest::Set;

/// What a pair or a series may be used for; fixed by the name of the series, so that no one can choose.
///
/// A series that occurs in a benchmark pair is [`Benchmark`](Self::Benchmark). Any other is [`Train`](Self::Train) when
/// the SHA-256 of its name ends in an odd hex digit, else [`Test`](Self::Test). A pair of the benchmark set is
/// `Benchmark`, one of the set of cores is `Cores`; another pair has the split that both of its series share, when that is `Train` or `Test`.
/// Everything else is [`Withheld`](Self::Withheld).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// Reported, never tuned on.
    Benchmark,
    /// Other cores than Cortex-M: reported apart, never tuned on.
    Cores,
    /// Reported in full, never trained on.
    Test,
    /// Free for training and tuning.
    Train,
    /// More pairs of benchmark series, and pairs between series of different splits: good for correctness tests, neither
    /// trained on nor counted in a result.
    Withheld,
}

impl Split {
    /// The split of a series, given whether it occurs in a benchmark pair.
    pub(crate) fn of_series(series: &str, in_benchmark: bool) -> Self {
        let [.., last] = *Digest::of(series.as_bytes()).as_bytes();
        // The last hex digit is odd exactly when the last byte is.
        match (in_benchmark, last % 2) {
            (true, _) => Self::Benchmark,
            (false, 0) => Self::Test,
            (false, _) => Self::Train,
        }
    }

    /// The split of a pair, given those of its two series.
    pub(crate) fn of_pair(set: Set, base: Self, target: Self) -> Self {
        match (set, base, target) {
            (Set::Benchmark, _, _) => Self::Benchmark,
            (Set::Cores, _, _) => Self::Cores,
            (Set::More, Self::Train, Self::Train) => Self::Train,
            (Set::More, Self::Test, Self::Test) => Self::Test,
            (Set::More, _, _) => Self::Withheld,
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Benchmark => "benchmark",
            Self::Cores => "cores",
            Self::Test => "test",
            Self::Train => "train",
            Self::Withheld => "withheld",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parity_of_the_last_hex_digit_decides_between_train_and_test() {
        // Last two hex digits: 1b, 83, ad, bb.
        for series in ["altos-easymini-v1.0", "nrf51-conn", "abc", "a"] {
            assert_eq!(Split::of_series(series, false), Split::Train, "{series}");
        }
        // a0, 94, ca, ce, f0.
        for series in [
            "nxt-improved",
            "particle-tracker-part1",
            "pybricks-movehub",
            "starcore-esp32",
            "ubertooth-rxtx",
        ] {
            assert_eq!(Split::of_series(series, false), Split::Test, "{series}");
        }
    }

    #[test]
    fn benchmark_series_are_neither_train_nor_test() {
        assert_eq!(Split::of_series("abc", true), Split::Benchmark);
        let more = |base, target| Split::of_pair(Set::More, base, target);
        assert_eq!(more(Split::Benchmark, Split::Benchmark), Split::Withheld);
        assert_eq!(more(Split::Benchmark, Split::Train), Split::Withheld);
        assert_eq!(more(Split::Test, Split::Benchmark), Split::Withheld);
    }

    #[test]
    fn a_pair_across_train_and_test_is_withheld() {
        let more = |base, target| Split::of_pair(Set::More, base, target);
        assert_eq!(more(Split::Train, Split::Train), Split::Train);
        assert_eq!(more(Split::Test, Split::Test), Split::Test);
        assert_eq!(more(Split::Train, Split::Test), Split::Withheld);
        assert_eq!(more(Split::Test, Split::Train), Split::Withheld);
    }
}
