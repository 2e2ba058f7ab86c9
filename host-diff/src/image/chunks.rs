//! Data at addresses, as all formats but BIN give it, made one run of bytes.

use core::ops::RangeInclusive;
use std::borrow::Cow;

use super::error::LoadError;
use super::flat::{FlatImage, Isa, LoadWarning, Region, Span};

/// Bytes at an address; never empty, never beyond the 32-bit address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    address: u32,
    bytes: Cow<'a, [u8]>,
}

/// What erased flash reads as.
const FILL: u8 = 0xff;

/// A larger gap separates images. Banks, boot loaders and softdevices of one microcontroller lie closer together;
/// option bytes, fuses, RAM and external memory lie further away.
const GAP_LIMIT: u32 = 1 << 20;

/// Gaps of more than this in total are a mistake.
const FILL_LIMIT: u64 = 16 << 20;

/// A far part is left out if it is at most this fraction of the kept one and at most this long, as option bytes, fuses,
/// UICR and data EEPROM are; a larger one may be what the user means.
const SMALL_PART: u64 = 8;
const SMALL_PART_LEN: u64 = 16 << 10;

/// How many parts an error message lists.
const LISTED_PARTS: usize = 4;

/// Chunks made one.
#[derive(Debug)]
pub(super) struct Flat {
    /// Where the first byte belongs.
    pub(super) address: u32,
    pub(super) bytes: Vec<u8>,
    pub(super) warnings: Vec<LoadWarning>,
}

/// A range of stored bytes that runs at another address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// Where it is stored.
    pub(super) stored: u32,
    pub(super) len: u32,
    /// Where it runs.
    pub(super) runs: u32,
    pub(super) isa: Isa,
}

impl<'a> Chunk<'a> {
    /// A chunk, or `None` if there are no bytes.
    pub(super) fn new(
        address: u64,
        bytes: impl Into<Cow<'a, [u8]>>,
    ) -> Result<Option<Self>, LoadError> {
        let bytes = bytes.into();
        let Some(beyond) = u64::try_from(bytes.len()).ok().filter(|&len| len > 0) else {
            return Ok(None);
        };
        let last = address.saturating_add(beyond - 1);
        let too_high = LoadError::AddressTooHigh { last };
        if u32::try_from(last).is_err() {
            return Err(too_high);
        }
        let address = u32::try_from(address).map_err(|_| too_high)?;
        Ok(Some(Self { address, bytes }))
    }

    /// Appends bytes if they follow this chunk directly; tells whether they do.
    pub(super) fn extend(&mut self, address: u64, bytes: &[u8]) -> bool {
        let next = u64::from(self.last()) + 1;
        let end = u64::try_from(bytes.len()).map_or(u64::MAX, |len| next.saturating_add(len));
        if address != next || end > 1 << 32 {
            return false;
        }
        self.bytes.to_mut().extend_from_slice(bytes);
        true
    }

    fn last(&self) -> u32 {
        // In range: `new` and `extend` check it.
        let len = u32::try_from(self.bytes.len() - 1).unwrap_or(u32::MAX);
        self.address.saturating_add(len)
    }

    fn clip(mut self, range: &RangeInclusive<u32>) -> Option<Self> {
        if self.last() < *range.start() || self.address > *range.end() {
            return None;
        }
        let skip = range.start().saturating_sub(self.address);
        let drop = self.last().saturating_sub(*range.end());
        let skip_bytes = usize::try_from(skip).ok()?;
        let end = self.bytes.len() - usize::try_from(drop).ok()?;
        self.bytes = match self.bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[skip_bytes..end]),
            Cow::Owned(bytes) => Cow::Owned(bytes[skip_bytes..end].to_vec()),
        };
        self.address += skip;
        Some(self)
    }
}

