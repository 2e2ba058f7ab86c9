//! Hashes that turn contexts into table slots.

/// What contexts, the values they are of and their inputs are multiplied by: odd, and nowhere near a simple fraction of 2³².
const FACTORS: [u32; 3] = [0x9E37_79B1, 0x85EB_CA6B, 0x2C1B_3C6D];

/// A hash of the value `a` of a decision of kind `b`, by the number of its input, so that inputs do not share slots. Its high
/// bits depend on all of both.
#[inline]
#[must_use]
pub fn context(input: u32, a: u32, b: u32) -> u32 {
    let [of_value, of_kind, of_input] = FACTORS;
    a.wrapping_mul(of_value)
        .wrapping_add(b.wrapping_mul(of_kind))
        .wrapping_add(input.wrapping_mul(of_input))
}

/// Turns the values of one decision into contexts of its inputs, all mixed with `b`.
pub(crate) fn contexts(b: u32, values: &mut [u32]) {
    for (input, value) in (0..).zip(values) {
        *value = context(input, *value, b);
    }
}

/// Slot of `hash` in a table of `len` slots, `len` ≤ 65,535: the high bits, scaled.
#[inline]
#[must_use]
pub fn slot(hash: u32, len: usize) -> usize {
    let high = hash >> 16;
    // Both factors are below 2^16: the product fits.
    let len = u32::try_from(len).unwrap_or(0) & 0xFFFF;
    ((high * len) >> 16) as usize
}
