//! Any 32-bit core: pointers only.

use super::{Around, Branch, Forms, Found, Isa, MAX_LEN, Site};
use crate::container::region::Regions;

/// Aligned 32-bit words that lead into an image, with the most significant byte first if `BIG`; no branches.
#[derive(Debug, Clone, Copy)]
pub struct Pointers<const BIG: bool>;

impl<const BIG: bool> Isa for Pointers<BIG> {
    fn id(&self) -> u8 {
        if BIG { 7 } else { 1 }
    }

    fn big_endian(&self) -> bool {
        BIG
    }

    fn unit(&self) -> u8 {
        1
    }

    fn order(&self) -> u8 {
        0
    }

    fn is_ram(&self, _address: u32) -> bool {
        false
    }

    fn branch(&self, _bytes: [u8; MAX_LEN], _address: u32) -> Option<Branch> {
        None
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], _address: u32, _target: u32) -> [u8; MAX_LEN] {
        bytes
    }

    fn find(&self, around: &Around, site: &Site, regions: &Regions) -> Found {
        super::find(self, around, site, regions)
    }
}

impl<const BIG: bool> Forms for Pointers<BIG> {
    fn len(&self, _bytes: [u8; MAX_LEN]) -> u8 {
        1
    }
}
