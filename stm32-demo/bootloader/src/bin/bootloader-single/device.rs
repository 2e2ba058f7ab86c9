//! What the boot decision asks for.

use device_apply::boot::single::{Device, Found, Image, Patch, Record, Way};
use image_check::verify;
use layout::single::{GOLDEN, PATCH, REVERSE, SLOT};

use crate::patch::{self, Ends, WORKSPACE_WORDS};

/// The device.
pub(crate) struct OneSlot;

impl Device for OneSlot {
    fn verify(&mut self, image: Image) -> Found {
        let area = match image {
            Image::Slot => SLOT,
            Image::Golden => GOLDEN,
        };
        verify::examine(area, SLOT).map_or(Found::Invalid, Found::Valid)
    }

    fn apply(&mut self, way: Way, record: &Record) -> Patch {
        let mut workspace = [0; WORKSPACE_WORDS];
        let applied = match way {
            Way::Forward => forward(record, &mut workspace),
            Way::Reverse => reverse(record, &mut workspace),
        };
        match applied {
            Ok(()) => Patch::Applied,
            Err(patch) => patch,
        }
    }
}

/// The way back is known to be right before the way there is begun.
fn forward(record: &Record, workspace: &mut [u16; WORKSPACE_WORDS]) -> Result<(), Patch> {
    let ready = patch::prepare(PATCH, record, workspace)?;
    if record.has_reverse() && !ready.begun {
        let back = patch::authenticate(REVERSE, record, workspace)?;
        check_back(record, &back)?;
        if !ready.ends.target.starts_with(&back.base) {
            return Err(Patch::Refused { code: patch::OTHER_BASE });
        }
    }
    patch::apply(PATCH, record, workspace)
}

fn reverse(record: &Record, workspace: &mut [u16; WORKSPACE_WORDS]) -> Result<(), Patch> {
    check_back(record, &patch::prepare(REVERSE, record, workspace)?.ends)?;
    patch::apply(REVERSE, record, workspace)
}

/// The only image that may come back is the one that was confirmed here last.
fn check_back(record: &Record, back: &Ends) -> Result<(), Patch> {
    if record.image().digest.starts_with(&back.target) {
        Ok(())
    } else {
        Err(Patch::Refused { code: patch::OTHER_TARGET })
    }
}
