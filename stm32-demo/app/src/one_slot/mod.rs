//! One slot: patches wait elsewhere, and the bootloader applies them in place.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`stored`] | a patch, and the patch of the way back, block by block to where they wait |
//! | [`waiting`] | what is there: whole patches, and how much came before a cut |
//! | [`records`] | the boot metadata: what runs, what was asked for, what became of it |

mod records;
mod stored;
mod waiting;

use device_apply::Class;
use device_apply::update::{Failure, ID_BYTES, Started};
use layout::single::{SETTINGS, SLOT, UPDATE_LOG};
use layout::{Area, ImageHeader};

use crate::images::{self, NO_PATCH, failure};
use crate::scheme::{Download, Scheme, Sizes};

/// One slot.
pub(crate) struct OneSlot;

impl Scheme for OneSlot {
    const UPDATE_LOG: Area = UPDATE_LOG;
    const SETTINGS: Area = SETTINGS;

    fn header() -> Option<ImageHeader> {
        images::header(SLOT)
    }

    fn readable() -> bool {
        records::readable()
    }

    fn confirmed() -> bool {
        records::confirmed()
    }

    /// Also a golden image does, and one that runs because nothing else is left.
    fn takes_updates() -> bool {
        records::idle()
    }

    fn runs(id: [u8; ID_BYTES]) -> bool {
        images::identify(SLOT).is_some_and(|image| image.digest.starts_with(&id))
    }

    fn in_b() -> bool {
        false
    }

    fn started(_: [u8; ID_BYTES]) -> Started {
        records::started()
    }

    fn refused() -> Option<u16> {
        records::refused()
    }

    fn download<R>(
        sizes: Option<Sizes>,
        run: impl FnOnce(&mut dyn Download) -> R,
    ) -> Result<R, Failure> {
        if !records::vacant() {
            // What waits there has been tried already.
            stored::forget()?;
            records::vacate()?;
        }
        Ok(run(&mut stored::Stored::begin(sizes)))
    }

    fn request() -> Result<(), Failure> {
        let (patch, reverse) = waiting::are_there();
        if !patch {
            return Err(failure(Class::Bug, NO_PATCH));
        }
        records::request(reverse)
    }

    fn confirm() -> Result<(), Failure> {
        records::confirm()
    }

    fn fail() -> Result<(), Failure> {
        records::fail()
    }
}
