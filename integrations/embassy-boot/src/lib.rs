//! Streams a patch into the DFU partition of embassy-boot, and asks for the swap.
//!
//! [`Updater`] is flash to an applier, and the words that an application has with embassy-boot's bootloader. It is made from
//! what `BlockingFirmwareUpdater` is made from, and keeps to the same rules: nothing is written while an update is asked for
//! or on trial, because then the DFU partition holds the image to go back to.
//!
//! ```
//! use embassy_boot::{AlignedBuffer, FirmwareUpdaterConfig, State};
//! use embedded_storage::nor_flash::NorFlash;
//! use flash_model::{FlashModel, Stm32L4};
//! use patcher_embassy_boot::Updater;
//!
//! let flash = FlashModel::<Stm32L4>::new();
//! // On a device: FirmwareUpdaterConfig::from_linkerfile_blocking.
//! let config = FirmwareUpdaterConfig { dfu: flash.slot(0x8_0000..0xC_0800), state: flash.slot(0x800..0x1800) };
//! let mut aligned = AlignedBuffer([0; 8]);
//! let mut updater = Updater::new(config, &mut aligned.0);
//! updater.erase(0, 0x800)?; // an applier writes the image here
//! updater.write(0, &[0x5A; 32])?;
//! updater.mark_updated()?; // the bootloader swaps it in at the next reset
//! assert_eq!(updater.state()?, State::Swap);
//! assert!(updater.erase(0, 0x800).is_err());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Why not `BlockingFirmwareUpdater::write_firmware`
//!
//! It erases by itself, and remembers one sector: who goes back to an earlier sector, as an applier does that resumes, loses
//! what is there, and who erases before writing, as any user of `NorFlash` does, erases twice. `prepare_update` erases all of the
//! partition, most of it for nothing. The words with the bootloader are embassy-boot's own `BlockingFirmwareState`.
//!
//! # RAM
//!
//! Beside the flash handles and the caller's buffer of one write unit: a flag and a reference.
//!
//! **Reference**: embassy-boot 0.7, `firmware_updater::blocking`, `boot_loader`.
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use core::fmt;

use embassy_boot::{BlockingFirmwareState, FirmwareUpdaterConfig, FirmwareUpdaterError, State};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// The DFU partition for an applier, and the state partition for the bootloader.
///
/// The applier writes the image at the start of the partition. The last sector stays free: the bootloader needs it to swap.
///
/// # Power loss
///
/// Until [`mark_updated`](Self::mark_updated) the active partition is booted, whatever the DFU partition holds.
pub struct Updater<'d, DFU, STATE> {
    dfu: DFU,
    state: BlockingFirmwareState<'d, STATE>,
    /// Whether the bootloader's word that the DFU partition is free has been seen since this was made.
    free: bool,
}

impl<DFU, STATE> fmt::Debug for Updater<'_, DFU, STATE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Updater").field("free", &self.free).finish_non_exhaustive()
    }
}

impl<'d, DFU: NorFlash, STATE: NorFlash> Updater<'d, DFU, STATE> {
    /// An updater of the two partitions; `aligned` is room for one write unit of the state partition.
    ///
    /// # Panics
    /// As `BlockingFirmwareState::new`, if `aligned` is not `STATE::WRITE_SIZE` bytes.
    pub fn new(config: FirmwareUpdaterConfig<DFU, STATE>, aligned: &'d mut [u8]) -> Self {
        let FirmwareUpdaterConfig { dfu, state } = config;
        Self { dfu, state: BlockingFirmwareState::new(state, aligned), free: false }
    }

    /// What the bootloader did, or was asked for: [`State::Swap`] after a swap says that the image that runs is on trial.
    ///
    /// # Errors
    /// [`FirmwareUpdaterError::Flash`].
    pub fn state(&mut self) -> Result<State, UpdaterError<DFU::Error>> {
        self.state.get_state().map_err(UpdaterError::State)
    }

