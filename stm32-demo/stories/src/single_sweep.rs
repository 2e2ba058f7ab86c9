//! Power fails at every operation of the flash while the bootloader of one slot applies a patch, or the patch of the way back.
//!
//! A start that goes on with a patch relies on nearly all that is in flash, so that each cut is a replay of its own: from power on until
//! the bootloader is about to start what the slot must hold in the end. What such a start does as another one did before it, the signature of
//! the same patch, the same page from the same state, is not run again: [`Memo`] has what it leads to, exactly. A part of the cuts is run
//! without that, and played on until the image has confirmed itself, or runs confirmed again; some of those with a second cut on the way.

use device_apply::boot::single::{Change, Ended, Record, State, Way};
use emulator::stm32l4::{Event, Levels, Memo};
use flash_model::{CutPoint, Log, Operation, Snapshot, Stm32L4};
use layout::single::{BOOTLOADER, MARKS, SLOT, STEPS};
use layout::{Area, FLASH, RAM};

use crate::board::{Board, Release, cells};
use crate::image;
use crate::single::Patches;
use crate::sweep::{Ending, Extent, Part, Report, cut_again, sweep};

/// Time in which a patch must be applied, by the device's clock.
const PATIENCE: core::time::Duration = core::time::Duration::from_secs(20);

/// The metadata is looked at every so many instructions at least: some milliseconds of the device.
const LOOK: u64 = 200_000;
/// Most instructions of a stretch: more than to check a signature.
const STRETCH: u64 = 20_000_000;
/// So much of the stack is looked at for a level at which stretches end.
const STACK_BYTES: u32 = 0x8000;

/// A patch that was applied without a cut, and the operations of the flash.
#[derive(Debug)]
pub struct InPlace {
    way: Way,
    log: Log<Stm32L4>,
    /// What the slot holds in the end.
    end: Vec<u8>,
    /// What starts did so far.
    memo: Memo,
}

impl InPlace {
    /// Applies the patch from the demo's first release to its second, or that of the way back.
    ///
    /// # Panics
    /// If it does not go well.
    #[must_use]
    pub fn record(way: Way) -> Self {
        let [base, target] = [Release::First.single_image(1), Release::Second.single_image(2)];
        let patches = Patches::demo(&base, &target, 2, true);
        let (begin, end) = match way {
            Way::Forward => (&base, &target),
            Way::Reverse => (&target, &base),
        };
        let mut board = Board::single_factory(begin);
        board.stage_patches(&patches);
        let pending = Record::factory(image::record(&base)).request(true);
        let on_trial = pending.with(Change::Try(image::record(&target)));
        let record = match way {
            Way::Forward => pending,
            Way::Reverse => on_trial.fail().expect("it is on trial"),
        };
        board.write_single_record(&record);
        board.device.flash().record();
        let level = level(&base, &patches);
        let memo = Memo::new(&board.device, cells(&BOOTLOADER), level);
        board.power_on();
        wait(way, &mut board, Some(&memo));
        assert!(is_over(way, &board), "{:?}", board.single_record());
        let log = board.device.flash().take_log().expect("it was recorded");
        Self { way, log, end: end.clone(), memo }
    }

    /// Operations of the flash.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.log.operations().len()
    }

    /// Bytes of the image that is made.
    #[must_use]
    pub fn end_len(&self) -> usize {
        self.end.len()
    }

    /// Cuts it, on as many threads as there are processors. `tell` hears of the number of cuts done.
    ///
    /// # Panics
    /// If a thread does.
    pub fn sweep(&self, extent: Extent, tell: impl Fn(usize) + Sync) -> Report {
        let cut = |point: &CutPoint<Stm32L4>, ending| {
            self.play(&point.flash.snapshot(), ending).map(|()| true)
        };
        sweep(&self.log, extent, |index| self.part(index), cut, tell)
    }

    fn part(&self, index: usize) -> Part {
        let address = match self.log.operations().get(index) {
            Some(Operation::Erase { address, .. } | Operation::Program { address, .. }) => *address,
            None => return Part::Metadata,
        };
        let within = |area: &Area| cells(area).contains(&address);
        if within(&SLOT) {
            Part::Slot
        } else if within(&STEPS) || within(&MARKS) {
            Part::Journals
        } else {
            Part::Metadata
        }
    }

    /// From power on until the slot holds what it must. If it is played on, all of that is run, and what the slot holds after it.
    fn play(&self, flash: &Snapshot<Stm32L4>, Ending { on, again }: Ending) -> Result<(), String> {
        let memo = (!on).then_some(&self.memo);
        let mut board = Board::single_with_flash(flash);
        board.power_on();
        if let Some(seed) = again {
            cut_again(&mut board, seed, 401);
        }
        if wait(self.way, &mut board, memo) == Event::PowerLost {
            board.power_on();
            if wait(self.way, &mut board, memo) == Event::PowerLost {
                return Err("power fails a third time".to_owned());
            }
        }
        self.compare(&board)?;
        if !on {
            return Ok(());
        }
        let version = if self.way == Way::Forward { 2 } else { 1 };
        match board.wait_confirmed() {
            Ok((found, _)) if found == version => self.compare(&board),
            other => Err(format!("it does not run what it should: {other:?}")),
        }
    }

    fn compare(&self, board: &Board) -> Result<(), String> {
        if !is_over(self.way, board) {
            return Err(format!("it is not done: {:?}", board.single_record()));
        }
        let start = cells(&SLOT).start;
        let len = u32::try_from(self.end.len()).expect("images are short");
        match board.device.flash().dump(start..start + len) {
            Ok(found) if found == self.end => Ok(()),
            Ok(_) => Err("the slot holds something else".to_owned()),
            Err(error) => Err(format!("the slot cannot be read: {error:?}")),
        }
    }
}

/// The level of the stack at which stretches are to end, found out on a device that applies the patch from `base`: on the way back the
/// bootloader calls the same from nearly the same depth, but much of it only once, so that the longest stretches seem to matter less.
fn level(base: &[u8], patches: &Patches) -> u32 {
    let mut board = Board::single_factory(base);
    board.stage_patches(patches);
    board.power_on();
    let mut levels = Levels::new(RAM.start + RAM.len, STACK_BYTES);
    while !is_over(Way::Forward, &board) {
        assert_eq!(board.device.run_levels(LOOK, &mut levels), Ok(Event::Budget));
    }
    levels.best(board.device.counters().instructions)
}

/// Until an image is about to start, power fails, the device sleeps for ever, or it has had time enough; what it was that came last. By what
/// `memo` has, if that is to be used.
fn wait(way: Way, board: &mut Board, memo: Option<&Memo>) -> Event {
    let end = board.device.time() + PATIENCE;
    while board.device.time() < end && !is_over(way, board) && !runs_image(board) {
        let event = board.stretch(memo, if memo.is_some() { STRETCH } else { LOOK });
        if matches!(event, Event::PowerLost | Event::Asleep) {
            return event;
        }
    }
    Event::Budget
}

fn runs_image(board: &Board) -> bool {
    let address = board.device.machine().cpu().next();
    address.checked_sub(FLASH).is_some_and(|at| cells(&SLOT).contains(&at))
}

fn is_over(way: Way, board: &Board) -> bool {
    let record = board.single_record().unwrap_or_default();
    match way {
        Way::Forward => {
            matches!(record.state(), State::Trial { .. }) || record.ended() == Ended::Confirmed
        }
        Way::Reverse => record.state() == State::Idle,
    }
}
