//! Places of short strings, nearest first.

use super::suffix::common;

const HASH_BITS: u32 = 17;

/// Places of an image by the hash of the bytes there, by rising offset.
#[derive(Debug)]
pub struct Places<'a> {
    image: &'a [u8],
    key: usize,
    /// Where the places of a hash start.
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl<'a> Places<'a> {
    /// All places of `image`, by the `key` bytes there, 1..=8.
    #[must_use]
    pub fn new(image: &'a [u8], key: usize) -> Self {
        let count = (image.len() + 1).saturating_sub(key);
        let mut starts = vec![0u32; (1 << HASH_BITS) + 1];
        for at in 0..count {
            starts[hash(&image[at..at + key]) + 1] += 1;
        }
        for hash in 1..starts.len() {
            starts[hash] += starts[hash - 1];
        }
        let mut ends = starts.clone();
        let mut places = vec![0u32; count];
        for at in 0..count {
            let end = &mut ends[hash(&image[at..at + key])];
            places[*end as usize] = u32::try_from(at).unwrap_or(u32::MAX);
            *end += 1;
        }
        Self { image, key, starts, places }
    }

    /// Calls `see(offset, length)` for the `most` candidates nearest to `expected`, if they are longer than all
    /// nearer ones.
    pub fn near(
        &self,
        pattern: &[u8],
        expected: usize,
        most: usize,
        mut see: impl FnMut(usize, usize),
    ) {
        let Some(key) = pattern.get(..self.key) else { return };
        let key = hash(key);
        let places = &self.places[self.starts[key] as usize..self.starts[key + 1] as usize];
        let mut above = places.partition_point(|&place| (place as usize) < expected);
        let mut below = above;
        let mut longest = self.key - 1;
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
            let length = common(&self.image[at..], pattern);
            if length > longest {
                longest = length;
                see(at, length);
            }
        }
    }
}

fn hash(bytes: &[u8]) -> usize {
    let mut word = [0u8; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    (u64::from_le_bytes(word).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - HASH_BITS)) as usize
}
