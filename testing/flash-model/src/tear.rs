//! What a torn operation leaves behind.

use crate::{Ecc, UnitState};

/// What a torn operation leaves behind.
///
/// | tear | torn program of a write unit | torn erase of a page |
/// | --- | --- | --- |
/// | `Blank` | reads as it did before; if that is erased, it must not be programmed | every write unit reads as erased, none may be programmed |
/// | `Mixed` | some bits made it; reads fault where ECC reports it | each write unit is old, erased, blank as above, or mixed |
/// | `Finished` | looks complete | looks complete |
/// | `Seeded` | one of these, three times of four `Mixed` | one of these, three times of four `Mixed` |
///
/// A seed gives different bits at different operations, the same ones at each repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tear {
    /// Reads as erased, and yet must not be programmed.
    Blank,
    /// Some bits made it; the seed says which.
    Mixed(u64),
    /// Looks complete to every later read.
    Finished,
    /// The seed draws one of the others.
    Seeded(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Blank,
    Mixed,
    Finished,
}

/// One tear of one operation, being worked out.
#[derive(Debug)]
pub(crate) struct Tearing {
    outcome: Outcome,
    ecc: Ecc,
    dice: Dice,
}

impl Tearing {
    /// Tears the `operation`-th operation of a device.
    pub(crate) fn new(tear: Tear, operation: u64, ecc: Ecc) -> Self {
        let (seed, outcome) = match tear {
            Tear::Blank => (0, Some(Outcome::Blank)),
            Tear::Mixed(seed) => (seed, Some(Outcome::Mixed)),
            Tear::Finished => (0, Some(Outcome::Finished)),
            Tear::Seeded(seed) => (seed, None),
        };
        let mut dice = Dice::new(seed, operation);
        let outcome = outcome.unwrap_or_else(|| match dice.byte() {
            0..32 => Outcome::Blank,
            32..64 => Outcome::Finished,
            64.. => Outcome::Mixed,
        });
        Self { outcome, ecc, dice }
    }

    /// Tears the program of one write unit: rewrites `bytes`, returns the state.
    ///
    /// `new` and `after` are what a complete program would have left.
    pub(crate) fn program(
        &mut self,
        bytes: &mut [u8],
        before: UnitState,
        new: &[u8],
        after: UnitState,
    ) -> UnitState {
        match self.outcome {
            Outcome::Blank if before == UnitState::Erased => UnitState::Unstable,
            Outcome::Blank => before,
            Outcome::Mixed => self.mix(bytes, new, after),
            Outcome::Finished => {
                bytes.copy_from_slice(new);
                after
            }
        }
    }

    /// Tears the erase of a page, write unit by write unit: rewrites `bytes`, returns the state.
    pub(crate) fn erase(
        &mut self,
        bytes: &mut [u8],
        before: UnitState,
        erased: &[u8],
    ) -> UnitState {
        let share = match self.outcome {
            Outcome::Blank => 2,
            Outcome::Mixed => self.dice.byte() % 4,
            Outcome::Finished => 1,
        };
        match share {
            0 => before,
            1 => {
                bytes.copy_from_slice(erased);
                UnitState::Erased
            }
            2 => {
                bytes.copy_from_slice(erased);
                UnitState::Unstable
            }
            _ => self.mix(
                bytes,
                erased,
                UnitState::Programmed { programs: before.programs().max(1) },
            ),
        }
    }

    /// Takes each bit from `bytes` or from `new`.
    fn mix(&mut self, bytes: &mut [u8], new: &[u8], silent: UnitState) -> UnitState {
        for (byte, new) in bytes.iter_mut().zip(new) {
            let made_it = self.dice.byte();
            *byte = (*byte & !made_it) | (new & made_it);
        }
        match self.ecc {
            Ecc::Faults => UnitState::Poisoned,
            Ecc::Silent => silent,
        }
    }
}

/// A small generator (SplitMix64): the same seed gives the same bits on every machine.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn new(seed: u64, operation: u64) -> Self {
        let mut dice = Self(seed);
        dice.0 = dice.roll() ^ operation;
        dice
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[7]
    }
}
