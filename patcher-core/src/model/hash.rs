//! Hashes that turn contexts into table slots.

/// Mixes a context value with the number of its input, so that inputs do not share slots.
///
/// **Cost**: called from thirty places; a copy in each would be a tenth of a decoder.
#[inline(never)]
#[must_use]
pub fn context(input: u32, a: u32, b: u32) -> u32 {
    let h = a.wrapping_mul(0x9E37_79B1) ^ b.wrapping_mul(0x85EB_CA6B).rotate_left(13);
    (h ^ (h >> 15)).wrapping_add(input.wrapping_mul(0x2C1B_3C6D)).wrapping_mul(0x297A_2D39)
}

/// Turns the values of one decision into contexts, all mixed with `b`: those of the inputs from `first` on.
#[inline(never)]
pub(crate) fn contexts(first: u32, b: u32, values: &mut [u32]) {
    for (input, value) in (first..).zip(values) {
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
