//! Stretches of runs that need not be run again.
//!
//! A thousand devices that are started with nearly the same flash do nearly the same: they check the same signature, decode the same bytes. A
//! stretch is what a device does between two moments. What it takes is noted, and so is what it leaves: registers, peripherals, words of RAM,
//! operations of the flash, time. A device that begins a stretch as another one did, and holds the same in all that the stretch took, gets
//! what it left, and does not run it.
//!
//! That is exact: nothing else enters into a stretch, as long as nothing in the part goes on by itself (a timer, a watchdog, the serial port,
//! an operation of the flash) when it begins and ends; then it does not matter when it begins, either. Devices for which a power cut is armed
//! are not remembered, and run.
//!
//! A stretch ends where the stack pointer rises over a level, so where something that was called at a certain depth has returned, and where
//! a program leaves the flash that nothing changes. For one beginning a tree has what was met: by the values so far it is certain which cell comes next (`Known`).

use core::hash::{Hash, Hasher};
use core::mem;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use flash_model::{Snapshot, Stm32L4};

use super::chip::{Chip, Still};
use super::device::{Device, Event};
use super::time::Picoseconds;
use super::watch::{self, Cell, Done, Effects, Watch};
use crate::cpu::Cpu;
use crate::fault::Fault;
use crate::machine::{Counters, Machine, Stop};
use crate::timing::Pipeline;

/// Where flash is in programs.
const FLASH: u32 = 0x0800_0000;
/// What is forgotten at once when so many cells are kept.
const MOST_CELLS: usize = 100_000_000;

/// Stretches that were run; shared by any number of threads.
#[derive(Debug)]
pub struct Memo {
    /// Flash that no device changes.
    constant: Range<u32>,
    /// What it holds.
    flash: Snapshot<Stm32L4>,
    level: u32,
    repeated: AtomicU64,
    stretches: RwLock<Stretches>,
}

#[derive(Debug, Default)]
struct Stretches {
    known: HashMap<Beginning, Known>,
    cells: usize,
}

/// All of a part but memory and time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Beginning {
    /// The lowest stack left out.
    cpu: Cpu,
    pipeline: Pipeline,
    still: Still,
}

impl Hash for Beginning {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.cpu.next().hash(state);
        self.cpu.registers().hash(state);
    }
}

/// What is known of stretches with one beginning: cells that all of them take, then what the next one tells apart.
#[derive(Debug)]
struct Known {
    taken: Vec<Cell>,
    then: Then,
}

#[derive(Debug)]
enum Then {
    End(Arc<Left>),
    Next { cell: u32, by_value: HashMap<(u32, u64), Known> },
}

/// What a stretch leaves.
#[derive(Debug)]
struct Left {
    end: Beginning,
    ram: Vec<(u32, u32)>,
    operations: Vec<Done>,
    passed: Picoseconds,
    counters: Counters,
    lowest_stack: u32,
}

impl Known {
    fn find(&self, machine: &Machine<Chip>) -> Option<&Arc<Left>> {
        let chip = machine.bus();
        let value = |number| watch::value(number, chip.all_ram(), chip.flash.cells());
        let mut known = self;
        loop {
            if known.taken.iter().any(|cell| value(cell.number) != cell.value) {
                return None;
            }
            match &known.then {
                Then::End(left) => return Some(left),
                Then::Next { cell, by_value } => known = by_value.get(&value(*cell))?,
            }
        }
    }

    /// Adds a stretch; how many cells that keeps.
    ///
    /// # Panics
    /// If it met another cell than one that began alike and took the same: then not all that enters into it is known.
    fn add(&mut self, mut taken: Vec<Cell>, left: Arc<Left>) -> usize {
        let same =
            self.taken.iter().zip(&taken).take_while(|(ours, theirs)| ours == theirs).count();
        let mut rest = taken.split_off(same);
        if same < self.taken.len() {
            let mut ours = self.taken.split_off(same);
            let then = mem::replace(&mut self.then, Then::End(Arc::clone(&left)));
            let first = ours.remove(0);
            let known = Self { taken: ours, then };
            let by_value = HashMap::from([(first.value, known)]);
            self.then = Then::Next { cell: first.number, by_value };
        }
        let Then::Next { cell, by_value } = &mut self.then else {
            assert!(rest.is_empty(), "a stretch went on where another one ended");
            return 0;
        };
        assert!(!rest.is_empty(), "a stretch ended where another one went on");
        let first = rest.remove(0);
        assert_eq!(first.number, *cell, "a stretch met another cell than one that was like it");
        if let Some(known) = by_value.get_mut(&first.value) {
            return known.add(rest, left);
        }
        let cells = rest.len() + 1;
        by_value.insert(first.value, Self { taken: rest, then: Then::End(left) });
        cells
    }
}

