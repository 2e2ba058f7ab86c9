//! Numbers of variable length, least significant bits first.
//!
//! ```text
//! signed     first byte  more:1 negative:1 value:6   others  more:1 value:7      detools: sizes, adjustments
//! unsigned   every byte  more:1 value:7                                          detools: lengths within CRLE
//! ```

use crate::Error;

const MORE: u8 = 0x80;
const NEGATIVE: u8 = 0x40;

/// Appends a signed number.
pub(crate) fn put_signed(bytes: &mut Vec<u8>, value: i64) {
    let magnitude = value.unsigned_abs();
    let sign = if value < 0 { NEGATIVE } else { 0 };
    let rest = magnitude >> 6;
    bytes.push(low(magnitude, 0x3F) | sign | if rest > 0 { MORE } else { 0 });
    if rest > 0 {
        put_unsigned(bytes, rest);
    }
}

/// Appends an unsigned number.
pub(crate) fn put_unsigned(bytes: &mut Vec<u8>, value: u64) {
    let mut rest = value;
    while rest > 0x7F {
        bytes.push(low(rest, 0x7F) | MORE);
        rest >>= 7;
    }
    bytes.push(low(rest, 0x7F));
}

/// Bytes of an unsigned number.
pub(crate) fn unsigned_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

fn low(value: u64, mask: u8) -> u8 {
    value.to_le_bytes()[0] & mask
}

/// Reads a signed number, a byte at a time. `field` names it in errors.
pub(crate) fn signed(
    field: &'static str,
    mut next: impl FnMut() -> Result<u8, Error>,
) -> Result<i64, Error> {
    let first = next()?;
    let mut magnitude = u64::from(first & 0x3F);
    let mut more = first & MORE != 0;
    let mut shift = 6;
    while more {
        let byte = next()?;
        magnitude |= part(byte, shift).ok_or(Error::Overlong { field })?;
        more = byte & MORE != 0;
        shift = shift.saturating_add(7);
    }
    let value = i64::try_from(magnitude).map_err(|_| Error::Overlong { field })?;
    Ok(if first & NEGATIVE == 0 { value } else { -value })
}

/// Seven bits at their place, if that is within 64 bits.
pub(crate) fn part(byte: u8, shift: u32) -> Option<u64> {
    let bits = u64::from(byte & 0x7F);
    let placed = bits.checked_shl(shift).unwrap_or(0);
    (placed.checked_shr(shift).unwrap_or(0) == bits).then_some(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<i64, Error> {
        let mut bytes = bytes.iter().copied();
        signed("a test", || bytes.next().ok_or(Error::Truncated { expected: "a test" }))
    }

    #[test]
    fn signed_numbers_take_six_bits_then_seven() {
        let cases: [(i64, &[u8]); 8] = [
            (0, &[0]),
            (63, &[0x3F]),
            (64, &[0x80, 0x01]),
            (-1, &[0x41]),
            (-64, &[0xC0, 0x01]),
            (319_988, &[0xB4, 0x87, 0x27]),
            (524_288, &[0x80, 0x80, 0x40]),
            (204_800, &[0x80, 0x80, 0x19]),
        ];
        for (value, expected) in cases {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, value);
            assert_eq!(bytes, expected, "{value}");
            assert_eq!(read(expected), Ok(value));
        }
        for value in [i64::MAX, -i64::MAX] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, value);
            assert_eq!(read(&bytes), Ok(value));
        }
    }

    #[test]
    fn long_and_short_numbers_are_refused() {
        assert_eq!(read(&[]), Err(Error::Truncated { expected: "a test" }));
        assert_eq!(read(&[0x80]), Err(Error::Truncated { expected: "a test" }));
        assert_eq!(read(&[0xFF; 12]), Err(Error::Overlong { field: "a test" }));
        // Zeros in high places add nothing; detools takes them, and so do we.
        assert_eq!(read(&[0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]), Ok(1));
    }

    #[test]
    fn lengths_of_unsigned_numbers_are_those_written() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::MAX] {
            let mut bytes = Vec::new();
            put_unsigned(&mut bytes, value);
            assert_eq!(bytes.len(), unsigned_len(value), "{value}");
        }
    }
}
