//! What stands before the coded stream.

use crate::codec::Compression;
use crate::{Error, varint};

const SEQUENTIAL: u8 = 0;
const IN_PLACE: u8 = 1;
const HDIFFPATCH: u8 = 2;

/// The header of a detools patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Header {
    /// From one slot to another.
    Sequential {
        /// The codec of the stream.
        compression: Compression,
        /// Length of the target in bytes.
        target_len: u64,
    },
    /// Within one memory.
    InPlace {
        /// The codec of the stream.
        compression: Compression,
        /// Where things are.
        place: InPlace,
    },
}

/// Where base and target of an in-place patch are: both at the begin of one memory, one after the other.
///
/// The base is moved up by `shift_size` bytes first, as far as it fits. Then the target is made segment by segment from
/// the begin of the memory on; by the time that segment n is written, the base before its end is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InPlace {
    /// Length of the memory in bytes.
    pub memory_size: u64,
    /// Bytes that are erased and written together; the target's last segment may be shorter.
    pub segment_size: u64,
    /// Bytes that the base is moved up by.
    pub shift_size: u64,
    /// Length of the base in bytes.
    pub base_len: u64,
    /// Length of the target in bytes.
    pub target_len: u64,
}

impl InPlace {
    /// Plans a memory of `memory_size` bytes as detools does: the base moves up by as many segments as are free, and by
    /// at least `minimum_shift` bytes (`None`: two segments), even if its end is lost then.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless memory and shift are whole segments and both images fit into the memory.
    pub fn plan(
        memory_size: u64,
        segment_size: u64,
        minimum_shift: Option<u64>,
        base_len: u64,
        target_len: u64,
    ) -> Result<Self, Error> {
        let multiple = |size: u64| segment_size > 0 && size.is_multiple_of(segment_size);
        let wrong = |expected: &str, found: u64| {
            Err(Error::Parameter { expected: expected.to_owned(), found: format!("{found}") })
        };
        let minimum = minimum_shift.unwrap_or_else(|| segment_size.saturating_mul(2));
        if !multiple(memory_size) || memory_size == 0 {
            return wrong("a memory size that is a multiple of the segment size", memory_size);
        }
        if !multiple(minimum) || minimum > memory_size {
            return wrong(
                "a minimum shift size that is a multiple of the segment size, within the memory",
                minimum,
            );
        }
        if base_len > memory_size || target_len > memory_size {
            return wrong("a memory size of at least the longer image's length", memory_size);
        }
        let free = (memory_size / segment_size - base_len.div_ceil(segment_size)) * segment_size;
        let shift_size = free.max(minimum);
        Ok(Self { memory_size, segment_size, shift_size, base_len, target_len })
    }

    /// Bytes of the base that survive the shift.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.base_len.min(self.memory_size.saturating_sub(self.shift_size))
    }

    /// First offset of the base that is there when the segment at `target` is written.
    #[must_use]
    pub fn first_base(&self, target: u64) -> u64 {
        target.saturating_add(self.segment_size).saturating_sub(self.shift_size)
    }
}

impl Header {
    /// Reads a header; returns also the coded stream behind it.
    ///
    /// # Errors
    /// [`Error`]: truncated, an unknown type or compression, a type that is not supported, lengths that cannot be.
    pub fn read(patch: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (&first, mut rest) = patch.split_first().ok_or(Error::Empty)?;
        let kind = first >> 4;
        if kind > HDIFFPATCH {
            return Err(Error::PatchType { found: kind });
        }
        let compression = Compression::of_id(first & 0xF)?;
        let mut length = |field| {
            let number = varint::signed(field, || {
                let (&byte, after) =
                    rest.split_first().ok_or(Error::Truncated { expected: field })?;
                rest = after;
                Ok(byte)
            });
            number.and_then(|found| {
                u64::try_from(found).map_err(|_| Error::Number { expected: field, found })
            })
        };
        let header = match kind {
            SEQUENTIAL => {
                Self::Sequential { compression, target_len: length("the target length")? }
            }
            IN_PLACE => {
                let place = InPlace {
                    memory_size: length("the memory size")?,
                    segment_size: length("the segment size")?,
                    shift_size: length("the shift size")?,
                    base_len: length("the base length")?,
                    target_len: length("the target length")?,
                };
                Self::InPlace { compression, place: sound(place)? }
            }
            _ => return Err(Error::HdiffPatch),
        };
        if header.target_len() == 0 && !rest.is_empty() {
            return Err(Error::TrailingData);
        }
        Ok((header, rest))
    }

    /// The bytes of the header.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let (kind, numbers) = match *self {
            Self::Sequential { target_len, .. } => (SEQUENTIAL, vec![target_len]),
            Self::InPlace { place, .. } => (
                IN_PLACE,
                vec![
                    place.memory_size,
                    place.segment_size,
                    place.shift_size,
                    place.base_len,
                    place.target_len,
                ],
            ),
        };
        let mut bytes = vec![kind << 4 | self.compression().id()];
        for number in numbers {
            varint::put_signed(&mut bytes, i64::try_from(number).unwrap_or(i64::MAX));
        }
        bytes
    }

    /// The codec of the stream.
    #[must_use]
    pub fn compression(&self) -> Compression {
        match *self {
            Self::Sequential { compression, .. } | Self::InPlace { compression, .. } => compression,
        }
    }

    /// Length of the target in bytes.
    #[must_use]
    pub fn target_len(&self) -> u64 {
        match *self {
            Self::Sequential { target_len, .. } => target_len,
            Self::InPlace { place, .. } => place.target_len,
        }
    }
}

/// Refuses a memory in which nothing can be done.
fn sound(place: InPlace) -> Result<InPlace, Error> {
    let wrong = |expected, found: u64| {
        Err(Error::Number { expected, found: i64::try_from(found).unwrap_or(i64::MAX) })
    };
    if place.segment_size == 0 {
        return wrong("a segment size of at least one byte", 0);
    }
    if place.shift_size > place.memory_size {
        return wrong("a shift size within the memory", place.shift_size);
    }
    if place.base_len > place.memory_size {
        return wrong("a base length within the memory", place.base_len);
    }
    if place.target_len > place.memory_size {
        return wrong("a target length within the memory", place.target_len);
    }
    Ok(place)
}
