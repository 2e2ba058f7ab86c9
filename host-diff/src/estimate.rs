//! What an image would take without its base, roughly: to tell when trying is pointless.

use crate::matcher::suffix::common;

/// Bytes that a repetition is recognised by.
const KEY: usize = 4;
const HASH_BITS: u32 = 16;
const NONE: u32 = u32::MAX;

/// Bytes of `image` after a plain compressor: greedy repetitions, the other bytes by how frequent they are.
///
/// The codec's own full image is smaller, but seldom by a third. **Cost**: one pass, 256 KiB.
#[must_use]
pub fn compressed_len(image: &[u8]) -> usize {
    let mut recent = vec![NONE; 1 << HASH_BITS];
    let mut frequency = [0u64; 256];
    let mut bits = 0u64;
    let mut at = 0;
    while at < image.len() {
        let mut len = 0;
        if let Some(&[a, b, c, d]) = image.get(at..at + KEY) {
            let key = u32::from_le_bytes([a, b, c, d]).wrapping_mul(0x9E37_79B1);
            let slot = &mut recent[(key >> (32 - HASH_BITS)) as usize];
            let before = *slot as usize;
            *slot = u32::try_from(at).unwrap_or(NONE);
            if before < at {
                len = common(&image[before..], &image[at..]);
                if len >= KEY {
                    bits += u64::from((at - before).ilog2() + 2 * len.ilog2());
                }
            }
        }
        if len < KEY {
            frequency[usize::from(image[at])] += 1;
            len = 1;
        }
        at += len;
    }
    let total: u64 = frequency.iter().sum();
    for &count in &frequency {
        bits += (count * sixteenths(total, count)) >> 4;
    }
    usize::try_from(bits / 8).unwrap_or(usize::MAX)
}

/// log2(`total` / `count`) in 1/16.
fn sixteenths(total: u64, count: u64) -> u64 {
    let log = |x: u64| {
        let Some(exponent) = x.checked_ilog2() else { return 0 };
        // The fraction, linear between powers of two.
        let fraction = if exponent >= 4 { x >> (exponent - 4) } else { x << (4 - exponent) } & 15;
        u64::from(exponent) * 16 + fraction
    };
    log(total).saturating_sub(log(count))
}
