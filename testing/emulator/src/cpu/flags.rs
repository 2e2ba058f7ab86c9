//! The application's flags.

use crate::bits::{bit, byte, field};

/// N, Z, C, V, Q and GE: `APSR`, DDI 0403 B1.4.2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    /// Negative.
    pub n: bool,
    /// Zero.
    pub z: bool,
    /// Carry, or no borrow.
    pub c: bool,
    /// Signed overflow.
    pub v: bool,
    /// Something saturated, ever since it was cleared.
    pub q: bool,
    /// Greater or equal, for each byte lane: bits 0 to 3.
    pub ge: u8,
}

impl Flags {
    /// The register that holds them.
    #[must_use]
    pub fn to_word(self) -> u32 {
        let at = |flag, index: u32| u32::from(flag) << index;
        at(self.n, 31)
            | at(self.z, 30)
            | at(self.c, 29)
            | at(self.v, 28)
            | at(self.q, 27)
            | u32::from(self.ge) << 16
    }

    /// The flags in such a register.
    #[must_use]
    pub fn from_word(word: u32) -> Self {
        Self {
            n: bit(word, 31),
            z: bit(word, 30),
            c: bit(word, 29),
            v: bit(word, 28),
            q: bit(word, 27),
            ge: byte(field(word, 16, 4)),
        }
    }

    /// Sets N and Z by a result.
    #[inline]
    pub(super) fn set_result(&mut self, result: u32) {
        self.n = bit(result, 31);
        self.z = result == 0;
    }
}
