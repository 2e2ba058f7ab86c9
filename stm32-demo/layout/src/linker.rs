//! The map in the words of a linker.

use core::fmt;

use crate::{Area, FLASH, IMAGE_HEADER_BYTES, KEPT_RAM, RAM, Range};

/// The `memory.x` of a program that runs from an area, mapped low: what `cortex-m-rt` takes in.
///
/// ```
/// let text = layout::MemoryX::bootloader().to_string();
/// assert!(text.contains("FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 0x7000"));
/// let text = layout::MemoryX::image().to_string();
/// assert!(text.contains("FLASH (rx) : ORIGIN = 0x08007400, LENGTH = 0x3ac00"));
/// let text = layout::MemoryX::single_bootloader().to_string();
/// assert!(text.contains("FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 0xc000"));
/// let text = layout::MemoryX::single_image().to_string();
/// assert!(text.contains("FLASH (rx) : ORIGIN = 0x0800c400, LENGTH = 0xbc00"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MemoryX {
    flash: Range,
}

impl MemoryX {
    /// For the bootloader.
    #[must_use]
    pub const fn bootloader() -> Self {
        Self::of(crate::BOOTLOADERS[0], 0)
    }

    /// For an image in either slot, behind its header.
    #[must_use]
    pub const fn image() -> Self {
        Self::of(crate::SLOT_A, IMAGE_HEADER_BYTES)
    }

    /// For a program that has the first `len` bytes of flash for itself, and no bootloader.
    #[must_use]
    pub const fn alone(len: u32) -> Self {
        Self { flash: Range { start: FLASH, len } }
    }

    /// For the bootloader of a device with one slot.
    #[must_use]
    pub const fn single_bootloader() -> Self {
        Self::of(crate::single::BOOTLOADER, 0)
    }

    /// For an image in the one slot, behind its header.
    #[must_use]
    pub const fn single_image() -> Self {
        Self::of(crate::single::SLOT, IMAGE_HEADER_BYTES)
    }

    const fn of(area: Area, header: u32) -> Self {
        Self { flash: Range { start: FLASH + area.start() + header, len: area.len() - header } }
    }
}

impl fmt::Display for MemoryX {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "/* Written by the crate `layout`. */")?;
        writeln!(f, "MEMORY\n{{")?;
        let Range { start, len } = self.flash;
        writeln!(f, "  FLASH (rx) : ORIGIN = {start:#010x}, LENGTH = {len:#x}")?;
        let Range { start, len } = RAM;
        writeln!(f, "  RAM (rwx) : ORIGIN = {start:#010x}, LENGTH = {len:#x}")?;
        let Range { start, len } = KEPT_RAM;
        writeln!(f, "  KEPT (rw) : ORIGIN = {start:#010x}, LENGTH = {len:#x}")?;
        writeln!(f, "}}")
    }
}
