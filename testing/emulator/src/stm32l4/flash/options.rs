//! Option bytes: RM0351 §3.4 and §3.7.7 to §3.7.16.

use super::Bank;
use crate::bits::{bit, field};

/// `OPTR` as the factory leaves it: read protection off, bank 1 boots, two banks.
const FACTORY: u32 = 0xFFEF_F8AA;
const BFB2: u32 = 20;
const DUALBANK: u32 = 21;

/// The bytes that are modelled: user options and areas protected from writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) user: u32,
    /// `WRP1AR`, `WRP1BR`, `WRP2AR`, `WRP2BR`: first page in the low byte, last page in the third.
    pub(super) protected: [u32; 4],
}

impl Options {
    pub(super) const FACTORY: Self = Self { user: FACTORY, protected: [0x0000_00FF; 4] };

    /// Whether the boot ROM runs first and looks into bank 2: `BFB2`.
    pub(super) fn boots_bank_2(self) -> bool {
        bit(self.user, BFB2)
    }

    /// Whether only bits that are modelled differ from the factory's.
    pub(super) fn is_modelled(self) -> bool {
        self.user | 1 << BFB2 == FACTORY | 1 << BFB2 && bit(self.user, DUALBANK)
    }

    /// Whether `page` of `bank` is in an area protected from writing. An area whose first page is behind its last is none.
    pub(super) fn protects(self, bank: Bank, page: u32) -> bool {
        let areas = match bank {
            Bank::One => [self.protected[0], self.protected[1]],
            Bank::Two => [self.protected[2], self.protected[3]],
        };
        areas.iter().any(|&area| (field(area, 0, 8)..=field(area, 16, 8)).contains(&page))
    }
}
