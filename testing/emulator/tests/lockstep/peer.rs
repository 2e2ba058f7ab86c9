//! `rsemu` with one range of RAM.

use std::sync::Arc;

use rsemu::core::device::{Device, ResetKind};
use rsemu::core::space::{AddressSpace, RamStore, Region, UnassignedPolicy};
use rsemu::cpu::arm::v7m::{ArmV7m, Config, Regs, xpsr};

/// What both engines must agree on: R0 to R14, the address of the next instruction, N Z C V Q and GE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) registers: [u32; 15],
    pub(crate) next: u32,
    pub(crate) apsr: u32,
}

/// Bits of the flags in `APSR`.
pub(crate) const FLAGS: u32 = 0xF80F_0000;

pub(crate) struct Peer {
    core: ArmV7m,
    ranges: Vec<(u32, Arc<RamStore>)>,
    faulted: bool,
}

impl Peer {
    /// RAM in ranges of address and length. The peer has its own system control space, nothing else.
    pub(crate) fn new(ranges: &[(u32, u32)]) -> Self {
        let space = AddressSpace::new("memory", 32).with_unassigned(UnassignedPolicy::FAULT);
        let map = |&(start, len_bytes): &(u32, u32)| {
            let ram = Arc::new(RamStore::new(u64::from(len_bytes)));
            let region = Region::ram(format!("ram at {start:#x}"), Arc::clone(&ram));
            space.topology().map(region, u64::from(start)).expect("RAM fits");
            (start, ram)
        };
        let ranges = ranges.iter().map(map).collect();
        let core = ArmV7m::new(Config::CORTEX_M4.with_bit_band(false));
        core.attach_space(Arc::new(space));
        let mut peer = Self { core, ranges, faulted: true };
        peer.restart();
        peer
    }

    /// Writes to the range that starts at `start`.
    pub(crate) fn write(&self, start: u32, bytes: &[u8]) {
        self.range(start).write_at(0, bytes).expect("in range");
    }

    /// Reads from the range that starts at `start`.
    pub(crate) fn read(&self, start: u32, bytes: &mut [u8]) {
        self.range(start).read_at(0, bytes).expect("in range");
    }

    fn range(&self, start: u32) -> &RamStore {
        &self.ranges.iter().find(|range| range.0 == start).expect("a range starts there").1
    }

    pub(crate) fn set(&mut self, state: &State) {
        if self.faulted {
            self.restart();
        }
        let mut registers = Regs::new();
        registers.r[..15].copy_from_slice(&state.registers);
        registers.r[15] = state.next;
        registers.msp = state.registers[13];
        registers.xpsr = xpsr::T | state.apsr;
        self.core.set_regs(registers);
    }

    /// One instruction; `None` if it raised an exception.
    pub(crate) fn step(&mut self) -> Option<State> {
        self.core.step();
        if self.core.regs().in_handler() || self.core.is_locked_up() {
            self.faulted = true;
            return None;
        }
        Some(self.reached(FLAGS))
    }

    /// One instruction, or the entry into an exception.
    pub(crate) fn step_any(&self) {
        self.core.step();
    }

    /// The state, with the bits `mask` of xPSR.
    pub(crate) fn reached(&self, mask: u32) -> State {
        let registers = self.core.regs();
        let mut low = [0; 15];
        low.copy_from_slice(&registers.r[..15]);
        // DDI 0403 B1.4.1: bits 1 and 0 of SP are zero, which rsemu leaves to whoever uses it.
        low[13] &= !3;
        State { registers: low, next: registers.r[15], apsr: registers.xpsr & mask }
    }

    /// Writes a register of the system control space.
    pub(crate) fn write_system(&self, address: u32, value: u32) {
        self.core.with_sys(|system| assert!(system.write_word(address, value)));
    }

    /// What a fault left is gone afterwards.
    fn restart(&mut self) {
        Device::reset(&self.core, ResetKind::Cold);
        self.core.step();
        self.faulted = false;
    }
}
