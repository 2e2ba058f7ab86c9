//! Where things are in a memory that base and target share.

use crate::error::PatchError;

/// The numbers of an in-place patch, checked against the flash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    segment: u32,
    shift: u32,
    /// Bytes of the base that survive the shift.
    kept: u32,
    pub(crate) target_len: u32,
}

/// Some bytes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Place {
    /// Checks the numbers; `page` is what the flash erases at once, `capacity` how much of it there is.
    pub(crate) fn new(numbers: [u32; 5], page: u32, capacity: u32) -> Result<Self, PatchError> {
        let [memory, segment, shift, base_len, target_len] = numbers;
        let multiple = |expected: u32, got: u32| {
            if got.checked_rem(expected) == Some(0) {
                Ok(())
            } else {
                Err(PatchError::Segment { expected, got })
            }
        };
        let fits = |expected: u32, got: u32| {
            if expected <= got { Ok(()) } else { Err(PatchError::TooLarge { expected, got }) }
        };
        if segment == 0 {
            return Err(PatchError::Segment { expected: page, got: segment });
        }
        multiple(page, segment)?;
        multiple(segment, memory)?;
        multiple(segment, shift)?;
        fits(memory, capacity)?;
        for size in [shift, base_len, target_len] {
            fits(size, memory)?;
        }
        let kept = base_len.min(memory.saturating_sub(shift));
        Ok(Self { segment, shift, kept, target_len })
    }

    /// Segments that the base is moved in, the last one first; none where it stays.
    pub(crate) fn shifts(&self) -> u32 {
        if self.shift == 0 { 0 } else { segments(self.kept, self.segment) }
    }

    /// Segments of the target.
    pub(crate) fn segments(&self) -> u32 {
        segments(self.target_len, self.segment)
    }

    /// What is moved in shift `index`, and where to.
    pub(crate) fn moved(&self, index: u32) -> (Span, u32) {
        let segment = self.shifts().saturating_sub(index).saturating_sub(1);
        let start = segment.saturating_mul(self.segment);
        let len = self.kept.saturating_sub(start).min(self.segment);
        (Span { start, len }, start.saturating_add(self.shift))
    }

    /// Where segment `index` of the target is.
    pub(crate) fn target(&self, index: u32) -> Span {
        let start = index.saturating_mul(self.segment);
        Span { start, len: self.target_len.saturating_sub(start).min(self.segment) }
    }

    /// What is left of the base while segment `index` of the target is written: its start, where the cursor begins, and end.
    pub(crate) fn base(&self, index: u32) -> (u32, u32) {
        let after = index.saturating_add(1).saturating_mul(self.segment);
        (after.max(self.shift), self.shift.saturating_add(self.kept))
    }
}

fn segments(len: u32, segment: u32) -> u32 {
    let rest = u32::from(len.checked_rem(segment).unwrap_or(0) > 0);
    len.checked_div(segment).unwrap_or(0).saturating_add(rest)
}
