//! Header and TLVs of an image.
//!
//! ```text
//! 0           32        hdr_size            + img_size
//! ├─ Header ──┼─ fill ──┼──── payload ──────┼─ protected TLVs ─┼─ TLVs ─┤ image ends │ fill, trailer
//! ├──────────────── hashed and signed ─────────────────────────┤
//!
//! TLV area   magic:u16  total:u16  entry…       total counts these four bytes too; protected: magic 0x6908
//! entry      type:u16   len:u16    len bytes
//! ```
//! Everything is little endian.
//!
//! **Reference**: MCUboot 2.4, `boot/bootutil/include/bootutil/image.h`.

use crate::error::ImageError;
use crate::header::{HEADER_BYTES, Header};
use crate::tlv::Tlv;

const TLV_MAGIC: u16 = 0x6907;
const PROTECTED_MAGIC: u16 = 0x6908;
/// Bytes before the entries of an area, and before the bytes of an entry.
const INFO_BYTES: u32 = 4;

/// An image whose header and TLV areas are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// The header.
    pub header: Header,
    /// Bytes of the image, header and TLVs included: what identifies it. What follows belongs to the slot.
    pub len: u32,
    /// Bytes of it that its hash and signature cover: all before the TLVs that are not protected.
    pub hashed_len: u32,
}

impl Image {
    /// Reads header and TLV areas, but no payload, through `read` (offset, bytes to fill); `each` sees the entries.
    ///
    /// `room` is how many bytes there are: the length of a file, or the capacity of a slot.
    ///
    /// **Cost**: one read of 32 bytes, one of four for each area and entry; at most 32,768 entries.
    ///
    /// # Errors
    /// [`ImageError`]: no image, or one that cannot be within `room` bytes. Hash and signature are not checked.
    pub fn walk<E>(
        room: u32,
        mut read: impl FnMut(u32, &mut [u8]) -> Result<(), E>,
        mut each: impl FnMut(Tlv),
    ) -> Result<Self, ImageError<E>> {
        let mut read = |offset: u32, bytes: &mut [u8]| {
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let end = offset.saturating_add(len);
            if end > room {
                return Err(ImageError::TooLong { expected: room, got: end });
            }
            read(offset, bytes).map_err(|error| ImageError::Read { offset, error })
        };
        let mut bytes = [0; HEADER_BYTES];
        read(0, &mut bytes)?;
        let [m0, m1, m2, m3, ..] = bytes;
        let got = u32::from_le_bytes([m0, m1, m2, m3]);
        let header = Header::parse(&bytes).ok_or(ImageError::NotAnImage { got })?;
        if usize::from(header.header_len) < HEADER_BYTES {
            return Err(ImageError::HeaderLength { got: header.header_len });
        }
        let mut end = add(u32::from(header.header_len), header.payload_len, room)?;
        let mut hashed_len = end;
        let protected = (header.protected_len > 0).then_some(header.protected_len);
        let protected = protected.map(|len| (PROTECTED_MAGIC, Some(len)));
        for (expected, total) in protected.into_iter().chain([(TLV_MAGIC, None)]) {
            let (magic, found) = pair(&mut read, end)?;
            if magic != expected {
                return Err(ImageError::TlvMagic { offset: end, expected, got: magic });
            }
            if let Some(expected) = total
                && expected != found
            {
                return Err(ImageError::ProtectedLength { expected, got: found });
            }
            let protected = magic == PROTECTED_MAGIC;
            let after = add(end, u32::from(found), room)?;
            let mut at = add(end, INFO_BYTES, room)?;
            while at < after {
                let (kind, len) = pair(&mut read, at)?;
                let offset = add(at, INFO_BYTES, room)?;
                at = add(offset, u32::from(len), room)?;
                if at > after {
                    return Err(ImageError::TlvLength { offset, expected: after, got: at });
                }
                each(Tlv { kind, offset, len, protected });
            }
            if at > after {
                return Err(ImageError::TlvLength { offset: end, expected: at, got: after });
            }
            hashed_len = end;
            end = after;
        }
        Ok(Self { header, len: end, hashed_len })
    }

    /// Reads an image in memory; what follows it is left alone.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn find(bytes: &[u8]) -> Result<Self, ImageError<core::convert::Infallible>> {
        Self::find_all(bytes, |_| ())
    }

    /// The same; `each` sees the entries.
    ///
    /// # Errors
    /// As [`walk`](Self::walk).
    pub fn find_all(
        bytes: &[u8],
        each: impl FnMut(Tlv),
    ) -> Result<Self, ImageError<core::convert::Infallible>> {
        let room = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let read = |offset: u32, part: &mut [u8]| {
            let found = bytes.get(offset as usize..).unwrap_or_default();
            for (to, from) in part.iter_mut().zip(found) {
                *to = *from;
            }
            Ok(())
        };
        Self::walk(room, read, each)
    }
}

/// Two numbers of two bytes.
fn pair<E>(
    read: &mut impl FnMut(u32, &mut [u8]) -> Result<(), ImageError<E>>,
    offset: u32,
) -> Result<(u16, u16), ImageError<E>> {
    let mut bytes = [0; 4];
    read(offset, &mut bytes)?;
    let [a0, a1, b0, b1] = bytes;
    Ok((u16::from_le_bytes([a0, a1]), u16::from_le_bytes([b0, b1])))
}

fn add<E>(offset: u32, len: u32, room: u32) -> Result<u32, ImageError<E>> {
    let end = offset.saturating_add(len);
    if end > room { Err(ImageError::TooLong { expected: room, got: end }) } else { Ok(end) }
}
