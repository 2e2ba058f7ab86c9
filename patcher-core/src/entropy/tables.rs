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

/// `round(256 * ln((i + 0.5) / (511.5 - i)))` for i = 256..512; the lower half is its mirror image.
#[rustfmt::skip]
const STRETCH: [i16; 256] = [
    1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
    33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63,
    65, 67, 69, 71, 74, 76, 78, 80, 82, 84, 86, 88, 90, 92, 94, 96,
    98, 100, 102, 104, 107, 109, 111, 113, 115, 117, 119, 121, 123, 125, 128, 130,
    132, 134, 136, 138, 140, 143, 145, 147, 149, 151, 153, 156, 158, 160, 162, 164,
    167, 169, 171, 173, 176, 178, 180, 182, 185, 187, 189, 191, 194, 196, 198, 201,
    203, 205, 208, 210, 212, 215, 217, 220, 222, 224, 227, 229, 232, 234, 236, 239,
    241, 244, 246, 249, 251, 254, 257, 259, 262, 264, 267, 269, 272, 275, 277, 280,
    283, 285, 288, 291, 293, 296, 299, 302, 304, 307, 310, 313, 316, 319, 322, 324,
    327, 330, 333, 336, 339, 342, 345, 348, 351, 355, 358, 361, 364, 367, 370, 374,
    377, 380, 384, 387, 390, 394, 397, 401, 404, 408, 411, 415, 419, 422, 426, 430,
    434, 437, 441, 445, 449, 453, 457, 461, 465, 470, 474, 478, 483, 487, 491, 496,
    500, 505, 510, 515, 519, 524, 529, 534, 539, 545, 550, 555, 561, 566, 572, 578,
    584, 590, 596, 602, 608, 615, 622, 628, 635, 642, 650, 657, 665, 673, 681, 689,
    698, 706, 715, 725, 734, 744, 755, 766, 777, 788, 801, 813, 827, 841, 855, 871,
    887, 905, 924, 944, 966, 990, 1016, 1045, 1077, 1115, 1158, 1210, 1275, 1361, 1492, 1774,
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

/// Logit in Q8 of a probability given in 1/4096 (0..=4095).
#[inline]
#[must_use]
pub fn stretch(p12: u16) -> i32 {
    let index = usize::from(p12 >> 3);
    let mirrored = index & 256 == 0;
    let place = if mirrored { !index } else { index } & 255;
    let value = i32::from(STRETCH.get(place).copied().unwrap_or(0));
    if mirrored { -value } else { value }
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
        for (i, &value) in STRETCH.iter().enumerate() {
            let i = (i + 256) as f64;
            let expected = (256.0 * ((i + 0.5) / (511.5 - i)).ln()).round() as i16;
            assert_eq!(value, expected, "stretch {i}");
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
