//! Where to end stretches: the level of the stack over which a program's calls return often enough, and not too often.

use super::device::{Device, Event};
use crate::fault::Fault;
use crate::instruction::Register;

/// Bytes between two levels.
const STEP: u32 = 8;
/// What it takes to look a stretch up, in instructions that are run in that time.
const LOOK_UP: f64 = 3000.0;

/// Stretches of a run that would have ended at each level.
#[derive(Debug, Clone)]
pub struct Levels {
    top: u32,
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    ended_at: u64,
    count: u32,
    /// Sum of the squares of their lengths.
    squares: f64,
}

impl Levels {
    /// Levels from the `top` of the stack down.
    #[must_use]
    pub fn new(top: u32, bytes: u32) -> Self {
        Self { top, levels: vec![Level::default(); (bytes / STEP) as usize] }
    }

    /// Those that stack pointers from `low` (not included) up to `high` are at or above, by index.
    fn rise(&mut self, low: u32, high: u32, now: u64) {
        let index = |stack: u32| (self.top.saturating_sub(stack)).div_ceil(STEP) as usize;
        let (first, end) = (index(high), index(low).min(self.levels.len()));
        for level in self.levels.get_mut(first..end).unwrap_or_default() {
            level.end(now);
        }
    }

    /// The level at which a device that differs somewhere has least to do until it does what another one did: the rest of a
    /// stretch, and to look up all of them.
    #[must_use]
    pub fn best(&self, instructions: u64) -> u32 {
        let cost = |level: &Level| {
            let Level { count, squares, .. } = { *level }.end(instructions);
            squares / length(instructions) + LOOK_UP * f64::from(count)
        };
        let levels = self.levels.iter().map(cost).enumerate();
        let best = levels.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(index, _)| index);
        self.top - u32::try_from(best).unwrap_or(0) * STEP
    }
}

impl Level {
    fn end(&mut self, now: u64) -> Self {
        let stretch = length(now - self.ended_at);
        self.squares += stretch * stretch;
        self.count += 1;
        self.ended_at = now;
        *self
    }
}

fn length(instructions: u64) -> f64 {
    u32::try_from(instructions).map_or(f64::INFINITY, f64::from)
}

impl Device {
    /// [`run`](Self::run), and notes in `levels` where the stack pointer rises. `levels` counts instructions from the device's first one.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_levels(&mut self, budget: u64, levels: &mut Levels) -> Result<Event, Fault> {
        let mut before = self.machine().register(13);
        let mut count = self.counters().instructions;
        let stop = self.machine_mut().run_until(budget, &mut (), |cpu| {
            let stack = cpu.get(Register::SP);
            count += 1;
            if stack > before {
                levels.rise(before, stack, count);
            }
            before = stack;
            false
        });
        self.stopped(stop)
    }
}
