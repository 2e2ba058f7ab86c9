//! Which pairs may be trained on, and which only reported.

use core::fmt;

use crate::digest::Digest;
use crate::manifest::Set;

/// What a pair or a series may be used for; fixed by the name of the series, so that no one can choose.
///
/// A series that occurs in a benchmark pair is [`Benchmark`](Self::Benchmark). Any other is [`Train`](Self::Train) when
/// the SHA-256 of its name ends in an odd hex digit, else [`Test`](Self::Test). A pair of the benchmark set is
/// `Benchmark`; another pair has the split that both of its series share, when that is `Train` or `Test`.
/// Everything else is [`Withheld`](Self::Withheld).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Split {
    /// Reported, never tuned on.
    Benchmark,
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
        // SHA-256("abc") ends in d, SHA-256("") ends in 5, SHA-256("a") ends in b, SHA-256("abcd") in 9 …
        for series in ["abc", "", "a", "b", "nxt", "ubertooth-rxtx", "altos-easymini-v1.0"] {
            let digit = Digest::of(series.as_bytes()).to_string().pop();
            let odd = digit.is_some_and(|digit| "13579bdf".contains(digit));
            let expected = if odd { Split::Train } else { Split::Test };
            assert_eq!(Split::of_series(series, false), expected, "{series}");
        }
        assert_eq!(Split::of_series("abc", false), Split::Train);
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
