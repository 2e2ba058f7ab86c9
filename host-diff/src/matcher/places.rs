//! Places of short strings, nearest first.

use super::suffix::common;
use core::ops::RangeInclusive;

/// Bits of a hash: as many as leave few strings to each.
const HASH_BITS: RangeInclusive<u32> = 16..=22;
/// Longest strings.
const LONGEST: usize = 8;

/// Places of an image by the hash of the bytes there, by rising offset.
#[derive(Debug)]
pub struct Places<'a> {
    image: &'a [u8],
    hash: Hash,
    /// Where the places of a hash start.
    starts: Vec<u32>,
    places: Vec<u32>,
}

/// Hashes the first bytes of a string.
#[derive(Debug, Clone, Copy)]
struct Hash {
    /// How many of them, 1..=8.
    key: usize,
    bits: u32,
}

impl Hash {
    /// Of a string of at least `key` bytes.
    fn of(self, bytes: &[u8]) -> usize {
        let word = bytes.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; LONGEST];
            word[..bytes.len()].copy_from_slice(bytes);
            word
        });
        let word = u64::from_le_bytes(word) << (8 * (LONGEST - self.key));
        let hash = word.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - self.bits);
        usize::try_from(hash).unwrap_or(0)
    }
}

impl<'a> Places<'a> {
    /// All places of `image`, by the `key` bytes there, 1..=8.
    ///
    /// **Cost**: two passes; 4 bytes for each of the image, and 4 to 8 for each two, at least 256 KiB and at most 16 MiB.
    #[must_use]
    pub fn new(image: &'a [u8], key: usize) -> Self {
        let size_bits = image.len().checked_ilog2().unwrap_or(0);
        let bits = size_bits.saturating_sub(1).clamp(*HASH_BITS.start(), *HASH_BITS.end());
        let hash = Hash { key, bits };
        let count = (image.len() + 1).saturating_sub(key);
        let mut starts = vec![0u32; (1 << bits) + 1];
        for at in 0..count {
            starts[hash.of(&image[at..])] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        // Those are the ends so far: each place that is filled in, last first, moves one towards the start.
        let mut places = vec![0u32; count];
        for at in (0..count).rev() {
            let end = &mut starts[hash.of(&image[at..])];
            *end -= 1;
            places[*end as usize] = u32::try_from(at).unwrap_or(u32::MAX);
        }
        Self { image, hash, starts, places }
    }

    /// Calls `see(offset, length)` for those of the `most` candidates nearest to `expected` that match more of `pattern`
    /// than all nearer ones. None lies before `least`.
    pub fn near(
        &self,
        pattern: &[u8],
        (least, expected): (usize, usize),
        most: usize,
        mut see: impl FnMut(usize, usize),
    ) {
        if pattern.len() < self.hash.key {
            return;
        }
        let key = self.hash.of(pattern);
        let places = &self.places[self.starts[key] as usize..self.starts[key + 1] as usize];
        let places = &places[places.partition_point(|&place| (place as usize) < least)..];
        let mut above = places.partition_point(|&place| (place as usize) < expected);
        let mut below = above;
        let mut longest = self.hash.key - 1;
        for _ in 0..most {
            let up = places.get(above).map(|&place| place as usize);
            let down = below.checked_sub(1).map(|index| places[index] as usize);
            let at = match (up, down) {
                (Some(up), Some(down)) if up.abs_diff(expected) <= down.abs_diff(expected) => {
                    above += 1;
                    up
                }
                (_, Some(down)) => {
                    below -= 1;
                    down
                }
                (Some(up), None) => {
                    above += 1;
                    up
                }
                (None, None) => break,
            };
            if longest == pattern.len() {
                break;
            }
            // Longer than all nearer ones only if it agrees where the longest ended.
            if self.image.get(at + longest) != Some(&pattern[longest]) {
                continue;
            }
            let length = common(&self.image[at..], pattern);
            if length > longest {
                longest = length;
                see(at, length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_and_then_only_longer_ones() {
        let image = b"abcdef--abcd----abc-----abcdefgh";
        let places = Places::new(image, 3);
        let mut seen = Vec::new();
        places.near(b"abcdefgh", (0, 17), 10, |at, length| seen.push((at, length)));
        assert_eq!(seen, [(16, 3), (24, 8)]);
        seen.clear();
        places.near(b"abcdefgh", (0, 3), 2, |at, length| seen.push((at, length)));
        assert_eq!(seen, [(0, 6)]);
        seen.clear();
        places.near(b"abcdefgh", (9, 3), 10, |at, length| seen.push((at, length)));
        assert_eq!(seen, [(16, 3), (24, 8)], "nothing before 9");
    }

    #[test]
    fn short_images_and_patterns_have_no_places() {
        for image in [&b""[..], b"ab", b"abc"] {
            Places::new(image, 8).near(b"abcdefgh", (0, 0), 8, |at, _| panic!("{at}"));
            Places::new(image, 3).near(b"ab", (0, 0), 8, |at, _| panic!("{at}"));
        }
    }
}