impl Memo {
    /// Of nothing yet. What is remembered is of devices that hold in the range `constant` of flash, their bootloader's, what `device` has
    /// there now, and do not change it. A stretch ends where the stack pointer rises over `level`, or where a program behind that begins.
    #[must_use]
    pub fn new(device: &Device, constant: Range<u32>, level: u32) -> Self {
        let (flash, stretches) = (device.flash().snapshot(), RwLock::default());
        Self { constant, flash, level, repeated: AtomicU64::new(0), stretches }
    }

    /// How many stretches were not run.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    fn find(&self, begin: &Beginning, machine: &Machine<Chip>) -> Option<Arc<Left>> {
        let stretches = self.stretches.read().unwrap_or_else(PoisonError::into_inner);
        stretches.known.get(begin)?.find(machine).map(Arc::clone)
    }

    fn add(&self, begin: Beginning, taken: Vec<Cell>, left: Left) {
        let mut stretches = self.stretches.write().unwrap_or_else(PoisonError::into_inner);
        if stretches.cells > MOST_CELLS {
            *stretches = Stretches::default();
        }
        let words = left.ram.len() + left.operations.len();
        let left = Arc::new(left);
        let cells = match stretches.known.get_mut(&begin) {
            Some(known) => known.add(taken, left),
            None => {
                let cells = taken.len();
                let _ = stretches.known.insert(begin, Known { taken, then: Then::End(left) });
                cells
            }
        };
        stretches.cells += cells + words;
    }
}

impl Device {
    /// Runs to the end of a stretch, or of `budget` instructions; or gets what a stretch leaves that `memo` has.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_with(&mut self, memo: &Memo, budget: u64) -> Result<Event, Fault> {
        let Some(begin) = self.beginning(memo) else {
            return self.run_stretch(memo, budget).map(|(event, _)| event);
        };
        if let Some(left) = memo.find(&begin, self.machine()) {
            memo.repeated.fetch_add(1, Ordering::Relaxed);
            self.repeat(&left);
            return Ok(Event::Budget);
        }
        let flash_bytes = self.flash().size();
        let lowest = self.machine().cpu().lowest_stack();
        let stack = begin.cpu.lowest_stack();
        let machine = self.machine_mut();
        machine.cpu_mut().note_stack(stack, true);
        let watch = Box::new(Watch::new(&memo.constant, flash_bytes));
        *machine.bus_mut().flash.watch() = Some(watch);
        let before = (machine.counters(), machine.bus().now, machine.last_fault());
        let ran = self.run_stretch(memo, budget);
        let machine = self.machine_mut();
        let watch = machine.bus_mut().flash.watch().take();
        let lowest_stack = machine.cpu().lowest_stack();
        machine.cpu_mut().note_stack(lowest, false);
        let (event, whole) = ran?;
        let end = self.beginning(memo).filter(|_| whole && self.machine().last_fault() == before.2);
        let effects = watch.and_then(|watch| watch.end(self.machine().bus().all_ram()));
        if let Some((end, Effects { taken, ram, operations })) = end.zip(effects) {
            let machine = self.machine();
            let passed = machine.bus().now - before.1;
            let counters = machine.counters().since(&before.0);
            memo.add(begin, taken, Left { end, ram, operations, passed, counters, lowest_stack });
        }
        Ok(event)
    }

    /// The event, and whether the stretch has come to its end.
    fn run_stretch(&mut self, memo: &Memo, budget: u64) -> Result<(Event, bool), Fault> {
        let swaps = self.swaps();
        let stop = self.machine_mut().run_to_rise(budget, memo.level, FLASH + memo.constant.end);
        let asked = stop == Ok(Stop::Asked);
        let event = self.stopped(stop)?;
        Ok((event, asked && event == Event::Budget && self.swaps() == swaps))
    }

    /// How it begins a stretch, if one that does so can be remembered.
    fn beginning(&self, memo: &Memo) -> Option<Beginning> {
        let flash = self.flash();
        let constant = flash.same_in(&memo.flash, memo.constant.clone());
        if !constant || flash.is_cut_armed() || !flash.is_powered() {
            return None;
        }
        let still = self.machine().bus().still()?;
        let (mut cpu, pipeline) = self.machine().core();
        cpu.note_stack(cpu.get(crate::instruction::Register::SP), true);
        Some(Beginning { cpu, pipeline, still })
    }

    fn repeat(&mut self, left: &Left) {
        let Beginning { cpu, pipeline, still } = &left.end;
        let machine = self.machine_mut();
        let lowest = machine.cpu().lowest_stack();
        machine.set_core(cpu, pipeline);
        machine.cpu_mut().note_stack(lowest, true);
        machine.cpu_mut().note_stack(left.lowest_stack, false);
        machine.count(left.counters);
        let chip = machine.bus_mut();
        for &(word, value) in &left.ram {
            let bytes = chip.all_ram_mut().get_mut(4 * word as usize..);
            if let Some(place) = bytes.and_then(<[u8]>::first_chunk_mut) {
                *place = value.to_le_bytes();
            }
        }
        chip.flash.repeat(&left.operations);
        chip.set_still(still, left.passed);
    }
}
