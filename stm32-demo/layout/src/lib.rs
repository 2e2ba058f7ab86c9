//! Where everything is in the demo's STM32L496: once, for Rust and for linker scripts.
//!
//! ```text
//!  offset   bank 1                 bank 2
//!  0x00000  bootloader   28 KiB    the same bytes      whichever bank is mapped low, a reset finds it
//!  0x07000  slot A      236 KiB    slot B     236 KiB  an image, run from 0x0800_7000 by whichever bank is mapped low
//!  0x42000  golden      236 KiB    staging    236 KiB  an image to fall back on; the log of a patch
//!  0x7D000  boot log      4 KiB    –                   docs/flash-layout.md §2
//!  0x7E000  update log    4 KiB    –                   docs/flash-layout.md §3
//!  0x7F000  settings      4 KiB    –                   docs/flash-layout.md §9
//! ```
//!
//! A device with one slot, which patches overwrite: [`single`].
//!
//! Areas name a *physical* bank. Which addresses it has is a matter of what is mapped where, and `bsp` alone knows that.
//!
//! Two areas of a bank that overlap, or that do not begin and end on pages, fail to compile:
//!
//! ```compile_fail,E0080
//! use layout::{Area, Bank, disjoint};
//! const BOOTLOADER: Area = Area::new(Bank::One, 0, 0x7000);
//! const SLOT: Area = Area::new(Bank::One, 0x6800, 0x1000);
//! const _: () = assert!(disjoint(&[BOOTLOADER, SLOT]));
//! ```
//!
//! **Reference** RM0351 §3.3.1, table 9 (flash of the L496), §2.2.2 (memory map).
#![no_std]
#![forbid(unsafe_code)]

pub mod header;
mod linker;
pub mod single;

pub use header::ImageHeader;
pub use linker::MemoryX;

/// Where flash is in the address space: the bank that is mapped low, then the other.
pub const FLASH: u32 = 0x0800_0000;
/// Bytes of a bank.
pub const BANK_BYTES: u32 = 0x8_0000;
/// Bytes of a page, the unit of erase.
pub const PAGE_BYTES: u32 = 0x800;
/// Bytes of a double word, the unit of programming.
pub const WRITE_BYTES: u32 = 8;

/// Bytes before the vector table of an image: its header, up to where a vector table of 256 entries, as `cortex-m-rt` makes
/// it, may begin.
pub const IMAGE_HEADER_BYTES: u32 = 0x400;

/// RAM of a program. The bootloader and the application use the same, one after the other. It ends where ST's boot ROM
/// still takes a stack pointer for one.
pub const RAM: Range = Range { start: 0x2000_0000, len: 0x3_FF00 };
/// RAM behind it, which no program clears: what is to outlive a reset.
pub const KEPT_RAM: Range = Range { start: 0x2003_FF00, len: 0x100 };

const _: () = assert!(RAM.start + RAM.len == KEPT_RAM.start);
const _: () = assert!(KEPT_RAM.start + KEPT_RAM.len <= 0x2004_0000);

/// Addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub start: u32,
    /// Bytes.
    pub len: u32,
}

/// A physical bank: what `FLASH_CR.BKER` selects, wherever it is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bank {
    /// Bank 1, mapped low after reset.
    One,
    /// Bank 2.
    Two,
}

impl Bank {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }

    const fn is(self, other: Self) -> bool {
        matches!((self, other), (Self::One, Self::One) | (Self::Two, Self::Two))
    }
}

/// Whole pages of a physical bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    bank: Bank,
    start: u32,
    len: u32,
}

impl Area {
    /// `len` bytes from `start` on, counted from the start of the bank.
    ///
    /// # Panics
    /// If they do not begin and end on a page of the bank. In a `const` that is a compile error.
    #[must_use]
    pub const fn new(bank: Bank, start: u32, len: u32) -> Self {
        assert!(start.is_multiple_of(PAGE_BYTES) && len.is_multiple_of(PAGE_BYTES), "whole pages");
        assert!(len > 0 && start < BANK_BYTES && len <= BANK_BYTES - start, "within the bank");
        Self { bank, start, len }
    }

    /// Its bank.
    #[must_use]
    pub const fn bank(&self) -> Bank {
        self.bank
    }

