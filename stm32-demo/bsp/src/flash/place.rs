//! A byte of a physical bank in one word, as `FLASH_ECCR` has it: RM0351 §3.7.7.

use layout::{Area, BANK_BYTES, Bank};

use crate::bank::Mapping;

const ADDR_ECC: u32 = 0x7_FFFF;
const BK_ECC: u32 = 1 << 19;

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// Bits other than those of the place do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(pub(super) u32);

impl Place {
    pub(super) const fn new(bank: Bank, offset: u32) -> Self {
        Self((bank as u32).wrapping_mul(BK_ECC) | offset & ADDR_ECC)
    }

    /// That of a word in which other bits may be set.
    pub(super) const fn of(word: u32) -> Self {
        Self(word & (BK_ECC | ADDR_ECC))
    }

    /// Its address, as banks are mapped now.
    pub(super) fn address(self) -> u32 {
        const { assert!(BK_ECC == BANK_BYTES) };
        Mapping::now().address_of(self.0)
    }

    pub(super) const fn bank(self) -> Bank {
        if self.0 & BK_ECC == 0 { Bank::One } else { Bank::Two }
    }

    /// Counted from the start of the bank.
    pub(super) const fn offset(self) -> u32 {
        self.0 & ADDR_ECC
    }

    /// Counted from the start of `area`, if it is in there.
    pub(super) fn within(self, area: Area) -> Option<u32> {
        let offset = self.offset().checked_sub(area.start()).filter(|&offset| offset < area.len());
        offset.filter(|_| self.bank() == area.bank())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layout::{SLOT_A, SLOT_B};

    #[test]
    fn a_place_is_within_its_bank_s_area_alone() {
        let (start, len) = (SLOT_B.start(), SLOT_B.len());
        for (offset, found) in [
            (start - 8, None),
            (start, Some(0)),
            (start + len - 8, Some(len - 8)),
            (start + len, None),
        ] {
            let place = Place::new(Bank::Two, offset);
            assert_eq!((place.bank(), place.offset()), (Bank::Two, offset));
            assert_eq!(place.within(SLOT_B), found);
            assert_eq!(place.within(SLOT_A), None);
            assert_eq!(Place::of(place.0 | 1 << 31), place);
        }
    }
}
