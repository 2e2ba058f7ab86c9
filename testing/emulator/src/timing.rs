//! What an instruction costs on a Cortex-M4 without wait states.
//!
//! An estimate by the table and the rules of the manual, not a model of the pipeline. Where they leave room:
//!
//! - **Pipeline refill** (P, "1 to 3"): counted apart, so that a caller may price it; see [`Cost::refills`].
//! - **Division** ("2 to 12" by leading zeros): two cycles and one for every 3.2 bits of the quotient.
//! - **Loads in a row** overlap as the rules say; loads and stores that change their base register never do.
//! - **`IT`** takes a cycle, though it may be folded into the instruction before.
//! - An instruction whose condition fails takes a cycle.
//! - A literal load's possible contention with the fetch unit is left out.
//!
//! **Reference**: Arm 100166 r0p1 §3.3, tables 3-1 and 3-2 and the rules under "load/store timings".

use crate::cpu::Effect;
use crate::instruction::{Address, Hint, Indexing, Instruction, Offset, Register};

/// What one instruction cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Cycles, refills of the pipeline not included.
    pub cycles: u32,
    /// Refills of the pipeline, of 1 to 3 cycles each: 0 or 1.
    pub refills: u32,
}

/// Cycles of an exception's entry, and about as many of its return; Arm 100166 r0p1 §3.9.1.
pub const EXCEPTION_CYCLES: u32 = 12;

/// Cycles from one handler to the next without unstacking between them; the same place.
pub const TAIL_CHAIN_CYCLES: u32 = 6;

/// Cycles that a pipeline refill takes where time has to pass: between the manual's 1 and 3.
pub const REFILL_CYCLES: u32 = 2;

/// What the instruction before means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Previous {
    /// A load of one register: the next load or store overlaps with it, unless its address needs that register.
    Load(u16),
    /// A result that is not there yet when an address needs it.
    Result(u16),
    /// Nothing.
    Other,
}

/// Prices instructions one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    previous: Previous,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self { previous: Previous::Other }
    }
}

impl Pipeline {
    /// The cost of `instruction`; `effect` is `None` when its condition did not hold.
    #[inline]
    pub fn charge(&mut self, instruction: &Instruction, effect: Option<Effect>) -> Cost {
        let before = core::mem::replace(&mut self.previous, Previous::Other);
        let Some(effect) = effect else { return Cost { cycles: 1, refills: 0 } };
        let mut refills = u32::from(effect.branched);
        let work = u32::from(effect.work);
        let cycles = match *instruction {
            Instruction::Load { rt, ref address, .. } => {
                if address.indexing == Indexing::Offset && rt != Register::PC {
                    self.previous = Previous::Load(rt.mask());
                }
                single(before, address) + work
            }
            Instruction::Store { ref address, .. } => {
                let constant = matches!(address.offset, Offset::Constant(_));
                if constant && address.indexing == Indexing::Offset {
                    1 + stall(before, address_mask(address)) + work
                } else {
                    single(before, address) + work
                }
            }
            Instruction::LoadPair { ref address, .. }
            | Instruction::StorePair { ref address, .. } => {
                3 + stall(before, address_mask(address))
            }
            Instruction::LoadMultiple { base, list, .. }
            | Instruction::StoreMultiple { base, list, .. } => {
                1 + list.count_ones() + stall(before, base.mask())
            }
            Instruction::TableBranch { rn, rm, .. } => {
                2 + stall(before, rn.mask() | rm.mask()) + work
            }
            Instruction::Divide { rd, .. } => {
                self.previous = Previous::Result(rd.mask());
                2 + (work * 10).div_ceil(32)
            }
            Instruction::ReadSpecial { .. } | Instruction::WriteSpecial { .. } => 2,
            Instruction::Hint(Hint::InstructionBarrier) => {
                refills = 1;
                1
            }
            ref other => {
                self.previous = result(other).map_or(Previous::Other, Previous::Result);
                1
            }
        };
        Cost { cycles, refills }
    }
}

/// A load, or a store that is like one.
#[inline]
fn single(before: Previous, address: &Address) -> u32 {
    let needs = address_mask(address);
    match before {
        Previous::Load(loaded) if loaded & needs == 0 && address.indexing == Indexing::Offset => 1,
        _ => 2 + stall(before, needs),
    }
}

/// An address that needs the result of the instruction before waits a cycle: there is no forwarding.
#[inline]
fn stall(before: Previous, needs: u16) -> u32 {
    u32::from(matches!(before, Previous::Result(written) if written & needs != 0))
}

