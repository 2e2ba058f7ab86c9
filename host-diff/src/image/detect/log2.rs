//! Evidence in bits, in integers only: the same input must give the same decision on every machine.

/// Fraction bits of a logarithm.
const LOG_FRACTION: u32 = 16;

/// Fraction bits of a score.
pub(super) const SCORE_FRACTION: u32 = 8;

/// How many bits of surprise it is that `hits` of `tries` hit, if chance alone hits `chance` times in `out_of`.
///
/// This is `tries · KL(hits/tries ‖ chance/out_of)`, the log-likelihood ratio of the best constant hit rate against
/// chance; 0 if chance hits at least as often. In 1/256 bits.
pub(super) fn surprise(hits: u64, tries: u64, chance: u64, out_of: u64) -> i64 {
    let chance = chance.clamp(1, out_of.saturating_sub(1).max(1));
    let hits = hits.min(tries);
    if hits == 0 || u128::from(hits) * u128::from(out_of) <= u128::from(tries) * u128::from(chance)
    {
        return 0;
    }
    let misses = tries - hits;
    let scale = log2(out_of) - log2(tries);
    let mut bits = i128::from(hits) * i128::from(log2(hits) + scale - log2(chance));
    if misses > 0 {
        bits +=
            i128::from(misses) * i128::from(log2(misses) + scale - log2((out_of - chance).max(1)));
    }
    i64::try_from(bits >> (LOG_FRACTION - SCORE_FRACTION)).unwrap_or(i64::MAX)
}

/// log2(x) for x ≥ 1 in 1/65536; 0 for 0.
fn log2(x: u64) -> i64 {
    let Some(exponent) = x.checked_ilog2() else { return 0 };
    // The mantissa in [1, 2) with 31 fraction bits: its square fits 64 bits.
    let mut mantissa = if exponent >= 31 { x >> (exponent - 31) } else { x << (31 - exponent) };
    let mut result = i64::from(exponent);
    for _ in 0..LOG_FRACTION {
        mantissa = (mantissa * mantissa) >> 31;
        result <<= 1;
        if mantissa >> 32 != 0 {
            mantissa >>= 1;
            result |= 1;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{SCORE_FRACTION, log2, surprise};

    #[test]
    fn log2_is_exact_for_powers_and_close_between() {
        assert_eq!(log2(1), 0);
        assert_eq!(log2(1 << 40), 40 << 16);
        assert_eq!(log2(u64::MAX), (64 << 16) - 1);
        assert_eq!(log2(3), 103_872); // 1.58496 · 65536, rounded down
    }

    #[test]
    fn ten_of_ten_at_one_in_two_is_ten_bits() {
        assert_eq!(surprise(10, 10, 1, 2), 10 << SCORE_FRACTION);
    }

    #[test]
    fn chance_and_worse_are_no_surprise() {
        assert_eq!(surprise(5, 10, 1, 2), 0);
        assert_eq!(surprise(0, 10, 1, 2), 0);
        assert_eq!(surprise(0, 0, 0, 0), 0);
    }

    #[test]
    fn impossible_hits_stay_finite() {
        assert!(surprise(10, 20, 0, 1000) > 0);
        assert!(surprise(10, 10, 1000, 1000) >= 0);
    }
}
