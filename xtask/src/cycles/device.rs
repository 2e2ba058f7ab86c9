//! The device that a program runs on: a Cortex-M4 with everything in memory, no wait states.
//!
//! The addresses are those of `xtask/probe/src/mapped.rs`. The workspace is mapped exactly as long as the patch declares,
//! so that a decoder which takes more faults.

use emulator::elf::Segment;
use emulator::machine::Observer;
use emulator::{Counters, Machine, Memory, Program, Stop};

use crate::failure::Failure;

const LENGTHS: u32 = 0x0F00_0000;
const BASE: u32 = 0x1000_0000;
const PATCH: u32 = 0x1800_0000;
const TARGET: u32 = 0x6000_0000;
const WORKSPACE: u32 = 0x2000_0000;
const STACK: u32 = 0x3000_0000;
const STACK_BYTES: u16 = 0x8000;

/// Instructions that a target byte may take before something must be wrong: a hundred times the usual.
const BUDGET_PER_BYTE: u64 = 20_000;

/// What a program is given.
pub(super) struct Images<'a> {
    pub(super) base: &'a [u8],
    pub(super) patch: &'a [u8],
    pub(super) target_len: usize,
    pub(super) workspace_len: usize,
}

/// What it did.
pub(super) struct Run {
    pub(super) counters: Counters,
    pub(super) peak_stack_bytes: u32,
    pub(super) target: Vec<u8>,
}

/// The images and RAM as segments.
pub(super) fn segments(images: &Images<'_>) -> Result<Vec<Segment>, Failure> {
    let Images { base, patch, target_len, workspace_len } = *images;
    let fits = |len: usize| u32::try_from(len).map_err(|_| Failure::new("image too long"));
    let lengths = [base.len(), patch.len(), target_len, workspace_len];
    let mut words = Vec::new();
    for len in lengths {
        words.extend(fits(len)?.to_le_bytes());
    }
    let rom = |address, bytes: &[u8]| {
        let len_bytes = fits(bytes.len())?;
        Ok(Segment {
            address,
            load_address: address,
            bytes: bytes.to_vec(),
            len_bytes,
            writable: false,
        })
    };
    let ram = |address, len| {
        let len_bytes = fits(len)?;
        Ok(Segment { address, load_address: address, bytes: Vec::new(), len_bytes, writable: true })
    };
    let all = [
        rom(LENGTHS, &words),
        rom(BASE, base),
        rom(PATCH, patch),
        ram(TARGET, target_len),
        ram(WORKSPACE, workspace_len),
    ];
    // An image may be empty; a segment not.
    all.into_iter().filter(|s| !s.as_ref().is_ok_and(|s| s.len_bytes == 0)).collect()
}

/// Runs a program to its end.
pub(super) fn run(
    program: &Program,
    images: &Images<'_>,
    observer: &mut impl Observer,
) -> Result<Run, Failure> {
    let failed = |error: &dyn core::fmt::Display| Failure::new(format!("emulator: {error}"));
    let mut whole = program.clone();
    whole.segments.extend(segments(images)?);
    let mut memory = Memory::new();
    whole.load(&mut memory).map_err(|error| failed(&error))?;
    memory.map_ram(STACK, STACK_BYTES.into()).map_err(|error| failed(&error))?;

    let mut machine = Machine::new(memory, whole.entry, STACK + u32::from(STACK_BYTES));
    let bytes = u64::try_from(images.target_len.max(images.patch.len())).unwrap_or(u64::MAX);
    let budget = bytes.saturating_add(1000).saturating_mul(BUDGET_PER_BYTE);
    match machine.run_observed(budget, observer).map_err(|fault| failed(&fault))? {
        Stop::Breakpoint { .. } if machine.register(0) == 1 => {}
        Stop::Breakpoint { .. } => return Err(failed(&"the program refuses its input")),
        stop => return Err(failed(&format!("the program did not end: {stop:?}"))),
    }
    let target = machine.bus().slice(TARGET, images.target_len).unwrap_or(&[]).to_vec();
    Ok(Run { counters: machine.counters(), peak_stack_bytes: machine.peak_stack_bytes(), target })
}
