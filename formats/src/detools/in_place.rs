//! In-place patches: base and target share one memory.

use super::header::{Header, InPlace};
use super::read::{self, Sink};
use super::write::Encoding;
use super::{Info, delta};
use crate::codec::{Compression, Stream};
use crate::{Error, Limits, Stretch};

/// Writes an in-place patch; `stretches` gives those of a segment: its offset in the target, of which they are relative,
/// and the part of the base that is there, of which they are relative too.
///
/// # Errors
/// [`Error::Parameter`] for parameters of the codec that no decoder takes, or images that are not those of `place`.
pub fn write(
    base: &[u8],
    target: &[u8],
    place: &InPlace,
    encoding: &Encoding,
    mut stretches: impl FnMut(&Segment<'_>) -> Vec<Stretch>,
) -> Result<Vec<u8>, Error> {
    let mut deltas = Vec::new();
    for segment in segments(base, target, place)? {
        let stretches = stretches(&segment);
        deltas.extend(delta(segment.base, segment.target, &stretches, 0));
    }
    wrap(&deltas, place, encoding)
}

/// Puts the deltas of all segments into an in-place patch.
///
/// # Errors
/// As [`write()`].
pub fn wrap(deltas: &[u8], place: &InPlace, encoding: &Encoding) -> Result<Vec<u8>, Error> {
    let header = Header::InPlace { compression: encoding.compression(), place: *place };
    let mut patch = header.bytes();
    if place.target_len > 0 {
        patch.extend(encoding.encode(deltas)?);
    }
    Ok(patch)
}

/// One segment of the target, and what is left of the base when it is written.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Offset of the segment in the target.
    pub target_offset: usize,
    /// The segment.
    pub target: &'a [u8],
    /// Offset in the base of what is left of it.
    pub base_offset: usize,
    /// What is left of the base.
    pub base: &'a [u8],
}

/// The segments of a target.
///
/// # Errors
/// [`Error::Parameter`] for images that are not those of `place`.
pub fn segments<'a>(
    base: &'a [u8],
    target: &'a [u8],
    place: &InPlace,
) -> Result<Vec<Segment<'a>>, Error> {
    let wrong = || Error::Parameter {
        expected: format!(
            "images of {} and {} bytes and segments that fit",
            place.base_len, place.target_len
        ),
        found: format!(
            "images of {} and {} bytes, segments of {}",
            base.len(),
            target.len(),
            place.segment_size
        ),
    };
    let lengths = (base.len() as u64, target.len() as u64);
    if lengths != (place.base_len, place.target_len) || place.segment_size == 0 {
        return Err(wrong());
    }
    let segment_size = usize::try_from(place.segment_size).map_err(|_| wrong())?;
    let kept = usize::try_from(place.kept()).map_err(|_| wrong())?;
    let segment = |(index, segment): (usize, &'a [u8])| {
        let target_offset = index * segment_size;
        let first = usize::try_from(place.first_base(target_offset as u64)).unwrap_or(kept);
        let base_offset = first.min(kept);
        Segment { target_offset, target: segment, base_offset, base: &base[base_offset..kept] }
    };
    Ok(target.chunks(segment_size).enumerate().map(segment).collect())
}

pub(super) fn apply(
    base: &[u8],
    compression: Compression,
    place: &InPlace,
    coded: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let (memory_size, target_len) =
        (limits.target(place.memory_size)?, limits.target(place.target_len)?);
    let expected = place.base_len;
    let found = base.len() as u64;
    let shifted = usize::try_from(expected).ok().and_then(|len| base.get(..len));
    let kept = usize::try_from(place.kept()).ok();
    let kept = shifted.zip(kept).and_then(|(base, kept)| base.get(..kept));
    let kept = kept.ok_or(Error::BaseLength { expected, found })?;
    if target_len == 0 {
        return Ok(Vec::new());
    }
    let mut memory = vec![0xFF; memory_size];
    let shift = usize::try_from(place.shift_size).unwrap_or(memory_size).min(memory_size);
    for (to, from) in memory.iter_mut().skip(shift).zip(kept) {
        *to = *from;
    }
    let mut stream = Stream::open(compression, coded, limits, delta_len(place))?;
    let mut at = 0u64;
    while at < place.target_len {
        let len = place.segment_size.min(place.target_len - at);
        let cursor = place.shift_size.max(at.saturating_add(place.segment_size));
        let mut writer = Memory {
            bytes: &mut memory,
            to: usize::try_from(at).unwrap_or(memory_size),
            cursor: i64::try_from(cursor).unwrap_or(i64::MAX),
        };
        read::delta(&mut stream, len, &mut writer)?;
        at += len;
    }
    stream.finish()?;
    memory.truncate(target_len);
    Ok(memory)
}

pub(super) fn info(
    compression: Compression,
    place: &InPlace,
    coded: &[u8],
    limits: &Limits,
    info: &mut Info,
) -> Result<(), Error> {
    limits.target(place.memory_size)?;
    if place.target_len == 0 {
        return Ok(());
    }
    let mut stream = Stream::open(compression, coded, limits, delta_len(place))?;
    let mut at = 0u64;
    while at < place.target_len {
        let len = place.segment_size.min(place.target_len - at);
        read::delta(&mut stream, len, info)?;
        at += len;
    }
    stream.finish()
}

/// Most bytes of the deltas of a patch: each segment has four numbers of its own at least.
fn delta_len(place: &InPlace) -> u64 {
    let segments = place.target_len.div_ceil(place.segment_size.max(1));
    Limits::delta_len(place.target_len).saturating_add(segments.saturating_mul(16))
}

struct Memory<'a> {
    bytes: &'a mut [u8],
    to: usize,
    cursor: i64,
}

impl Memory<'_> {
    fn put(&mut self, byte: u8) -> Result<(), Error> {
        let memory_len = self.bytes.len() as u64;
        let slot = self.bytes.get_mut(self.to).ok_or(Error::TargetLength {
            expected: memory_len,
            found: memory_len.saturating_add(1),
        })?;
        *slot = byte;
        self.to += 1;
        Ok(())
    }
}

impl Sink for Memory<'_> {
    fn diff(&mut self, bytes: &[u8]) -> Result<(), Error> {
        for diff in bytes {
            let from = usize::try_from(self.cursor).ok().and_then(|at| self.bytes.get(at));
            let base = *from.ok_or(Error::OutOfBase {
                offset: self.cursor,
                len: 1,
                base_len: self.bytes.len() as u64,
            })?;
            self.put(base.wrapping_add(*diff))?;
            self.cursor = self.cursor.saturating_add(1);
        }
        Ok(())
    }

    fn extra(&mut self, bytes: &[u8]) -> Result<(), Error> {
        bytes.iter().try_for_each(|byte| self.put(*byte))
    }

    fn jump(&mut self, by: i64) -> Result<(), Error> {
        self.cursor = self.cursor.saturating_add(by);
        Ok(())
    }

    fn op(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}
