//! Power fails at every operation of the flash while a device with one slot takes in a patch, and the patch of the way back.
//!
//! Each cut is followed by a start, and by the same offer again: the transfer must go on where it was, and in the end both patches must wait
//! byte for byte as they were sent, asked for. What the bootloader makes of them is `single_sweep`'s; a part of the cuts is played on until
//! the target has confirmed itself.

use device_apply::boot::single::{Record, State};
use flash_model::{CutPoint, Log, Operation, Snapshot, Stm32L4};
use layout::single::{PATCH, REVERSE, SLOT};
use layout::{Area, PAGE_BYTES};
use link::BLOCK_BYTES;

use crate::board::{Board, cells};
use crate::delivery::{Delivery, Outcome};
use crate::host::LinkError;
use crate::image::{Signing, noise, program, with_table};
use crate::single::Patches;
use crate::sweep::{Ending, Extent, Part, Report, cut_again, sweep};

/// Bytes in which base and target have nothing in common, so that their patches are some pages long.
const TABLE_BYTES: usize = 4500;

/// Most bytes that are sent again after a cut: the page that was under way, and the block that was.
pub const SENT_AGAIN: usize = PAGE_BYTES as usize + BLOCK_BYTES;

/// A transfer that was not cut, and the operations of the flash.
#[derive(Debug)]
pub struct Transfer {
    patches: Patches,
    log: Log<Stm32L4>,
}

/// The demo's first release and its second for the one slot, each with a table of its own.
///
/// # Panics
/// If they do not fit.
#[must_use]
pub fn images() -> [Vec<u8>; 2] {
    [("single-first", 1), ("single-second", 2)].map(|(name, version)| {
        let program = with_table(program(name), noise(version, TABLE_BYTES));
        Signing::demo(version).image(&program, SLOT)
    })
}

impl Transfer {
    /// Sends the patches.
    ///
    /// # Panics
    /// If it does not go well.
    #[must_use]
    pub fn record() -> Self {
        let [base, target] = images();
        let patches = Patches::demo(&base, &target, 2, true);
        let mut board = Board::single_factory(&base);
        board.power_on();
        board.wait_confirmed().expect("the factory's image works");
        board.device.flash().record();
        assert_eq!(send(&mut board, &patches), Ok(Outcome::Installed));
        let log = board.device.flash().take_log().expect("it was recorded");
        Self { patches, log }
    }

    /// Operations of the flash.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.log.operations().len()
    }

    /// Bytes of both patches.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.patches.forward.len() + self.patches.reverse.as_ref().map_or(0, Vec::len)
    }

    /// Cuts it, on as many threads as there are processors. `tell` hears of the number of cuts done.
    ///
    /// # Panics
    /// If a thread does.
    pub fn sweep(&self, extent: Extent, tell: impl Fn(usize) + Sync) -> Report {
        let cut = |point: &CutPoint<Stm32L4>, ending| self.cut(point, ending).map(|()| true);
        sweep(&self.log, extent, |index| self.part(index), cut, tell)
    }

    fn part(&self, index: usize) -> Part {
        match self.log.operations().get(index) {
            Some(operation) if is_in(operation, &[PATCH, REVERSE]) => Part::Download,
            _ => Part::Metadata,
        }
    }

    fn cut(&self, point: &CutPoint<Stm32L4>, ending: Ending) -> Result<(), String> {
        let before = self.log.operations().iter().take(point.index);
        let written = before.filter(|operation| {
            matches!(operation, Operation::Program { .. }) && is_in(operation, &[PATCH, REVERSE])
        });
        let come = (written.count() * 8).min(self.len_bytes());
        let cuts = 1 + usize::from(ending.again.is_some());
        let most = self.len_bytes() - come + cuts * SENT_AGAIN;
        self.play(&point.flash.snapshot(), most, ending)
    }

    /// From power on until the patches wait, for which `most` bytes may be sent; if it is played on, until the target has confirmed itself.
    fn play(
        &self,
        flash: &Snapshot<Stm32L4>,
        most: usize,
        Ending { on, again }: Ending,
    ) -> Result<(), String> {
        let mut board = Board::single_with_flash(flash);
        board.power_on();
        if let Some(seed) = again {
            cut_again(&mut board, seed, 401);
            let _ = self.take(&mut board);
            if !board.device.flash().is_powered() {
                board.power_on();
            }
        }
        self.take(&mut board)?;
        if board.patch_bytes() > u64::try_from(most).unwrap_or(u64::MAX) {
            return Err(format!("{} bytes were sent, not {most}", board.patch_bytes()));
        }
        if !on {
            return Ok(());
        }
        let mut confirmed = board.wait_confirmed();
        if confirmed == Err(LinkError::PowerLost) {
            // The second cut was to come after more operations than were left.
            board.power_on();
            confirmed = board.wait_confirmed();
        }
        match confirmed {
            Ok((2, false)) => Ok(()),
            other => Err(format!("it does not run the target: {other:?}")),
        }
    }

    /// Offers the update, unless it was asked for before power failed.
    fn take(&self, board: &mut Board) -> Result<(), String> {
        match board.single_record().map(|record| record.state()) {
            Some(State::Idle) => {}
            Some(State::Pending) => return self.compare(board),
            other => return Err(format!("the state is {other:?}")),
        }
        match board.wait_confirmed() {
            Ok((1, false)) => {}
            // It was about to ask for the target when power failed, and did so by itself.
            Ok((2, false)) => return Ok(()),
            other => return Err(format!("it does not start: {other:?}")),
        }
        match send(board, &self.patches) {
            Ok(Outcome::Installed) => self.compare(board),
            other => Err(format!("it does not take the patches: {other:?}")),
        }
    }

    fn compare(&self, board: &Board) -> Result<(), String> {
        let record = board.single_record().unwrap_or_default();
        let reverse = self.patches.reverse.as_deref().unwrap_or_default();
        if record != Record::factory(record.image()).request(!reverse.is_empty()) {
            return Err(format!("it is not asked for: {record:?}"));
        }
        for (area, sent) in [(PATCH, self.patches.forward.as_slice()), (REVERSE, reverse)] {
            let start = cells(&area).start;
            let len = u32::try_from(sent.len()).expect("patches are short");
            match board.device.flash().dump(start..start + len) {
                Ok(found) if found == sent => {}
                Ok(_) => return Err(format!("something else waits in {area:?}")),
                Err(error) => return Err(format!("what waits cannot be read: {error:?}")),
            }
        }
        Ok(())
    }
}

fn send(board: &mut Board, patches: &Patches) -> Result<Outcome, LinkError> {
    board.deliver_in_place(patches, &Delivery { end: usize::MAX })
}

fn is_in(operation: &Operation, areas: &[Area]) -> bool {
    let (Operation::Erase { address, .. } | Operation::Program { address, .. }) = operation;
    areas.iter().any(|area| cells(area).contains(address))
}
