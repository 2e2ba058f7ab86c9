//! Power fails at every operation of the flash in an update: before it, and inside it in two ways.
//!
//! What a device does from power on follows from its flash, and of that from the pages that it reads or programs before it
//! erases them. So a start is replayed once for each content of those pages, and stands for all cuts that leave the same in
//! them: a thousand cuts in the slot that does not run are one start. Replays are exact for the rest, and a part of the cuts is
//! played on without that shortcut: until the device has taken the update, some of them with a second cut on the way.

use core::fmt;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::{Mutex, PoisonError, RwLock};
use std::thread;

use flash_model::{Cut, CutPoint, Log, Operation, Snapshot, Stm32L4, Tear};
use layout::{Area, BOOT_LOG, PAGE_BYTES, SLOT_B, UPDATE_LOG};

use crate::board::{Board, Release, cells};
use crate::delivery::Outcome;
use crate::image::patch;

/// How a torn operation ends: bits half way to their new value with an ECC that does not fit, and as a seed says.
const TEARS: [Tear; 2] = [Tear::Mixed(1), Tear::Seeded(2)];

/// An update that went well, and the operations of its flash.
#[derive(Debug)]
pub struct Update {
    patch: Vec<u8>,
    target_len: u32,
    log: Log<Stm32L4>,
    /// Operations up to the restart into the target.
    before_swap: usize,
}

/// What of the update an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The log of the patch; with one slot the patches themselves.
    Download,
    /// The target's slot.
    Apply,
    /// Boot and update metadata, before the restart.
    Metadata,
    /// Everything from the restart on: the bootloader's trial, the confirmation.
    Swap,
    /// With one slot: the slot, in which the target overwrites the base.
    Slot,
    /// With one slot: steps that are done, and states of the decoder.
    Journals,
}

/// What was tried and how it went.
#[derive(Debug, Default)]
pub struct Report {
    /// Cuts by the part of the update.
    pub cuts: BTreeMap<Part, usize>,
    /// Starts that were replayed: every other cut leaves what one of them began with.
    pub starts: usize,
    /// Cuts after which the device was given the update again, and took it.
    pub finished: usize,
    /// Of them with a second cut on the way.
    pub cut_twice: usize,
    /// Cuts after which the device was lost, or did not take the update.
    pub bricks: Vec<String>,
}

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// One operation of so many is cut, and the last one.
    pub every: usize,
    /// One cut of so many is played on until the update is there; each second of them is cut again.
    pub finish: usize,
}

/// What comes after a cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// It is played on until the update is there.
    pub(crate) on: bool,
    /// Power fails once more on the way, as this seed says.
    pub(crate) again: Option<u64>,
}

impl Extent {
    /// What comes after the cut of this number.
    fn ending(self, number: usize) -> Ending {
        let on = number.is_multiple_of(self.finish);
        let twice = on && (number / self.finish).is_multiple_of(2);
        Ending { on, again: if twice { u64::try_from(number).ok() } else { None } }
    }
}

/// Power will fail inside one of the next `within` operations.
pub(crate) fn cut_again(board: &mut Board, seed: u64, within: u64) {
    board.device.cut_after(seed * 7 % within, Cut::Inside(Tear::Seeded(seed)));
}

/// A start that was replayed, and what it relied on.
struct Known {
    flash: Snapshot<Stm32L4>,
    pages: Vec<u32>,
}

impl Update {
    /// Does the update of the demo's first release to its second.
    ///
    /// # Panics
    /// If it does not go well.
    #[must_use]
    pub fn record() -> Self {
        let [base, target] = [Release::First.image(1), Release::Second.image(2)];
        let patch = patch(&base, &target);
        let mut board = Board::factory(&base);
        board.power_on();
        board.wait_confirmed().expect("the factory's image works");
        board.device.flash().record();
        let start = board.device.flash().stats();
        assert_eq!(board.update(&patch), Ok(Outcome::Installed));
        let before_swap = board.device.flash().stats().since(&start).operations();
        assert_eq!(board.wait_confirmed(), Ok((2, true)));
        let log = board.device.flash().take_log().expect("it was recorded");
        let target_len = u32::try_from(target.len()).expect("images are short");
        let before_swap = usize::try_from(before_swap).expect("it was not long");
        Self { patch, target_len, log, before_swap }
    }

    /// Operations of the flash.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.log.operations().len()
    }

    /// Bytes of the target image.
    #[must_use]
    pub fn target_len(&self) -> u32 {
        self.target_len
    }

    fn part(&self, index: usize) -> Part {
        let address = match self.log.operations().get(index) {
            Some(Operation::Erase { address, .. } | Operation::Program { address, .. }) => *address,
            None => return Part::Swap,
        };
        let within = |area: &Area| cells(area).contains(&address);
        if index >= self.before_swap {
            Part::Swap
        } else if within(&BOOT_LOG) || within(&UPDATE_LOG) {
            Part::Metadata
        } else if within(&SLOT_B) && address < cells(&SLOT_B).start + self.target_len {
            Part::Apply
        } else {
            Part::Download
        }
    }

    /// Cuts it, on as many threads as there are processors. `tell` hears of the number of cuts done.
    ///
    /// # Panics
    /// If a thread does.
    pub fn sweep(&self, extent: Extent, tell: impl Fn(usize) + Sync) -> Report {
        let known = RwLock::new(Vec::new());
        let tried = Tried { update: self, known: &known };
        let part = |index| self.part(index);
        sweep(&self.log, extent, part, |point, ending| tried.cut(point, ending), tell)
    }
}

