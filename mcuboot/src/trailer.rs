//! The bytes at the end of a slot, by which application and MCUboot talk to each other.
//!
//! ```text
//! slot start                                                                   slot end
//! ├ image_offset ┼───── image, at most `room` bytes ─────┼ …status… │ swap_size │ swap_info │ copy_done │ image_ok │ magic ┤
//!                                          whole sectors ┤            each field A bytes, the last aligned_up(16, A)
//! ```
//! A is `BOOT_MAX_ALIGN`. A field is one byte, at the start of its room; the magic is at the end of its own. Erased bytes mean
//! *unset*.
//!
//! | mode | who writes what | where an image must end |
//! | --- | --- | --- |
//! | swaps | the application all but copy_done; status is MCUboot's | before the sector where the status begins |
//! | move | | … and one sector earlier, which the primary slot needs |
//! | offset | | … and it begins one sector into the secondary slot |
//! | overwrite, direct | no status | before the sector of the fields |
//!
//! **Reference**: MCUboot 2.4, `docs/design.md` "Image trailer"; `boot_trailer_sz`, `app_max_size`.

use core::fmt;

/// Largest `BOOT_MAX_ALIGN` that is served.
pub const MAX_ALIGN: usize = 32;
/// Bytes of the magic.
pub const MAGIC_BYTES: usize = 16;
/// Value of a flag that is set.
pub const SET: u8 = 0x01;

/// The magic with an alignment of 8 bytes: older than the others, and without the alignment in it.
const MAGIC_8: [u8; MAGIC_BYTES] = [
    0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80,
];
/// The rest of the magic with other alignments, which begins with the alignment.
const MAGIC_REST: [u8; 14] =
    [0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A];

/// How MCUboot brings an image from the secondary slot to where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Swap using move (`MCUBOOT_SWAP_USING_MOVE`).
    SwapMove,
    /// Swap using offset (`MCUBOOT_SWAP_USING_OFFSET`).
    SwapOffset,
    /// Swap using a scratch area (`MCUBOOT_SWAP_USING_SCRATCH`).
    SwapScratch,
    /// Overwrite the primary slot (`MCUBOOT_OVERWRITE_ONLY`): no way back.
    Overwrite,
    /// Run from either slot (`MCUBOOT_DIRECT_XIP`, with `MCUBOOT_DIRECT_XIP_REVERT` if images are tried first).
    DirectXip,
}

impl Mode {
    /// Status entries of a sector: how many steps a swap of it has.
    const fn states(self) -> u32 {
        match self {
            Self::SwapMove | Self::SwapScratch => 3,
            Self::SwapOffset => 2,
            Self::Overwrite | Self::DirectXip => 0,
        }
    }

    /// Fields before the magic.
    const fn fields(self) -> u32 {
        match self {
            // One more for the lengths of both unprotected TLV areas.
            Self::SwapOffset => 5,
            // MCUboot leaves room for all of them in every mode.
            Self::SwapMove | Self::SwapScratch | Self::Overwrite | Self::DirectXip => 4,
        }
    }

    /// Sectors of the secondary slot before its image.
    const fn before(self) -> u32 {
        if matches!(self, Self::SwapOffset) { 1 } else { 0 }
    }

    /// Sectors between the image and the one in which the trailer begins.
    const fn spare(self) -> u32 {
        if matches!(self, Self::SwapMove) { 1 } else { 0 }
    }
}

/// How MCUboot is configured: all that decides where things are in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    mode: Mode,
    align: u32,
    max_sectors: u32,
}

impl Layout {
    /// A layout: `align` is `BOOT_MAX_ALIGN` (8, 16 or 32 bytes), `max_sectors` `BOOT_MAX_IMG_SECTORS`.
    ///
    /// # Errors
    /// [`LayoutError::Align`], [`LayoutError::Sectors`].
    pub const fn new(mode: Mode, align: u32, max_sectors: u32) -> Result<Self, LayoutError> {
        if !matches!(align, 8 | 16 | 32) {
            return Err(LayoutError::Align { got: align });
        }
        if max_sectors == 0 || max_sectors > MAX_SECTORS {
            return Err(LayoutError::Sectors { got: max_sectors });
        }
        Ok(Self { mode, align, max_sectors })
    }

    /// The mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// `BOOT_MAX_ALIGN`.
    #[must_use]
    pub const fn align(&self) -> u32 {
        self.align
    }

    /// The magic.
    #[must_use]
    pub const fn magic(&self) -> [u8; MAGIC_BYTES] {
        if self.align == 8 {
            return MAGIC_8;
        }
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = MAGIC_REST;
        let [low, high, ..] = self.align.to_le_bytes();
        [low, high, a, b, c, d, e, f, g, h, i, j, k, l, m, n]
    }

