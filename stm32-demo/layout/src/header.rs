//! What an image begins and ends with: docs/flash-layout.md §6.

use crate::IMAGE_HEADER_BYTES;

/// First bytes of an image.
const MAGIC: [u8; 4] = *b"PIM1";
/// Bytes that fields take; the rest of the header is filled with 0xFF.
pub const FIELD_BYTES: usize = 64;
/// Bytes of the hardware id, filled with zeros.
pub const HARDWARE_ID_BYTES: usize = 16;
/// Bytes of the signature, the last of an image.
pub const SIGNATURE_BYTES: u32 = 64;

/// What an image says of itself. Nothing of it counts before the signature over it was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader {
    /// Bytes of the whole image, header and signature included.
    pub len: u32,
    /// What the bootloader never lets fall.
    pub security_counter: u32,
    /// In whatever form the product has.
    pub version: u64,
    /// What it is for, filled with zeros.
    pub hardware_id: [u8; HARDWARE_ID_BYTES],
}

impl ImageHeader {
    /// Reads the fields; `None` when these are not the first bytes of an image of this format, or its length cannot be.
    #[must_use]
    pub fn decode(fields: &[u8; FIELD_BYTES]) -> Option<Self> {
        let (magic, rest) = fields.split_first_chunk::<4>()?;
        let (len, rest) = rest.split_first_chunk()?;
        let (counter, rest) = rest.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (hardware_id, reserved) = rest.split_first_chunk()?;
        let len = u32::from_le_bytes(*len);
        let least = IMAGE_HEADER_BYTES + SIGNATURE_BYTES;
        if *magic != MAGIC || len <= least || reserved.iter().any(|&byte| byte != 0) {
            return None;
        }
        Some(Self {
            len,
            security_counter: u32::from_le_bytes(*counter),
            version: u64::from_le_bytes(*version),
            hardware_id: *hardware_id,
        })
    }

    /// The fields.
    #[must_use]
    pub fn encode(&self) -> [u8; FIELD_BYTES] {
        let mut fields = [0; FIELD_BYTES];
        let parts = [
            &MAGIC[..],
            &self.len.to_le_bytes(),
            &self.security_counter.to_le_bytes(),
            &self.version.to_le_bytes(),
            &self.hardware_id,
        ];
        for (to, from) in fields.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: ImageHeader = ImageHeader {
        len: 0x1_2345,
        security_counter: 7,
        version: 1 << 40,
        hardware_id: *b"patcher-demo\0\0\0\0",
    };

    #[test]
    fn fields_are_where_the_format_says() {
        let fields = HEADER.encode();
        assert_eq!(fields[..8], *b"PIM1\x45\x23\x01\x00");
        assert_eq!((fields[8], fields[17], &fields[20..32]), (7, 1, &b"patcher-demo"[..]));
        assert_eq!(fields[36..], [0; 28]);
        assert_eq!(ImageHeader::decode(&fields), Some(HEADER));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert_eq!(ImageHeader::decode(&[0xFF; 64]), None);
        for at in [0, 3, 36, 63] {
            let mut fields = HEADER.encode();
            fields[at] ^= 1;
            assert_eq!(ImageHeader::decode(&fields), None, "byte {at}");
        }
        for (len, fits) in [(0x440, false), (0x441, true)] {
            let header = ImageHeader { len, ..HEADER };
            assert_eq!(ImageHeader::decode(&header.encode()).is_some(), fits);
        }
    }
}
