//! What a patch offers to a device that loses power.

use core::fmt;

/// How a device is to go on after a power loss; see `device_apply::resume`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Resume {
    /// It decodes again from the first byte: the patch needs nothing for that.
    #[default]
    Redecode,
    /// It saves the decoder's state at marks: they keep the model.
    Snapshot(Epoch),
    /// It starts again at marks, which reset the model.
    Reset(Epoch),
}

impl Resume {
    /// The distance of marks, if a target of `target_len` bytes has any.
    #[must_use]
    pub fn epoch(self, target_len: usize) -> Option<Epoch> {
        match self {
            Self::Redecode => None,
            Self::Snapshot(epoch) | Self::Reset(epoch) => {
                Some(epoch).filter(|epoch| (epoch.bytes() as usize) < target_len)
            }
        }
    }

    /// Whether marks reset the model.
    #[must_use]
    pub fn resets(self) -> bool {
        matches!(self, Self::Reset(_))
    }
}

/// Distance of restart marks in the target: a power of two, from 256 bytes to 2 GiB.
///
/// It should be a multiple of the device's page: marks within a page are of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    log2: u8,
}

impl Default for Epoch {
    /// 64 KiB.
    fn default() -> Self {
        Self { log2: 16 }
    }
}

impl Epoch {
    /// The epoch of `bytes` bytes, if that is one.
    #[must_use]
    pub fn of_bytes(bytes: u32) -> Option<Self> {
        let log2 = u8::try_from(bytes.checked_ilog2()?).ok()?;
        (bytes.is_power_of_two() && log2 >= 8).then_some(Self { log2 })
    }

    /// Bytes of the target between two marks.
    #[must_use]
    pub fn bytes(self) -> u32 {
        1 << self.log2
    }

    /// Log2 of them, as the header has it.
    #[must_use]
    pub fn log2(self) -> u8 {
        self.log2
    }

    /// Parts `start..start + len`, offsets in the target, where it crosses a mark: (start, length) of each.
    pub(crate) fn part(
        epoch: Option<Self>,
        start: usize,
        len: usize,
    ) -> impl Iterator<Item = (usize, usize)> {
        let end = start + len;
        let mut at = start;
        core::iter::from_fn(move || {
            let mark = epoch.map_or(end, |epoch| {
                let bytes = epoch.bytes() as usize;
                (at / bytes + 1) * bytes
            });
            let part = (at, end.min(mark) - at);
            at += part.1;
            (part.1 > 0).then_some(part)
        })
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_powers_of_two_that_the_header_can_name() {
        for bytes in [256, 4096, 65_536, 1 << 31] {
            assert_eq!(Epoch::of_bytes(bytes).map(Epoch::bytes), Some(bytes));
        }
        for bytes in [0, 1, 128, 255, 257, 3000, u32::MAX] {
            assert_eq!(Epoch::of_bytes(bytes), None, "{bytes}");
        }
    }

    #[test]
    fn stretches_are_parted_at_marks() {
        let epoch = Epoch::of_bytes(256);
        let parts = |start, len| Epoch::part(epoch, start, len).collect::<Vec<_>>();
        assert_eq!(parts(0, 256), [(0, 256)]);
        assert_eq!(parts(255, 2), [(255, 1), (256, 1)]);
        assert_eq!(parts(256, 0), []);
        assert_eq!(parts(200, 400), [(200, 56), (256, 256), (512, 88)]);
        assert_eq!(Epoch::part(None, 200, 400).collect::<Vec<_>>(), [(200, 400)]);
    }

    #[test]
    fn a_target_that_ends_before_the_first_mark_has_none() {
        let epoch = Epoch::of_bytes(256).expect("an epoch");
        assert_eq!(Resume::Snapshot(epoch).epoch(256), None);
        assert_eq!(Resume::Reset(epoch).epoch(257), Some(epoch));
        assert_eq!(Resume::Redecode.epoch(1 << 20), None);
    }
}
