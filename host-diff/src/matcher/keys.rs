//! Numbers for short strings: for all of them, or for those alone that will be looked for.

use core::ops::RangeInclusive;

/// Bits of a hash: as many as leave few strings to each.
const HASH_BITS: RangeInclusive<u32> = 16..=22;
/// Strings of no more bytes are numbered without a hash.
const EXACT: usize = 3;
/// Longest strings.
const LONGEST: usize = 8;

/// Numbers for strings of one length, from 0 on.
#[derive(Debug)]
pub struct Keys {
    len: usize,
    bits: u32,
    wanted: Option<Wanted>,
}

/// A set of values that are numbered by their order.
#[derive(Debug)]
struct Wanted {
    /// A bit for each value.
    set: Vec<u64>,
    /// Members before each of those words.
    before: Vec<u32>,
}

impl Keys {
    /// For all strings of `len` bytes, 4..=8, by a hash that suits an image of `size` bytes.
    #[must_use]
    pub fn hashed(len: usize, size: usize) -> Self {
        debug_assert!((EXACT + 1..=LONGEST).contains(&len), "{len}");
        let size_bits = size.checked_ilog2().unwrap_or(0);
        let bits = size_bits.saturating_sub(1).clamp(*HASH_BITS.start(), *HASH_BITS.end());
        Self { len, bits, wanted: None }
    }

    /// For the strings of `len` bytes, 1..=3, that `texts` hold: tables of what is never looked for would only take memory, and
    /// drive what is out of the cache.
    ///
    /// **Cost**: at most 3 MiB, a pass over `texts`.
    pub fn wanted<'t>(len: usize, texts: impl Iterator<Item = &'t [u8]>) -> Self {
        debug_assert!((1..=EXACT).contains(&len), "{len}");
        let bits = 8 * u32::try_from(len).unwrap_or(0);
        let keys = Self { len, bits, wanted: None };
        let mut set = vec![0u64; (1usize << bits).div_ceil(64)];
        for string in texts.flat_map(|text| text.windows(len)) {
            let value = keys.value(string);
            set[value / 64] |= 1 << (value % 64);
        }
        let mut sum = 0;
        let before = set.iter().map(|word| {
            let before = sum;
            sum += word.count_ones();
            before
        });
        let before = before.collect();
        Self { wanted: Some(Wanted { set, before }), ..keys }
    }

    /// Bytes of a string.
    #[expect(clippy::len_without_is_empty, reason = "strings are never empty")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether strings of the same number are the same.
    #[must_use]
    pub fn are_exact(&self) -> bool {
        self.len <= EXACT
    }

    /// Numbers that there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.wanted {
            None => 1 << self.bits,
            Some(Wanted { set, before }) => {
                let last = set.last().map_or(0, |word| word.count_ones());
                (before.last().copied().unwrap_or(0) + last) as usize
            }
        }
    }

    /// The number of the string that `bytes` begin with.
    #[inline]
    #[must_use]
    pub fn number(&self, bytes: &[u8]) -> Option<usize> {
        if bytes.len() < self.len {
            return None;
        }
        let value = self.value(bytes);
        let Some(Wanted { set, before }) = &self.wanted else { return Some(value) };
        let (word, bit) = (set[value / 64], 1 << (value % 64));
        let members = || before[value / 64] + (word & (bit - 1)).count_ones();
        (word & bit != 0).then(|| members() as usize)
    }

    /// All bytes of the string that `bytes` begin with as one number, or its hash.
    #[inline]
    fn value(&self, bytes: &[u8]) -> usize {
        let word = bytes.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; LONGEST];
            let len = bytes.len().min(LONGEST);
            word[..len].copy_from_slice(&bytes[..len]);
            word
        });
        let word = u64::from_le_bytes(word) << (8 * (LONGEST - self.len));
        let mixed = if self.are_exact() { word } else { word.wrapping_mul(0x9E37_79B9_7F4A_7C15) };
        usize::try_from(mixed >> (u64::BITS - self.bits)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_strings_have_numbers_of_their_own_and_others_none() {
        let keys = Keys::wanted(3, [&b"abcd"[..], b"xy", b"cdefg"].into_iter());
        assert_eq!(keys.count(), 5);
        let mut numbers: Vec<_> =
            [&b"abc"[..], b"bcd!", b"cde", b"def", b"efg"].map(|s| keys.number(s)).into();
        numbers.sort_unstable();
        assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!(keys.number(b"xyz"), None);
        assert_eq!(keys.number(b"ab"), None, "too short");
    }

    #[test]
    fn hashes_stay_below_their_count() {
        for size in [0, 1 << 10, 1 << 20, 1 << 30] {
            let keys = Keys::hashed(8, size);
            for at in 0..1000u64 {
                let number = keys.number(&at.wrapping_mul(0x1234_5678_9ABC_DEF1).to_le_bytes());
                assert!(number.is_some_and(|number| number < keys.count()));
            }
            assert_eq!(keys.number(b"1234567"), None, "too short");
        }
    }
}