    /// How far before the end of the slot `image_ok` is, in bytes.
    #[must_use]
    pub const fn image_ok_from_end(&self) -> u32 {
        self.back_to(Field::ImageOk)
    }

    /// Bytes of the room that the magic takes.
    pub(crate) const fn magic_room(&self) -> u32 {
        // Both are powers of two, and 16 is the smaller one only with the largest alignment.
        if self.align > MAGIC_LEN { self.align } else { MAGIC_LEN }
    }

    /// Where fields are, from the end of the slot backwards.
    pub(crate) const fn back_to(&self, field: Field) -> u32 {
        let fields = match field {
            Field::Magic => 0,
            Field::ImageOk => 1,
            Field::CopyDone => 2,
            Field::SwapInfo => 3,
        };
        self.magic_room().saturating_add(self.align.saturating_mul(fields))
    }

    /// Bytes of the trailer in a slot that is written in units of `write_size` bytes.
    #[must_use]
    pub const fn trailer_bytes(&self, write_size: u32) -> u32 {
        let status = self.mode.states().saturating_mul(self.max_sectors).saturating_mul(write_size);
        let fields = self.mode.fields().saturating_mul(self.align);
        self.magic_room().saturating_add(fields).saturating_add(status)
    }

    /// Where an image is in a secondary slot, and how long it may be: whole sectors.
    ///
    /// # Errors
    /// [`LayoutError::SlotTooSmall`], [`LayoutError::Write`].
    pub(crate) fn room(
        &self,
        slot: u32,
        sector: u32,
        write_size: u32,
    ) -> Result<Room, LayoutError> {
        if write_size == 0 || write_size > self.align {
            return Err(LayoutError::Write { expected: self.align, got: write_size });
        }
        let trailer = self.trailer_bytes(write_size);
        let room = || {
            let sectors = slot.checked_div(sector)?;
            let trailing = trailer.checked_add(sector.checked_sub(1)?)?.checked_div(sector)?;
            let offset = self.mode.before().checked_mul(sector)?;
            let taken = trailing.checked_add(self.mode.before())?.checked_add(self.mode.spare())?;
            let len = sectors.checked_sub(taken)?.checked_mul(sector)?;
            let trailer_at = sectors.checked_sub(trailing)?.checked_mul(sector)?;
            let whole = slot == sectors.checked_mul(sector)?;
            (len > 0 && whole).then_some(Room { offset, len, trailer_at })
        };
        room().ok_or(LayoutError::SlotTooSmall { expected: trailer, got: slot })
    }
}

/// More sectors than any configuration has.
const MAX_SECTORS: u32 = 0x1_0000;
const MAGIC_LEN: u32 = 16;

/// A field of the trailer that an application reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Magic,
    ImageOk,
    CopyDone,
    SwapInfo,
}

/// Where things are in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// First byte of the image.
    pub(crate) offset: u32,
    /// Bytes that an image may have.
    pub(crate) len: u32,
    /// First sector that is MCUboot's.
    pub(crate) trailer_at: u32,
}

/// Why a slot cannot be MCUboot's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutError {
    /// `BOOT_MAX_ALIGN` is 8, 16 or 32.
    Align {
        /// What was given.
        got: u32,
    },
    /// `BOOT_MAX_IMG_SECTORS` is 1 to 65,536.
    Sectors {
        /// What was given.
        got: u32,
    },
    /// The slot has no sector left beside its trailer, or is not whole sectors.
    SlotTooSmall {
        /// Bytes of the trailer alone.
        expected: u32,
        /// Bytes of the slot.
        got: u32,
    },
    /// The flash is written in larger units than the trailer is laid out for.
    Write {
        /// `BOOT_MAX_ALIGN`.
        expected: u32,
        /// Write unit of the flash in bytes.
        got: u32,
    },
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Align { got } => write!(f, "expected BOOT_MAX_ALIGN 8, 16 or 32, found {got}"),
            Self::Sectors { got } => {
                write!(f, "expected BOOT_MAX_IMG_SECTORS of 1 to {MAX_SECTORS}, found {got}")
            }
            Self::SlotTooSmall { expected, got } => write!(
                f,
                "expected a slot of whole sectors that holds more than a trailer of {expected} bytes, found {got}"
            ),
            Self::Write { expected, got } => {
                write!(f, "expected a write unit of at most {expected} bytes, found {got}")
            }
        }
    }
}

impl core::error::Error for LayoutError {}
