//! Where everything is on the same part with one slot: in bank 1 alone, as on a part half the size.
//!
//! ```text
//!  offset   bank 1
//!  0x00000  bootloader     48 KiB  applies patches, and is never updated
//!  0x0C000  slot           48 KiB  the image, run from 0x0800_C000; behind it the slack that the base slides into
//!  0x18000  golden         48 KiB  an image to fall back on
//!  0x24000  patch          48 KiB  the patch that waits
//!  0x30000  reverse patch  48 KiB  the patch of the way back
//!  0x3C000  steps           8 KiB  docs/flash-layout.md §8
//!  0x3E000  marks          20 KiB  docs/flash-layout.md §5
//!  0x43000  boot log        4 KiB  docs/flash-layout.md §2.1
//!  0x44000  update log      4 KiB  docs/flash-layout.md §3
//!  0x45000  settings        4 KiB  docs/flash-layout.md §9
//! ```

use crate::{Area, Bank, KIB, LOG_BYTES, disjoint};

/// An area behind another one.
const fn behind(before: Area, len: u32) -> Area {
    Area::new(before.bank(), before.start() + before.len(), len)
}

const SLOT_BYTES: u32 = 48 * KIB;
const PATCH_BYTES: u32 = 48 * KIB;

/// The bootloader. Its program does not link when it is longer.
pub const BOOTLOADER: Area = Area::new(Bank::One, 0, 48 * KIB);
/// The slot.
pub const SLOT: Area = behind(BOOTLOADER, SLOT_BYTES);
/// An image that the bootloader falls back on.
pub const GOLDEN: Area = behind(SLOT, SLOT_BYTES);
/// The patch that waits.
pub const PATCH: Area = behind(GOLDEN, PATCH_BYTES);
/// The patch of the way back.
pub const REVERSE: Area = behind(PATCH, PATCH_BYTES);
/// Steps of an update that are done.
pub const STEPS: Area = behind(REVERSE, 8 * KIB);
/// States of the decoder.
pub const MARKS: Area = behind(STEPS, 20 * KIB);
/// The boot metadata.
pub const BOOT_LOG: Area = behind(MARKS, LOG_BYTES);
/// The state of updates.
pub const UPDATE_LOG: Area = behind(BOOT_LOG, LOG_BYTES);
/// Settings of the application, which updates leave alone.
pub const SETTINGS: Area = behind(UPDATE_LOG, LOG_BYTES);

/// All areas.
pub const AREAS: [Area; 10] =
    [BOOTLOADER, SLOT, GOLDEN, PATCH, REVERSE, STEPS, MARKS, BOOT_LOG, UPDATE_LOG, SETTINGS];

const _: () = assert!(disjoint(&AREAS));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_where_the_map_above_says() {
        assert_eq!((SLOT.start(), GOLDEN.start(), PATCH.start()), (0xC000, 0x1_8000, 0x2_4000));
        assert_eq!((REVERSE.start(), STEPS.start(), MARKS.start()), (0x3_0000, 0x3_C000, 0x3_E000));
        assert_eq!(
            (BOOT_LOG.start(), UPDATE_LOG.start(), SETTINGS.start()),
            (0x4_3000, 0x4_4000, 0x4_5000)
        );
        assert_eq!(SLOT.len(), GOLDEN.len());
    }
}
