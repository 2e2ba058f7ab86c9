//! Any 32-bit little-endian core: pointers only.

use super::{Branch, Isa, MAX_LEN};
use core::ops::Range;

/// Aligned 32-bit words that lead into an image; no branches.
#[derive(Debug, Clone, Copy)]
pub struct Pointers;

impl Isa for Pointers {
    fn id(&self) -> u8 {
        1
    }

    fn unit(&self) -> u8 {
        1
    }

    fn ram(&self) -> Range<u32> {
        0..0
    }

    fn branch(&self, _bytes: [u8; MAX_LEN], _address: u32) -> Option<Branch> {
        None
    }

    fn retarget(&self, bytes: [u8; MAX_LEN], _address: u32, _target: u32) -> [u8; MAX_LEN] {
        bytes
    }
}
