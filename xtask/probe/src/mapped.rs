//! For programs that run in the emulator: images in memory-mapped flash, without a driver's cost.
//!
//! The addresses are `xtask/src/cycles/device.rs`'s: no part has such a memory map.

use detools_apply::codec::Codec;
use detools_apply::{Sequential, Stage};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use patcher_core::reference::Isa;
use patcher_core::{Decoder, Event, Header, Images};

use crate::slot::OutOfRange;

/// Where the lengths of the four ranges are, in the order of [`Ranges`], in bytes.
const LENGTHS: *const [usize; 4] = 0x0F00_0000 as *const [usize; 4];
const BASE: *const u8 = 0x1000_0000 as *const u8;
const PATCH: *const u8 = 0x1800_0000 as *const u8;
const TARGET: *mut u8 = 0x6000_0000 as *mut u8;
const WORKSPACE: *mut u16 = 0x2000_0000 as *mut u16;

/// What a program is given.
pub struct Ranges {
    pub base: &'static [u8],
    pub patch: &'static [u8],
    pub target: &'static mut [u8],
    pub workspace: &'static mut [u16],
}

impl Ranges {
    /// The ranges as the emulator has mapped them.
    ///
    /// # Safety
    /// To be called once, in the emulator.
    pub unsafe fn take() -> Self {
        // SAFETY: the emulator maps four words there.
        let [base, patch, target, workspace] = unsafe { LENGTHS.read_volatile() };
        // SAFETY: as long as that, and read only.
        let base = unsafe { core::slice::from_raw_parts(BASE, base) };
        // SAFETY: as long as that, and read only.
        let patch = unsafe { core::slice::from_raw_parts(PATCH, patch) };
        // SAFETY: as long as that, and nobody else's, as this runs once.
        let target = unsafe { core::slice::from_raw_parts_mut(TARGET, target) };
        // SAFETY: as long as that, and nobody else's, as this runs once.
        let workspace = unsafe { core::slice::from_raw_parts_mut(WORKSPACE, workspace / 2) };
        Self { base, patch, target, workspace }
    }
}

/// Ends the program: the emulator stops at a breakpoint and looks whether R0 is 1.
pub fn stop(done: bool) -> ! {
    // SAFETY: a breakpoint changes nothing.
    unsafe { core::arch::asm!("bkpt #0", in("r0") u32::from(done), options(noreturn)) }
}

struct Slots {
    base: &'static [u8],
    target: &'static mut [u8],
    written: usize,
}

/// `len` bytes from `offset` on.
fn part(bytes: &[u8], offset: u32, len: usize) -> Option<&[u8]> {
    bytes.get(offset as usize..)?.get(..len)
}

/// The same, copied.
fn copy(from: &[u8], offset: u32, bytes: &mut [u8]) -> Option<()> {
    bytes.copy_from_slice(part(from, offset, bytes.len())?);
    Some(())
}

impl Images for Slots {
    type Error = ();

    fn read_base(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ()> {
        copy(self.base, offset, bytes).ok_or(())
    }

    fn read_target(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), ()> {
        copy(self.target, offset, bytes).ok_or(())
    }

    fn write_target(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let end = self.written.wrapping_add(bytes.len());
        self.target.get_mut(self.written..end).ok_or(())?.copy_from_slice(bytes);
        self.written = end;
        Ok(())
    }
}

/// Decodes the patch with some instruction sets; `None` when it is refused or its target is not as long as its slot.
pub fn decode(ranges: Ranges, isas: &[&'static dyn Isa]) -> Option<()> {
    let Ranges { base, patch, target, workspace } = ranges;
    let (header, length) = Header::parse(patch.iter().copied()).ok()?;
    let mut rest = patch.get(length..)?;
    let mut decoder = Decoder::new(header, isas, workspace).ok()?;
    let mut slots = Slots { base, target, written: 0 };
    while decoder.push(&mut slots, &mut rest).ok()? != Event::Done {}
    decoder.finish().ok()?;
    (slots.written == slots.target.len()).then_some(())
}

/// A base as flash.
struct Rom(&'static [u8]);

impl ErrorType for Rom {
    type Error = OutOfRange;
}

impl ReadNorFlash for Rom {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfRange> {
        copy(self.0, offset, bytes).ok_or(OutOfRange)
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

/// A target as flash of whole pages, without what lies behind the target.
struct Pages(&'static mut [u8]);

impl ErrorType for Pages {
    type Error = OutOfRange;
}

impl ReadNorFlash for Pages {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), OutOfRange> {
        copy(self.0, offset, bytes).ok_or(OutOfRange)
    }

    fn capacity(&self) -> usize {
        self.0.len().next_multiple_of(Self::ERASE_SIZE)
    }
}

impl NorFlash for Pages {
    const WRITE_SIZE: usize = 8;
    const ERASE_SIZE: usize = 2048;

    fn erase(&mut self, _: u32, _: u32) -> Result<(), OutOfRange> {
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), OutOfRange> {
        let rest = self.0.get_mut(offset as usize..).ok_or(OutOfRange)?;
        let len = bytes.len().min(rest.len());
        let (to, from) = (rest.get_mut(..len), bytes.get(..len));
        let (to, from) = to.zip(from).ok_or(OutOfRange)?;
        to.copy_from_slice(from);
        Ok(())
    }
}

/// Applies a sequential detools patch; `None` when it is refused or its target is not as long as its slot.
pub fn detools(ranges: Ranges, codec: impl Codec) -> Option<()> {
    let Ranges { base, patch, target, .. } = ranges;
    let target_len = target.len();
    let mut applier = Sequential::new(Rom(base), Pages(target), codec);
    let mut rest = patch;
    while !rest.is_empty() {
        applier.push(&mut rest).ok()?;
    }
    while applier.finish().ok()?.stage != Stage::Done {}
    (applier.progress().target_total as usize == target_len).then_some(())
}
