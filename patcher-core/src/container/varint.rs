//! Variable-length integers: LEB128, at most five bytes, shortest form only.

use super::reader::Reader;
use crate::error::HeaderError;

/// Reads one integer; [`HeaderError::Varint`] when it does not fit 32 bits or is longer than it need be.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<u32> {
    let mut value = 0u32;
    let mut shift = 0;
    while shift < 32 {
        let byte = reader.byte()?;
        let part = u32::from(byte & 0x7F);
        value |= part << shift;
        if value >> shift != part || byte == 0 && shift > 0 {
            break;
        }
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
    reader.fail(HeaderError::Varint)
}

/// Appends one integer in its shortest form.
#[cfg(feature = "encode")]
pub fn write(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7F);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<u32, HeaderError> {
        let mut bytes = bytes.iter().copied();
        let mut reader = Reader::new(&mut bytes);
        read(&mut reader).ok_or(reader.error())
    }

    #[test]
    fn only_the_shortest_form_is_read() {
        assert_eq!(parse(&[0]), Ok(0));
        assert_eq!(parse(&[0x80, 1]), Ok(128));
        assert_eq!(parse(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), Ok(u32::MAX));
        assert_eq!(parse(&[0xFF, 0xFF, 0xFF, 0xFF, 0x1F]), Err(HeaderError::Varint));
        assert_eq!(parse(&[0x80, 0]), Err(HeaderError::Varint));
        assert_eq!(parse(&[0x80]), Err(HeaderError::Incomplete));
    }

    #[cfg(feature = "encode")]
    #[test]
    fn what_is_written_is_read() {
        for shift in 0..32 {
            for value in [1u32 << shift, (1u32 << shift) - 1, (1u32 << shift) + 1] {
                let mut bytes = Vec::new();
                write(&mut bytes, value);
                assert_eq!(parse(&bytes), Ok(value));
            }
        }
    }
}
