//! The whole applier: header, digests, decoder and flash, with the geometry of an STM32L4.
#![no_std]
#![no_main]

use device_apply::{Applier, Stage};
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use patcher_core::reference;
use probe::memory::{BASE, Memory, PATCH, TARGET};

struct Slot(Memory);

#[derive(Debug)]
struct OutOfRange;

impl NorFlashError for OutOfRange {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

impl ErrorType for Slot {
    type Error = OutOfRange;
}

impl ReadNorFlash for Slot {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfRange> {
        self.0.read(offset, bytes).then_some(()).ok_or(OutOfRange)
    }

    fn capacity(&self) -> usize {
        self.0.len
    }
}

impl NorFlash for Slot {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 2048;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), OutOfRange> {
        let erased = (from..to).all(|offset| self.0.write(offset, &[0xFF]));
        erased.then_some(()).ok_or(OutOfRange)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfRange> {
        self.0.write(offset, bytes).then_some(()).ok_or(OutOfRange)
    }
}

/// Memory of the decoder; `static` so that it counts as RAM.
static mut WORKSPACE: [u16; 8192] = [0; 8192];

#[unsafe(no_mangle)]
extern "C" fn entry() -> bool {
    // SAFETY: called once.
    let workspace = unsafe { &mut *(&raw mut WORKSPACE) };
    apply(workspace).is_some()
}

fn apply(workspace: &mut [u16]) -> Option<()> {
    let mut applier = Applier::new(Slot(BASE), Slot(TARGET), workspace, &reference::ALL);
    let mut position = 0;
    let mut chunk = [0; 64];
    while PATCH.read(position, &mut chunk) {
        let mut rest = chunk.as_slice();
        while !rest.is_empty() {
            applier.push(&mut rest).ok()?;
        }
        position = position.wrapping_add(64);
    }
    loop {
        if let Stage::Done { .. } = applier.finish().ok()?.stage {
            return Some(());
        }
    }
}
