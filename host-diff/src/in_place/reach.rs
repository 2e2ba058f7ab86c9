//! Which base bytes a target byte may be made of.

use crate::matcher::align::Aligned;
use crate::resume::Epoch;
use patcher_core::container::in_place::InPlace;

/// The first base byte that is still there, epoch by epoch.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach {
    slot: Option<(InPlace, u32)>,
    epoch: Option<Epoch>,
}

/// Bytes before a place that extras look at, and more that calls may need: with them behind the floor, all that is read at a
/// place is what the base holds.
const MARGIN: u32 = 8;

impl Reach {
    /// Of a target of `target_len` bytes that is written over its base.
    #[must_use]
    pub fn in_place(slot: InPlace, target_len: u32, epoch: Option<Epoch>) -> Self {
        Self { slot: Some((slot, target_len)), epoch }
    }

    /// The least base offset that the target byte at `at` may be made of.
    #[must_use]
    pub fn least(&self, at: usize) -> usize {
        let Some((slot, target_len)) = self.slot else { return 0 };
        let end = self.epoch.map_or(target_len, |epoch| {
            let bytes = epoch.bytes() as usize;
            u32::try_from((at / bytes + 1).saturating_mul(bytes)).unwrap_or(target_len)
        });
        match slot.floor(end.min(target_len)) {
            0 => 0,
            floor => floor.saturating_add(MARGIN) as usize,
        }
    }

    /// `aligned` without what is out of reach.
    #[must_use]
    pub fn cut(&self, aligned: Vec<Aligned>) -> Vec<Aligned> {
        if self.slot.is_none() {
            return aligned;
        }
        let mut reached: Vec<Aligned> = Vec::with_capacity(aligned.len());
        for whole in aligned {
            for (target, len) in Epoch::part(self.epoch, whole.target, whole.len) {
                let base = whole.base + (target - whole.target);
                let lost = self.least(target).saturating_sub(base);
                let Some(len) = len.checked_sub(lost).filter(|&len| len > 0) else { continue };
                let (target, base) = (target + lost, base + lost);
                match reached.last_mut() {
                    Some(last)
                        if last.target + last.len == target && last.base + last.len == base =>
                    {
                        last.len += len;
                    }
                    _ => reached.push(Aligned { target, base, len }),
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patcher_core::container::in_place::Form;

    fn reach() -> Reach {
        let slot = InPlace {
            page_log2: 8,
            slot_pages: 16,
            form: Form::Slide,
            reserve_pages: 3,
            resets: false,
            check: 0,
        };
        Reach::in_place(slot, 2000, Epoch::of_bytes(512))
    }

    #[test]
    fn the_floor_rises_with_the_epochs_and_keeps_a_margin() {
        let reach = reach();
        assert_eq!(reach.least(0), 0);
        assert_eq!(reach.least(511), 0);
        assert_eq!(reach.least(512), 256 + 8);
        assert_eq!(reach.least(1535), 768 + 8);
        assert_eq!(reach.least(1999), 2048 - 768 + 8);
        assert_eq!(Reach::default().least(1999), 0);
    }

    #[test]
    fn stretches_lose_what_is_out_of_reach_and_stay_whole_else() {
        let whole = Aligned { target: 0, base: 300, len: 1900 };
        assert_eq!(reach().cut(vec![whole]), [whole]);
        let back = Aligned { target: 400, base: 0, len: 300 };
        let kept = Aligned { target: 400, base: 0, len: 112 };
        let rest = Aligned { target: 664, base: 264, len: 36 };
        assert_eq!(reach().cut(vec![back]), [kept, rest]);
        assert_eq!(Reach::default().cut(vec![back]), [back]);
    }
}