    /// Asks the bootloader to swap the image in at the next reset. To be called when the applier is done, which is when the
    /// partition holds the target.
    ///
    /// # Errors
    /// [`UpdaterError::NotFree`] if it was asked already, or an image is on trial; [`UpdaterError::State`].
    ///
    /// # Power loss
    /// embassy-boot erases the state partition and then writes the word: a cut leaves the old image in charge, or the new one
    /// asked for. A torn word reads as what it is not, or not at all: the bootloader must live with that (STM32: NMI).
    pub fn mark_updated(&mut self) -> Result<(), UpdaterError<DFU::Error>> {
        self.check()?;
        self.free = false;
        self.state.mark_updated().map_err(UpdaterError::State)
    }

    /// Tells the bootloader that the image that runs is good: it will not go back. An update may follow.
    ///
    /// # Errors
    /// [`UpdaterError::State`].
    pub fn mark_booted(&mut self) -> Result<(), UpdaterError<DFU::Error>> {
        self.state.mark_booted().map_err(UpdaterError::State)
    }

    /// Refuses while the DFU partition holds the image to go back to.
    fn check(&mut self) -> Result<(), UpdaterError<DFU::Error>> {
        if self.free {
            return Ok(());
        }
        match self.state()? {
            State::Swap => Err(UpdaterError::NotFree),
            State::Boot | State::Revert | State::DfuDetach => {
                self.free = true;
                Ok(())
            }
        }
    }

    /// Refuses what ends after the room for an image.
    fn within(&self, end: Option<u32>) -> Result<(), UpdaterError<DFU::Error>> {
        let end = end.and_then(|end| usize::try_from(end).ok());
        let inside = end.is_some_and(|end| end <= self.capacity());
        if inside { Ok(()) } else { Err(UpdaterError::OutOfBounds) }
    }
}

impl<DFU: NorFlash, STATE> ErrorType for Updater<'_, DFU, STATE> {
    type Error = UpdaterError<DFU::Error>;
}

impl<DFU: NorFlash, STATE: NorFlash> ReadNorFlash for Updater<'_, DFU, STATE> {
    const READ_SIZE: usize = DFU::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let len = u32::try_from(bytes.len()).ok();
        self.within(len.and_then(|len| offset.checked_add(len)))?;
        self.dfu.read(offset, bytes).map_err(UpdaterError::Flash)
    }

    /// Without the last sector, which the swap needs.
    fn capacity(&self) -> usize {
        self.dfu.capacity().saturating_sub(DFU::ERASE_SIZE)
    }
}

impl<DFU: NorFlash, STATE: NorFlash> NorFlash for Updater<'_, DFU, STATE> {
    const WRITE_SIZE: usize = DFU::WRITE_SIZE;
    const ERASE_SIZE: usize = DFU::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.within(Some(to))?;
        self.check()?;
        self.dfu.erase(from, to).map_err(UpdaterError::Flash)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let len = u32::try_from(bytes.len()).ok();
        self.within(len.and_then(|len| offset.checked_add(len)))?;
        self.check()?;
        self.dfu.write(offset, bytes).map_err(UpdaterError::Flash)
    }
}

/// Why something was not done.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdaterError<E> {
    /// An update is asked for already, or on trial: the DFU partition holds the image to go back to. Confirm the one that runs
    /// with [`Updater::mark_booted`], or reset.
    NotFree,
    /// Not within the part of the DFU partition that is for images.
    OutOfBounds,
    /// The DFU partition's own error.
    Flash(E),
    /// What embassy-boot says of the state partition.
    State(FirmwareUpdaterError),
}

impl<E: NorFlashError> NorFlashError for UpdaterError<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NotFree => NorFlashErrorKind::Other,
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::Flash(error) => error.kind(),
            Self::State(FirmwareUpdaterError::Flash(kind)) => *kind,
            Self::State(_) => NorFlashErrorKind::Other,
        }
    }
}

impl<E: fmt::Debug> fmt::Display for UpdaterError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFree => write!(f, "an update is asked for or on trial: confirm it first"),
            Self::OutOfBounds => {
                write!(f, "not within the part of the partition that is for images")
            }
            Self::Flash(error) => write!(f, "the DFU partition failed: {error:?}"),
            Self::State(error) => write!(f, "the state partition failed: {error:?}"),
        }
    }
}

impl<E: fmt::Debug> core::error::Error for UpdaterError<E> {}