    /// Where it begins, counted from the start of the bank.
    #[must_use]
    pub const fn start(&self) -> u32 {
        self.start
    }

    /// Bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub const fn len(&self) -> u32 {
        self.len
    }

    /// Whether the two share a byte.
    #[must_use]
    pub const fn overlaps(&self, other: &Self) -> bool {
        let apart = self.start + self.len <= other.start || other.start + other.len <= self.start;
        self.bank.is(other.bank) && !apart
    }
}

/// Whether no two of the areas share a byte.
#[must_use]
pub const fn disjoint(areas: &[Area]) -> bool {
    let mut a = 0;
    while a < areas.len() {
        let mut b = a + 1;
        while b < areas.len() {
            if areas[a].overlaps(&areas[b]) {
                return false;
            }
            b += 1;
        }
        a += 1;
    }
    true
}

const KIB: u32 = 1024;
const BOOTLOADER_BYTES: u32 = 28 * KIB;
const SLOT_BYTES: u32 = 236 * KIB;
const LOG_BYTES: u32 = 4 * KIB;
const BEHIND_SLOT: u32 = BOOTLOADER_BYTES + SLOT_BYTES;
const BEHIND_GOLDEN: u32 = BEHIND_SLOT + SLOT_BYTES;

/// The bootloader: the same bytes in both banks.
pub const BOOTLOADERS: [Area; 2] =
    [Area::new(Bank::One, 0, BOOTLOADER_BYTES), Area::new(Bank::Two, 0, BOOTLOADER_BYTES)];
/// Slot A.
pub const SLOT_A: Area = Area::new(Bank::One, BOOTLOADER_BYTES, SLOT_BYTES);
/// Slot B.
pub const SLOT_B: Area = Area::new(Bank::Two, BOOTLOADER_BYTES, SLOT_BYTES);
/// An image that the bootloader falls back on.
pub const GOLDEN: Area = Area::new(Bank::One, BEHIND_SLOT, SLOT_BYTES);
/// The log of a patch that comes in, as far as the slot has no room for it.
pub const STAGING: Area = Area::new(Bank::Two, BEHIND_SLOT, SLOT_BYTES);
/// The boot metadata.
pub const BOOT_LOG: Area = Area::new(Bank::One, BEHIND_GOLDEN, LOG_BYTES);
/// The state of updates.
pub const UPDATE_LOG: Area = Area::new(Bank::One, BEHIND_GOLDEN + LOG_BYTES, LOG_BYTES);
/// Settings of the application, which updates leave alone: docs/flash-layout.md §9.
pub const SETTINGS: Area = Area::new(Bank::One, BEHIND_GOLDEN + 2 * LOG_BYTES, LOG_BYTES);

/// All areas.
pub const AREAS: [Area; 9] = [
    BOOTLOADERS[0],
    BOOTLOADERS[1],
    SLOT_A,
    SLOT_B,
    GOLDEN,
    STAGING,
    BOOT_LOG,
    UPDATE_LOG,
    SETTINGS,
];

const _: () = assert!(disjoint(&AREAS));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_neighbours_of_the_same_bank_can_overlap() {
        let area = |bank, start, len| Area::new(bank, start * PAGE_BYTES, len * PAGE_BYTES);
        let first = area(Bank::One, 2, 2);
        for (start, apart) in [(0, true), (1, false), (2, false), (3, false), (4, true)] {
            assert_eq!(disjoint(&[first, area(Bank::One, start, 2)]), apart, "{start}");
            assert!(disjoint(&[first, area(Bank::Two, start, 2)]));
        }
        assert!(!disjoint(&[area(Bank::Two, 9, 1), first, area(Bank::One, 0, 9)]));
    }

    #[test]
    fn a_bank_is_used_up_to_its_end() {
        let used =
            |bank| -> u32 { AREAS.iter().filter(|area| area.bank() == bank).map(Area::len).sum() };
        assert_eq!(used(Bank::One), BANK_BYTES);
        assert_eq!(used(Bank::Two), BANK_BYTES - 3 * LOG_BYTES);
    }

    #[test]
    fn slots_run_from_the_same_addresses() {
        assert_eq!((SLOT_A.start(), SLOT_A.len()), (SLOT_B.start(), SLOT_B.len()));
        assert_ne!(SLOT_A.bank(), SLOT_B.bank());
    }
}
