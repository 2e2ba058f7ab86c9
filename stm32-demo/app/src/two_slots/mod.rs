//! Two slots: a patch is applied to the one that does not run, while this one runs.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`download`] | a patch, block by block, into the other slot |
//! | [`staging`] | the other slot, and the area behind it |
//! | [`records`] | the boot metadata: what runs, what is staged, what is confirmed |

mod download;
mod records;
mod staging;

use device_apply::boot::Slot;
use device_apply::update::{Failure, ID_BYTES, Started};
use layout::{Area, ImageHeader, SETTINGS, UPDATE_LOG};

use crate::images;
use crate::scheme::{Download, Scheme, Sizes};
use download::{Streamed, WORKSPACE_WORDS};

/// Two slots.
pub(crate) struct TwoSlots;

impl Scheme for TwoSlots {
    const UPDATE_LOG: Area = UPDATE_LOG;
    const SETTINGS: Area = SETTINGS;

    fn header() -> Option<ImageHeader> {
        images::header(records::running().1)
    }

    fn readable() -> bool {
        records::readable()
    }

    fn confirmed() -> bool {
        records::confirmed()
    }

    fn runs(id: [u8; ID_BYTES]) -> bool {
        records::runs(id)
    }

    fn in_b() -> bool {
        records::running().0 == Slot::B
    }

    fn started(id: [u8; ID_BYTES]) -> Started {
        records::started(id)
    }

    /// It refuses images, and says why in the boot metadata.
    fn refused() -> Option<u16> {
        None
    }

    fn download<R>(
        _: Option<Sizes>,
        run: impl FnOnce(&mut dyn Download) -> R,
    ) -> Result<R, Failure> {
        let mut workspace = [0; WORKSPACE_WORDS];
        Ok(run(&mut Streamed::begin(&mut workspace)?))
    }

    fn request() -> Result<(), Failure> {
        records::request()
    }

    fn confirm() -> Result<(), Failure> {
        records::confirm()
    }

    fn fail() -> Result<(), Failure> {
        records::fail()
    }
}