#[inline]
fn address_mask(address: &Address) -> u16 {
    match address.offset {
        Offset::Constant(_) => address.base.mask(),
        Offset::Register(rm, _) => address.base.mask() | rm.mask(),
    }
}

/// The registers that a data-processing instruction writes.
#[inline]
fn result(instruction: &Instruction) -> Option<u16> {
    match *instruction {
        Instruction::Data { op, rd, .. } => (!op.compares()).then(|| rd.mask()),
        Instruction::MultiplyLong { low, high, .. } => Some(low.mask() | high.mask()),
        Instruction::Adr { rd, .. }
        | Instruction::MoveTop { rd, .. }
        | Instruction::Multiply { rd, .. }
        | Instruction::Extract { rd, .. }
        | Instruction::Insert { rd, .. }
        | Instruction::Extend { rd, .. }
        | Instruction::Permute { rd, .. }
        | Instruction::Saturate { rd, .. }
        | Instruction::SaturateHalves { rd, .. }
        | Instruction::SaturatingAdd { rd, .. }
        | Instruction::Parallel { rd, .. }
        | Instruction::Select { rd, .. }
        | Instruction::Pack { rd, .. } => Some(rd.mask()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode;

    /// Cycles of a sequence of encodings, nothing special happening.
    fn cycles(program: &[(u32, u32)]) -> u32 {
        let mut pipeline = Pipeline::default();
        let charge = |&(first, second): &(u32, u32)| {
            pipeline.charge(&decode(first, second).unwrap(), Some(Effect::NONE)).cycles
        };
        program.iter().map(charge).sum()
    }

    #[test]
    fn the_manuals_examples_of_loads_in_a_row_hold() {
        // ldr r0, [r1]; ldr r1, [r2]
        assert_eq!(cycles(&[(0x6808, 0), (0x6811, 0)]), 3);
        // ldr r0, [r1, r2]; str r0, [r3, #20]
        assert_eq!(cycles(&[(0x5888, 0), (0x6158, 0)]), 3);
        // ldr r0, [r1, r2]; str r1, [r3, r2]
        assert_eq!(cycles(&[(0x5888, 0), (0x5099, 0)]), 3);
        // ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]
        assert_eq!(cycles(&[(0x5948, 0), (0x6811, 0), (0x685A, 0)]), 4);
    }

    #[test]
    fn an_address_waits_for_what_it_needs() {
        // ldr r0, [r1]; ldr r2, [r0]
        assert_eq!(cycles(&[(0x6808, 0), (0x6802, 0)]), 4);
        // adds r1, r1, #1; ldr r0, [r1] against adds r2, ...
        assert_eq!(cycles(&[(0x1C49, 0), (0x6808, 0)]), 4);
        assert_eq!(cycles(&[(0x1C52, 0), (0x6808, 0)]), 3);
        // adds r0, ...; str r0, [r1]: only the address waits
        assert_eq!(cycles(&[(0x1C40, 0), (0x6008, 0)]), 2);
    }

    #[test]
    fn lists_take_one_and_one_for_each_register() {
        // push {r4, r5, lr}; ldrd r0, r1, [r2]; strd r0, r1, [r2]
        assert_eq!(cycles(&[(0xB530, 0)]), 4);
        assert_eq!(cycles(&[(0xE9D2, 0x0100)]), 3);
        assert_eq!(cycles(&[(0xE9C2, 0x0100)]), 3);
    }

    #[test]
    fn products_take_a_cycle_and_quotients_up_to_twelve() {
        // mul, mla, umull, umlal r0, r1, r2(, r3)
        for (first, second) in
            [(0xFB01, 0xF002), (0xFB01, 0x3002), (0xFBA2, 0x0103), (0xFBE2, 0x0103)]
        {
            assert_eq!(cycles(&[(first, second)]), 1, "{first:04x} {second:04x}");
        }
        let division = decode(0xFBB1, 0xF0F2).unwrap();
        let with = |work| {
            Pipeline::default().charge(&division, Some(Effect { branched: false, work })).cycles
        };
        assert_eq!([with(0), with(1), with(16), with(32)], [2, 3, 7, 12]);
    }

    #[test]
    fn a_branch_refills_only_when_taken() {
        let branch = decode(0xE7FE, 0).unwrap();
        let taken = Effect { branched: true, work: 0 };
        let mut pipeline = Pipeline::default();
        assert_eq!(pipeline.charge(&branch, Some(taken)), Cost { cycles: 1, refills: 1 });
        assert_eq!(pipeline.charge(&branch, Some(Effect::NONE)), Cost { cycles: 1, refills: 0 });
        assert_eq!(pipeline.charge(&branch, None), Cost { cycles: 1, refills: 0 });
    }
}
