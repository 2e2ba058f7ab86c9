//! Logits and the way back, without tables.
//!
//! A logit is the logarithm to base 2 of the odds, in units of 1/256 ("Q8"). Between two powers of two, logarithms and powers are
//! taken as straight, which costs no size (docs/research.md, "Logits").
//!
//! **Reference**: J. N. Mitchell, "Computer multiplication and division using binary logarithms", 1962.

/// Largest logit that [`squash`] tells from larger ones, either way.
const MOST: u32 = (16 << 8) - 1;

/// Logarithm to base 2 of `value` > 0 in Q8.
fn log2(value: u32) -> i32 {
    let zeros = value.leading_zeros();
    // The leading one and the eight bits below it: 256 of them are the one.
    let digits = value.wrapping_shl(zeros) >> 23;
    ((30 - zeros.cast_signed()) << 8) + digits.cast_signed()
}

/// Logit of a probability in 1/4096, 0..=4095, taken in the middle of its step.
#[inline]
#[must_use]
pub fn stretch(p12: u16) -> i32 {
    let p = u32::from(p12) << 1 | 1;
    log2(p) - log2(8192_u32.wrapping_sub(p))
}

/// Probability in 1/65536 of a logit, 1..=65535.
#[inline]
#[must_use]
pub fn squash(logit: i32) -> i32 {
    let distance = logit.unsigned_abs().min(MOST);
    // Of the less likely outcome to the other, in 1/65536.
    let odds = ((512 - (distance & 255)) << 7) >> (distance >> 8);
    let likely = (u32::MAX / (65_536 + odds)).cast_signed();
    if logit < 0 { 65_536 - likely } else { likely }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_are_those_of_the_logarithm() {
        for p12 in 0..4096u16 {
            let p = (f64::from(p12) + 0.5) / 4096.0;
            let exact = 256.0 * (p / (1.0 - p)).log2();
            // A straight line is at most 0.086 below a logarithm to base 2.
            assert!((f64::from(stretch(p12)) - exact).abs() < 0.0861 * 256.0 + 1.0, "at {p12}");
            assert_eq!(stretch(p12), -stretch(4095 - p12));
        }
    }

    #[test]
    fn what_is_stretched_is_squashed_back() {
        for p12 in 0..4096u16 {
            let p = (f64::from(p12) + 0.5) * 16.0;
            let got = f64::from(squash(stretch(p12)));
            let odds = (got / (65_536.0 - got)) / (p / (65_536.0 - p));
            assert!((0.88..1.13).contains(&odds), "{p} became {got}");
        }
    }

    #[test]
    fn squash_is_monotonic_and_never_certain() {
        let mut last = 1;
        for x in -5000..5000 {
            let p = squash(x);
            assert!((last..=65_535).contains(&p), "at {x}");
            last = p;
        }
        assert_eq!(squash(i32::MIN) + squash(i32::MAX), 65_536);
    }
}
