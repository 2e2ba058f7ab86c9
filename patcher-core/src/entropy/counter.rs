//! An adaptive probability in sixteen bits.
//!
//! ```text
//!  15                    4 3      0
//! +-----------------------+--------+
//! | P(true) in 1/4096     | count  |
//! +-----------------------+--------+
//! ```
//!
//! The count picks the rate: a fresh counter believes its first observations, an old one averages.

/// A counter that has seen nothing: one half, count 0.
pub const FRESH: u16 = 0x8000;

/// The largest probability, in 1/4096.
const MOST: i32 = 4095;

/// Adaptation rate by count, in 1/65536: `round(65536 / (n + 1.6))`, slower steps at the end.
const RATE: [u16; 16] = [
    40_960, 25_206, 18_204, 14_247, 11_703, 9_930, 8_623, 7_620, 6_827, 6_183, 5_650, 5_201, 4_489,
    3_724, 3_013, 2_521,
];

/// The probability of a counter in 1/4096, 0..=4095.
#[inline]
#[must_use]
pub fn p12(counter: u16) -> u16 {
    counter >> 4
}

/// Moves the counter towards `bit` and counts the observation.
#[inline]
pub fn update(counter: &mut u16, bit: bool) {
    let target = if bit { MOST } else { 0 };
    let count = *counter & 15;
    let rate = i32::from(RATE.get(usize::from(count)).copied().unwrap_or(0));
    // Never past the target: a rate is below one.
    let step = ((target - i32::from(*counter >> 4)) * rate + 0x8000) >> 16;
    let counted = i32::from(count < 15);
    *counter = low_half(i32::from(*counter) + (step << 4) + counted);
}

/// The low half of a number that fits into it.
#[inline]
pub(crate) fn low_half(value: i32) -> u16 {
    let [low, high, ..] = value.to_le_bytes();
    u16::from_le_bytes([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probability_follows_the_observations() {
        let mut counter = FRESH;
        for _ in 0..100 {
            update(&mut counter, true);
        }
        assert!(p12(counter) > 4050, "{}", p12(counter));
        for _ in 0..200 {
            update(&mut counter, false);
        }
        assert!(p12(counter) < 45, "{}", p12(counter));
    }
}