/// Makes chunks one run of bytes; `None` if there is no data in the range.
pub(super) fn flatten(
    chunks: Vec<Chunk<'_>>,
    range: Option<RangeInclusive<u32>>,
) -> Result<Option<Flat>, LoadError> {
    let mut chunks: Vec<Chunk<'_>> = match range {
        Some(range) => chunks.into_iter().filter_map(|chunk| chunk.clip(&range)).collect(),
        None => chunks,
    };
    // Stable: of two chunks for one address the first in the file comes first.
    chunks.sort_by_key(|chunk| chunk.address);
    let parts = split_at_gaps(&chunks);
    let Some(kept) =
        parts.iter().max_by_key(|part| (part.span.data_len, u32::MAX - part.span.start))
    else {
        return Ok(None);
    };
    let limit = (kept.span.data_len / SMALL_PART).min(SMALL_PART_LEN);
    let mut large: Vec<Span> =
        parts.iter().map(|part| part.span).filter(|span| span.data_len > limit).collect();
    if large.len() > 1 {
        let count = large.len();
        large.truncate(LISTED_PARTS);
        return Err(LoadError::Ambiguous { count, spans: large });
    }
    let mut warnings: Vec<LoadWarning> = parts
        .iter()
        .filter(|part| part.span != kept.span)
        .map(|part| LoadWarning::DroppedFarData { dropped: part.span, kept: kept.span })
        .collect();
    let bytes = fill(kept, &mut warnings)?;
    Ok(Some(Flat { address: kept.span.start, bytes, warnings }))
}

/// Chunks without a large gap between them.
struct Part<'a> {
    chunks: &'a [Chunk<'a>],
    span: Span,
}

fn split_at_gaps<'a>(chunks: &'a [Chunk<'a>]) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    let mut rest = chunks;
    while let Some(first) = rest.first() {
        let mut last = first.last();
        let mut count = 0;
        let mut data_len = 0;
        for chunk in rest {
            if chunk.address.saturating_sub(last) > GAP_LIMIT {
                break;
            }
            last = last.max(chunk.last());
            count += 1;
            data_len += u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX);
        }
        let (part, after) = rest.split_at(count);
        parts.push(Part { chunks: part, span: Span { start: first.address, last, data_len } });
        rest = after;
    }
    parts
}

/// The bytes of one part, gaps filled.
fn fill(part: &Part<'_>, warnings: &mut Vec<LoadWarning>) -> Result<Vec<u8>, LoadError> {
    let Span { start, last, data_len } = part.span;
    let len = u64::from(last) - u64::from(start) + 1;
    let gaps = len.saturating_sub(data_len);
    if gaps > FILL_LIMIT {
        return Err(LoadError::TooSparse { span: part.span, fill: gaps, limit: FILL_LIMIT });
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    let mut repeated: Option<(u32, u64)> = None;
    for chunk in part.chunks {
        let offset = usize::try_from(chunk.address - start).unwrap_or(usize::MAX);
        if bytes.len() < offset {
            bytes.resize(offset, FILL);
        }
        let known = (bytes.len() - offset).min(chunk.bytes.len());
        let (again, new) = chunk.bytes.split_at(known);
        for ((&first, &second), address) in bytes[offset..].iter().zip(again).zip(chunk.address..) {
            if first != second {
                return Err(LoadError::Overlap { address, first, second });
            }
        }
        if known > 0 {
            let count = u64::try_from(known).unwrap_or(u64::MAX);
            repeated = Some(repeated.map_or((chunk.address, count), |(at, n)| (at, n + count)));
        }
        bytes.extend_from_slice(new);
    }
    if let Some((address, len)) = repeated {
        warnings.push(LoadWarning::RepeatedData { address, len });
    }
    Ok(bytes)
}

/// The parts of an image that run elsewhere, as regions: clipped to the image, sorted, neighbours joined.
pub(super) fn runtime_regions(image: &FlatImage, moved: &[Moved]) -> Vec<Region> {
    let Some(start) = image.address else { return Vec::new() };
    let end = u64::from(start) + u64::try_from(image.bytes.len()).unwrap_or(0);
    let mut regions: Vec<Region> = moved
        .iter()
        .filter(|part| part.stored != part.runs && part.len > 0)
        .filter_map(|part| {
            let from = part.stored.max(start);
            let to = (u64::from(part.stored) + u64::from(part.len)).min(end);
            let len =
                u32::try_from(to.checked_sub(u64::from(from))?).ok().filter(|&len| len > 0)?;
            let address = part.runs.checked_add(from - part.stored)?;
            Some(Region { offset: from - start, len, address, isa: part.isa })
        })
        .collect();
    regions.sort_by_key(|region| region.offset);
    let mut joined: Vec<Region> = Vec::new();
    for region in regions {
        let Some(before) = joined.last_mut() else {
            joined.push(region);
            continue;
        };
        let follows = before.offset + before.len == region.offset
            && before.address.checked_add(before.len) == Some(region.address)
            && before.isa == region.isa;
        if follows {
            before.len += region.len;
        } else if before.offset + before.len <= region.offset {
            joined.push(region);
        }
    }
    joined
}

#[cfg(test)]
mod tests;
