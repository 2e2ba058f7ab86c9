//! Fields of words.

/// `count` bits of `word` from bit `low` on, `count` in 1..=31.
#[inline]
pub(crate) const fn field(word: u32, low: u32, count: u32) -> u32 {
    word >> low & ((1 << count) - 1)
}

/// Whether bit `index` is set.
#[inline]
pub(crate) const fn bit(word: u32, index: u32) -> bool {
    word >> index & 1 == 1
}

/// The low `count` bits of `word` with their sign, `count` in 1..=32.
#[inline]
pub(crate) const fn signed(word: u32, count: u32) -> i32 {
    let shift = 32 - count;
    (word << shift).cast_signed() >> shift
}

/// The low eight bits.
#[inline]
pub(crate) const fn byte(word: u32) -> u8 {
    word.to_le_bytes()[0]
}

/// The low half, sign-extended.
#[inline]
pub(crate) const fn low_half(word: u32) -> i32 {
    signed(word, 16)
}

/// The high half, sign-extended.
#[inline]
pub(crate) const fn high_half(word: u32) -> i32 {
    word.cast_signed() >> 16
}

/// The low half of a 64-bit value.
#[inline]
pub(crate) const fn low_word(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The high half of a 64-bit value.
#[inline]
pub(crate) const fn high_word(value: u64) -> u32 {
    low_word(value >> 32)
}

/// Two words as one value.
#[inline]
pub(crate) const fn join(high: u32, low: u32) -> u64 {
    let [a, b, c, d] = low.to_le_bytes();
    let [e, f, g, h] = high.to_le_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}
