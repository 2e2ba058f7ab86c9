//! The application's part of an update, on any flash.

use device_apply::{Applier, ApplyError, Stage};
use embassy_boot::State;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use patcher_core::reference;
use patcher_embassy_boot::{Updater, UpdaterError};

/// Why an update was not made; the active partition is as it was.
#[derive(Debug)]
pub enum Failed<A, D> {
    /// The applier's word: see `ApplyError::class` for what to do.
    Apply(ApplyError<A, UpdaterError<D>>),
    /// The bootloader could not be asked.
    Mark(UpdaterError<D>),
}

/// Applies the patch that `receive` brings, piece by piece, and asks for the swap; the caller resets then.
///
/// `receive` fills the buffer and says how many bytes there were, 0 at the end of the patch.
pub fn update<A: ReadNorFlash, D: NorFlash, S: NorFlash>(
    active: A,
    updater: &mut Updater<'_, D, S>,
    workspace: &mut [u16],
    mut receive: impl FnMut(&mut [u8]) -> usize,
) -> Result<(), Failed<A::Error, D::Error>> {
    let mut applier = Applier::new(active, &mut *updater, workspace, &[&reference::thumb::Thumb]);
    let mut buffer = [0; 64];
    loop {
        let count = receive(&mut buffer);
        let Some(mut packet @ [_, ..]) = buffer.get(..count) else { break };
        while !packet.is_empty() {
            applier.push(&mut packet).map_err(Failed::Apply)?; // feed the watchdog here
        }
    }
    while !matches!(applier.finish().map_err(Failed::Apply)?.stage, Stage::Done { .. }) {}
    drop(applier);
    updater.mark_updated().map_err(Failed::Mark)
}

/// Keeps the image that runs if it is on trial and `healthy` says so; else the next reset goes back.
pub fn confirm<D: NorFlash, S: NorFlash>(
    updater: &mut Updater<'_, D, S>,
    healthy: impl FnOnce() -> bool,
) -> Result<(), UpdaterError<D::Error>> {
    if updater.state()? != State::Swap || healthy() {
        updater.mark_booted()?;
    }
    Ok(())
}