/// Cuts what `log` has done, as `extent` says; `cut` finds out what becomes of it, and whether that took a start of its own.
pub(crate) fn sweep(
    log: &Log<Stm32L4>,
    extent: Extent,
    part: impl Fn(usize) -> Part + Sync,
    cut: impl Fn(&CutPoint<Stm32L4>, Ending) -> Result<bool, String> + Sync,
    tell: impl Fn(usize) + Sync,
) -> Report {
    let points = log.cut_points(&TEARS);
    let last = log.operations().len().saturating_sub(1);
    let points = points.filter(|point| point.index % extent.every == 0 || point.index == last);
    let points = Mutex::new(points.enumerate());
    let (report, done) = (Mutex::new(Report::default()), AtomicUsize::new(0));
    let next = || points.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        while let Some((number, point)) = next() {
            let ending = extent.ending(number);
            let outcome = catch_unwind(AssertUnwindSafe(|| cut(&point, ending)));
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            *report.cuts.entry(part(point.index)).or_default() += 1;
            match outcome {
                Ok(Ok(replayed)) => {
                    report.starts += usize::from(replayed);
                    report.finished += usize::from(ending.on);
                    report.cut_twice += usize::from(ending.again.is_some());
                }
                Ok(Err(what)) => report.bricks.push(name(&point, &what)),
                Err(_) => report.bricks.push(name(&point, "not modelled, or not specified")),
            }
            tell(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(worker))));
    report.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn name(point: &CutPoint<Stm32L4>, what: &str) -> String {
    format!("operation {}, {:?}: {what}", point.index, point.cut)
}

struct Tried<'a> {
    update: &'a Update,
    known: &'a RwLock<Vec<Known>>,
}

impl Tried<'_> {
    fn cut(&self, point: &CutPoint<Stm32L4>, ending: Ending) -> Result<bool, String> {
        let flash = point.flash.snapshot();
        let replayed = !self.is_known(&flash);
        if replayed {
            let pages = start(&flash)?;
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.push(Known { flash: flash.clone(), pages });
        }
        if ending.on {
            self.play_on(&flash, ending.again)?;
        }
        Ok(replayed)
    }

    fn is_known(&self, flash: &Snapshot<Stm32L4>) -> bool {
        let same = |known: &Known, page: &u32| {
            known.flash.same_in(flash, page * PAGE_BYTES..(page + 1) * PAGE_BYTES)
        };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().rev().any(|known| known.pages.iter().all(|page| same(known, page)))
    }

    /// Until the device has taken the update; with a second cut inside one of its next operations, as `seed` says.
    fn play_on(&self, flash: &Snapshot<Stm32L4>, seed: Option<u64>) -> Result<(), String> {
        let mut board = Board::with_flash(flash);
        board.power_on();
        if let Some(seed) = seed {
            // The first operations are those that put in order what the first cut has left.
            cut_again(&mut board, seed, 41);
            let _ = self.take(&mut board);
            if !board.device.flash().is_powered() {
                board.power_on();
            }
        }
        self.take(&mut board)
    }

    fn take(&self, board: &mut Board) -> Result<(), String> {
        let confirmed = |board: &mut Board| {
            board.wait_confirmed().map_err(|error| format!("it does not start: {error:?}"))
        };
        if confirmed(board)?.0 == 1 {
            let outcome = board.update(&self.update.patch);
            if outcome != Ok(Outcome::Installed) {
                return Err(format!("it does not take the update: {outcome:?}"));
            }
        }
        match confirmed(board)? {
            (2, true) => Ok(()),
            other => Err(format!("it does not run the target: {other:?}")),
        }
    }
}

/// Starts a device with `flash`, until an image that was whole has confirmed itself; the pages that this relied on.
fn start(flash: &Snapshot<Stm32L4>) -> Result<Vec<u32>, String> {
    let mut board = Board::with_flash(flash);
    board.device.watch_flash();
    board.power_on();
    match board.wait_confirmed() {
        Ok((1, false) | (2, true)) => Ok(board.device.pages_relied_on()),
        other => Err(format!("it does not start: {other:?}")),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.cuts.values().sum();
        let parts: Vec<String> =
            self.cuts.iter().map(|(part, count)| format!("{part:?} {count}")).collect();
        writeln!(f, "cuts: {total} ({}); bricks: {}", parts.join(", "), self.bricks.len())?;
        writeln!(
            f,
            "starts replayed: {}; updates taken to their end: {}, {} of them cut twice",
            self.starts, self.finished, self.cut_twice
        )?;
        self.bricks.iter().try_for_each(|brick| writeln!(f, "BRICK: {brick}"))
    }
}
