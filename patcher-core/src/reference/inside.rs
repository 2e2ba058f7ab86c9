//! Where in an instruction a byte of an extra stands, on cores whose instructions have several lengths that their first byte tells.

use super::{Forms, Isa};

/// What [`Inside::opcode`] always has, so that it is never 0.
const KNOWN: u8 = 0x80;

/// Where the next byte of an extra stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inside {
    /// Which byte of its instruction it is, 0..=3.
    pub place: u8,
    /// What the instruction is that began last, as its first byte tells; 0 while none is known.
    pub opcode: u8,
    /// Bytes that are left of that instruction.
    left: u8,
}

impl Inside {
    /// Before the first byte of an extra.
    pub const START: Self = Self { place: 0, opcode: 0, left: 0 };

    /// Whether an instruction has begun in the extra.
    #[inline]
    #[must_use]
    pub fn is_known(self) -> bool {
        self.opcode != 0
    }

    /// Steps over `bytes`; `opcode` tells of an instruction by its first byte what it is.
    pub(super) fn step(&mut self, isa: &impl Forms, bytes: &[u8], opcode: impl Fn(u8) -> u8) {
        for &byte in bytes {
            if self.left == 0 {
                let len = isa.len(u64::from(byte).to_le_bytes());
                *self = Self { place: 0, opcode: opcode(byte) | KNOWN, left: len };
            }
            self.left = self.left.saturating_sub(1);
            self.place = if self.left == 0 { 0 } else { (self.place + 1) & 3 };
        }
    }
}

/// Whether `isa` tells where in an instruction a byte stands.
#[must_use]
pub fn tells(isa: &dyn Isa) -> bool {
    let mut inside = Inside::START;
    isa.follow(&mut inside, &[0]);
    inside.is_known()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::riscv::RiscV;
    use crate::reference::thumb::Thumb;
    use crate::reference::xtensa::Xtensa;

    /// Places and opcodes of `bytes`, each as it stands before it is made.
    fn places(isa: &dyn Isa, bytes: &[u8]) -> Vec<(u8, u8)> {
        let mut inside = Inside::START;
        let before = bytes.iter().map(|byte| {
            let here = (inside.place, inside.opcode);
            isa.follow(&mut inside, &[*byte]);
            here
        });
        let before = before.collect();
        let mut at_once = Inside::START;
        isa.follow(&mut at_once, bytes);
        assert_eq!(at_once, inside, "bytes by themselves or together");
        before
    }

    #[test]
    fn riscv_has_two_lengths() {
        // `addi a0, a0, 1`, `c.nop`, `c.ret`.
        let bytes = [0x13, 0x05, 0x15, 0x00, 0x01, 0x00, 0x82, 0x80];
        let (wide, nop) = (0x93, 0x81);
        assert_eq!(
            places(&RiscV::<32>, &bytes),
            [(0, 0), (1, wide), (2, wide), (3, wide), (0, wide), (1, nop), (0, nop), (1, 0x82)]
        );
    }

    #[test]
    fn xtensa_has_two_lengths_and_padding() {
        // `ret.n`, padding, `addi a1, a1, -16`, all but the last byte.
        let bytes = [0x0D, 0xF0, 0x00, 0x12, 0xC1];
        assert_eq!(
            places(&Xtensa::<false>, &bytes),
            [(0, 0), (1, 0x8D), (0, 0x8D), (0, 0x80), (1, 0x82)]
        );
        let big: Vec<u8> = bytes.iter().map(|byte| byte.rotate_left(4)).collect();
        assert_eq!(places(&Xtensa::<true>, &big), places(&Xtensa::<false>, &bytes));
    }

    #[test]
    fn who_does_not_tell_says_so() {
        assert!(tells(&RiscV::<64>) && tells(&Xtensa::<true>));
        assert!(!tells(&Thumb));
        assert_eq!(places(&Thumb, &[1, 2, 3]), [(0, 0); 3]);
    }
}
