//! Which part of the base may be read when a byte of the target is written.

use core::ops::Range;

use formats::Stretch;
use formats::detools::InPlace;
use formats::detools::in_place::Segment;

/// The part of the base that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    base_len: usize,
    /// Bytes written together, and bytes that the base was moved up by.
    segment: Option<(usize, usize)>,
}

impl Room {
    /// All of it, always.
    pub(crate) fn all(base: &[u8]) -> Self {
        Self { base_len: base.len(), segment: None }
    }

    /// What an in-place update has not written over.
    pub(crate) fn in_place(place: &InPlace) -> Self {
        let size = |size| usize::try_from(size).unwrap_or(usize::MAX);
        let segment = (size(place.segment_size).max(1), size(place.shift_size));
        Self { base_len: size(place.kept()), segment: Some(segment) }
    }

    /// The offsets of the base that may be read for the target byte at `at`.
    pub(crate) fn at(&self, at: usize) -> Range<usize> {
        let first = self.segment.map_or(0, |(segment, shift)| {
            (at / segment * segment).saturating_add(segment).saturating_sub(shift)
        });
        first.min(self.base_len)..self.base_len
    }
}

/// The part of `stretches` that lies in `segment`, relative to it.
pub(crate) fn within(stretches: &[Stretch], segment: &Segment<'_>) -> Vec<Stretch> {
    let (start, end) = (segment.target_offset, segment.target_offset + segment.target.len());
    let cut = |stretch: &Stretch| {
        let skip = start.saturating_sub(stretch.target);
        let target = stretch.target + skip;
        let len = stretch.len.checked_sub(skip)?.min(end.checked_sub(target)?);
        let base = (stretch.base + skip).checked_sub(segment.base_offset)?;
        let fits = len > 0 && base + len <= segment.base.len();
        fits.then_some(Stretch { target: target - start, base, len })
    };
    let first = stretches.partition_point(|stretch| stretch.target + stretch.len <= start);
    let inside = stretches[first..].iter().take_while(|stretch| stretch.target < end);
    inside.filter_map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_cut_to_their_segment() {
        let (base, target) = ([0; 100], [0; 60]);
        let place = InPlace::plan(200, 20, None, 100, 60).expect("fits");
        assert_eq!(place.shift_size, 100);
        let room = Room::in_place(&place);
        assert_eq!((room.at(0), room.at(59)), (0..100, 0..100));
        let segments = formats::detools::in_place::segments(&base, &target, &place).expect("fits");
        let stretches =
            [Stretch { target: 5, base: 7, len: 30 }, Stretch { target: 40, base: 0, len: 20 }];
        let found: Vec<_> = segments.iter().map(|segment| within(&stretches, segment)).collect();
        let expected = [
            vec![Stretch { target: 5, base: 7, len: 15 }],
            vec![Stretch { target: 0, base: 22, len: 15 }],
            vec![Stretch { target: 0, base: 0, len: 20 }],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_written_over_is_not_read() {
        let place = InPlace::plan(120, 20, Some(40), 100, 100).expect("fits");
        let room = Room::in_place(&place);
        assert_eq!((room.at(0), room.at(39), room.at(40)), (0..80, 0..80, 20..80));
        assert_eq!(room.at(99), 60..80);
    }
}
