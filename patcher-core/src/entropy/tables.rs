//! The logistic function and its inverse as integer tables.
//!
//! Logits are in units of 1/256 ("Q8"). The tables are normative: docs/format.md gives the formulas,
//! a test recomputes every entry.

/// Largest logit that [`squash`] tells from its neighbours: 12 in Q8.
pub const LOGIT_MAX: i32 = 3072;

/// `round(65536 / (1 + exp(-x)))` at x = -12, -11.5, … 12, clamped to 1..=65535.
#[rustfmt::skip]
const SQUASH: [u16; 49] = [
    1, 1, 1, 2, 3, 5, 8, 13, 22, 36, 60, 98,
    162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11_955, 17_625, 24_743,
    32_768, 40_793, 47_911, 53_581, 57_724, 60_565, 62_428, 63_615, 64_357, 64_816, 65_097, 65_269,
    65_374, 65_438, 65_476, 65_500, 65_514, 65_523, 65_528, 65_531, 65_533, 65_534, 65_535, 65_535,
    65_535,
];

/// `round(256 * ln((i + 0.5) / (255.5 - i)))` for i = 0..128; the other half has the opposite sign.
#[rustfmt::skip]
const STRETCH: [i16; 128] = [
    -1597, -1314, -1182, -1095, -1030, -978, -934, -896, -863, -834, -807, -783, -760, -739, -720, -702,
    -685, -669, -653, -639, -625, -612, -599, -587, -575, -564, -553, -542, -532, -522, -512, -503,
    -494, -485, -476, -468, -459, -451, -443, -436, -428, -421, -413, -406, -399, -392, -385, -379,
    -372, -366, -359, -353, -347, -341, -335, -329, -323, -317, -311, -306, -300, -295, -289, -284,
    -279, -273, -268, -263, -258, -253, -248, -243, -238, -233, -228, -223, -218, -214, -209, -204,
    -200, -195, -190, -186, -181, -177, -172, -168, -163, -159, -155, -150, -146, -141, -137, -133,
    -129, -124, -120, -116, -112, -108, -103, -99, -95, -91, -87, -83, -79, -75, -70, -66,
    -62, -58, -54, -50, -46, -42, -38, -34, -30, -26, -22, -18, -14, -10, -6, -2,
];

/// Probability in 1/65536 for a logit in Q8, linear between the points of the table.
///
/// The result is in 1..=65535.
#[inline]
#[must_use]
pub fn squash(logit: i32) -> u16 {
    let x = (logit.clamp(-LOGIT_MAX, LOGIT_MAX - 1) + LOGIT_MAX).unsigned_abs();
    let index = (x >> 7) as usize;
    let low = u32::from(SQUASH.get(index).copied().unwrap_or(0));
    let high = u32::from(SQUASH.get(index + 1).copied().unwrap_or(0));
    let value = low + ((high.wrapping_sub(low) * (x & 127)) >> 7);
    // No more than the larger of the two.
    super::counter::low_half(value.cast_signed())
}

/// Logit in Q8 of a probability given in 1/256 (0..=255).
#[inline]
#[must_use]
pub fn stretch(p8: u8) -> i32 {
    let above = i32::from(p8.cast_signed() >> 7);
    let below = i32::from(p8) ^ above & 0xFF;
    let logit = STRETCH.get(below.unsigned_abs() as usize).copied().unwrap_or(0);
    (i32::from(logit) ^ above) - above
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "values are within the table's range")]
mod tests {
    use super::*;

    #[test]
    fn tables_equal_their_formulas() {
        for (i, &value) in SQUASH.iter().enumerate() {
            let x = (i as f64).mul_add(0.5, -12.0);
            let expected = (65536.0 / (1.0 + (-x).exp())).round().clamp(1.0, 65535.0);
            assert_eq!(f64::from(value), expected, "squash {i}");
        }
        for p8 in 0..=u8::MAX {
            let i = f64::from(p8);
            let expected = (256.0 * ((i + 0.5) / (255.5 - i)).ln()).round() as i32;
            assert_eq!(stretch(p8), expected, "stretch {p8}");
        }
    }

    #[test]
    fn squash_is_monotonic_and_never_certain() {
        let mut last = 0;
        for x in -4000..4000 {
            let p = squash(x);
            assert!(p >= last && p >= 1, "at {x}");
            last = p;
        }
    }
}
