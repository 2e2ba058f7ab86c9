//! What differs between devices with two slots and with one.

use device_apply::update::{Failure, ID_BYTES, Started};
use layout::{Area, ImageHeader};

/// How a device keeps its images, and how it takes updates.
pub(crate) trait Scheme {
    /// Where the state of updates is.
    const UPDATE_LOG: Area;
    /// Where the settings are.
    const SETTINGS: Area;

    /// The header of the image that runs.
    fn header() -> Option<ImageHeader>;

    /// Whether there is boot metadata.
    fn readable() -> bool;

    /// Whether the running image has proved itself.
    fn confirmed() -> bool;

    /// Whether an update may come now.
    fn takes_updates() -> bool {
        Self::confirmed()
    }

    /// Whether it is the one that an update has as its target.
    fn runs(id: [u8; ID_BYTES]) -> bool;

    /// Whether it runs from slot B.
    fn in_b() -> bool;

    /// What runs after this start, as far as the update `id` is concerned.
    fn started(id: [u8; ID_BYTES]) -> Started;

    /// Number of the error with which the bootloader refused the last update.
    fn refused() -> Option<u16>;

    /// Lets `run` take a patch, of `sizes` if they are known yet.
    fn download<R>(
        sizes: Option<Sizes>,
        run: impl FnOnce(&mut dyn Download) -> R,
    ) -> Result<R, Failure>;

    /// What was verified is to be installed at the next start.
    fn request() -> Result<(), Failure>;

    /// The running image works.
    fn confirm() -> Result<(), Failure>;

    /// It does not.
    fn fail() -> Result<(), Failure>;
}

/// What a host sends, where the device has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// The update that it is for.
    pub(crate) id: [u8; ID_BYTES],
    /// Bytes of the patch.
    pub(crate) patch: u32,
    /// Bytes of the patch of the way back, which follows it; 0 for none.
    pub(crate) reverse: u32,
}

/// How far a patch is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    /// Bytes of the patch that the device has.
    pub(crate) offset: u32,
    /// Bytes of the target made.
    pub(crate) target_done: u32,
    /// Bytes of the target, once they are known.
    pub(crate) target_total: u32,
}

/// A patch that is under way.
pub(crate) trait Download {
    /// How much comes, if it was not known before.
    fn expect(&mut self, sizes: Sizes);

    /// Takes the block at `offset`, or nothing of it if bytes before it are missing.
    fn take(&mut self, offset: u32, block: &[u8]) -> Result<(), Failure>;

    /// How far it is.
    fn progress(&self) -> Progress;

    /// Whether the whole patch is there.
    fn is_complete(&self) -> bool;

    /// Whether what came is what the update `id` promised, as far as that can be known before it is installed.
    fn verify(&mut self, id: [u8; ID_BYTES]) -> Result<(), Failure>;
}
