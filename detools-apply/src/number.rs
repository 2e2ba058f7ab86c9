//! Signed numbers of variable length, a byte at a time.
//!
//! ```text
//! first byte  more:1 negative:1 value:6      others  more:1 value:7      least significant bits first
//! ```

const MORE: u8 = 0x80;
const NEGATIVE: u8 = 0x40;
const FIRST_BITS: u32 = 6;
const MORE_BITS: u32 = 7;

/// A number as far as it has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Number {
    magnitude: u64,
    shift: u32,
    negative: bool,
}

/// The number has more than 63 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overlong;

impl Number {
    /// Takes a byte; the number once it is whole, and then the next one begins.
    pub(crate) fn feed(&mut self, byte: u8) -> Result<Option<i64>, Overlong> {
        if self.shift == 0 {
            self.magnitude = u64::from(byte & 0x3F);
            self.negative = byte & NEGATIVE != 0;
            self.shift = FIRST_BITS;
        } else {
            let bits = u64::from(byte & 0x7F);
            let placed = bits.checked_shl(self.shift).unwrap_or(0);
            if placed.checked_shr(self.shift).unwrap_or(0) != bits {
                return Err(Overlong);
            }
            self.magnitude |= placed;
            self.shift = self.shift.saturating_add(MORE_BITS);
        }
        if byte & MORE != 0 {
            return Ok(None);
        }
        self.shift = 0;
        let magnitude = i64::try_from(self.magnitude).map_err(|_| Overlong)?;
        Ok(Some(if self.negative { 0_i64.saturating_sub(magnitude) } else { magnitude }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<i64>, Overlong> {
        let mut number = Number::default();
        let mut last = Ok(None);
        for &byte in bytes {
            last = number.feed(byte);
        }
        last
    }

    #[test]
    fn numbers_are_those_of_detools() {
        assert_eq!(read(&[0]), Ok(Some(0)));
        assert_eq!(read(&[0x3F]), Ok(Some(63)));
        assert_eq!(read(&[0x80, 0x01]), Ok(Some(64)));
        assert_eq!(read(&[0x41]), Ok(Some(-1)));
        assert_eq!(read(&[0xB4, 0x87, 0x27]), Ok(Some(319_988)));
        assert_eq!(read(&[0x80]), Ok(None));
        assert_eq!(read(&[0xFF; 12]), Err(Overlong));
        // Two after each other.
        let mut number = Number::default();
        assert_eq!(number.feed(5), Ok(Some(5)));
        assert_eq!(number.feed(0x47), Ok(Some(-7)));
    }
}
