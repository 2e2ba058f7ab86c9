//! A patch, block by block, into the other slot.
//!
//! The running slot is the base and is not touched. What comes over the line is trusted with nothing but the slot that it goes
//! to: the bootloader checks digest and signature of the image there before it runs.
//!
//! # Power loss
//! Before the first block the slot is recorded as empty, so that nothing half written is ever started; after the last one its
//! image is recorded as pending, in one record. The host begins again when the device has forgotten an update.

use bsp::flash::FlashArea;
use bsp::{idle, reset, watchdog};
use device_apply::boot::{ImageRecord, Slot};
use device_apply::{Applier, Stage};
use embedded_storage::nor_flash::ReadNorFlash;
use layout::header::FIELD_BYTES;
use layout::{Area, ImageHeader, SLOT_A, SLOT_B};
use link::{Reply, Request, decode};
use patcher_core::reference::thumb::Thumb;
use sha2::{Digest, Sha256};

use crate::health::{boot_log, running};
use crate::station::Station;

/// Memory of the decoder: 16 KiB.
const WORKSPACE_WORDS: usize = 8192;
/// Turns without a block after which the host is taken to be gone: there is one at each byte and at each millisecond.
const PATIENCE: u32 = 20_000;

/// Numbers of errors behind those of the applier: what it took is no image.
const NO_IMAGE: u16 = 0xFF00;
/// Boot metadata cannot be written.
const NO_LOG: u16 = 0xFF01;
/// The host is gone.
const NO_HOST: u16 = 0xFF02;

fn other() -> (Slot, Area) {
    match running().0 {
        Slot::A => (Slot::B, SLOT_B),
        Slot::B => (Slot::A, SLOT_A),
    }
}

/// Takes a patch of `len` bytes to its end, and restarts into its target. Comes back only when that did not work.
pub(crate) fn receive(station: &mut Station, len: u32) -> Reply {
    match apply(station, len).and_then(|()| install()) {
        Ok(()) => {
            station.answer(&Reply::Installed);
            station.drain();
            reset::now()
        }
        Err(code) => Reply::Refused { code },
    }
}

/// The patch through the applier; the number of the error otherwise.
fn apply(station: &mut Station, len: u32) -> Result<(), u16> {
    let mut log = boot_log().map_err(|_| NO_LOG)?;
    let record = log.latest().copied().ok_or(NO_LOG)?;
    log.append(&record.vacate(other().0)).map_err(|_| NO_LOG)?;

    let mut workspace = [0u16; WORKSPACE_WORDS];
    let (base, staging) = (FlashArea::new(running().1), FlashArea::inactive_slot());
    let mut applier = Applier::new(base, staging, &mut workspace, &[&Thumb]);
    let (mut taken, mut turns) = (0u32, 0u32);
    station.answer(&Reply::Ready { offset: taken });
    while taken < len {
        watchdog::feed();
        turns = turns.wrapping_add(1);
        if turns > PATIENCE {
            return Err(NO_HOST);
        }
        let Some(request) = station.receive().and_then(|frame| decode(frame)) else {
            idle::wait();
            continue;
        };
        turns = 0;
        if let Request::Block { offset, data } = request
            && offset == taken
        {
            let mut rest = data;
            while !rest.is_empty() {
                watchdog::feed();
                applier.push(&mut rest).map_err(|error| error.code())?;
            }
            taken = taken.saturating_add(u32::try_from(data.len()).unwrap_or(0));
        }
        if taken < len {
            station.answer(&Reply::Ready { offset: taken });
        }
    }
    loop {
        watchdog::feed();
        if let Stage::Done { .. } = applier.finish().map_err(|error| error.code())?.stage {
            return Ok(());
        }
    }
}

/// Records what is in the other slot as pending.
fn install() -> Result<(), u16> {
    let (slot, area) = other();
    let image = identify(area).ok_or(NO_IMAGE)?;
    let mut log = boot_log().map_err(|_| NO_LOG)?;
    let record = log.latest().copied().ok_or(NO_LOG)?;
    log.append(&record.request(slot, image)).map_err(|_| NO_LOG)
}

fn identify(area: Area) -> Option<ImageRecord> {
    let mut flash = FlashArea::new(area);
    let mut fields = [0; FIELD_BYTES];
    flash.read(0, &mut fields).ok()?;
    let header = ImageHeader::decode(&fields).filter(|header| header.len <= area.len())?;
    let (mut hasher, mut chunk, mut offset) = (Sha256::new(), [0; 256], 0);
    while offset < header.len {
        watchdog::feed();
        let bytes = chunk.get_mut(..(header.len - offset).min(256) as usize)?;
        flash.read(offset, bytes).ok()?;
        hasher.update(&*bytes);
        offset += 256;
    }
    Some(ImageRecord {
        len: header.len,
        version: header.version,
        security_counter: header.security_counter,
        digest: hasher.finalize().into(),
    })
}
