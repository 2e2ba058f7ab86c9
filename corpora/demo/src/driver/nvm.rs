//! Settings pages in flash: erase one page, program double words, read back.
//!
//! **Reference** RM0351 and RM0444, embedded flash memory, programming sequences.

use core::fmt;

use super::reg::Reg;
use crate::chip;

const KEYR: Reg = Reg::at(chip::FLASH, 0x08);
const SR: Reg = Reg::at(chip::FLASH, 0x10);
const CR: Reg = Reg::at(chip::FLASH, 0x14);

const BUSY: u32 = 1 << 16;
const ERRORS: u32 = 0xFA;
const PROGRAM: u32 = 1;
const ERASE: u32 = 2;
const START: u32 = 1 << 16;
const LOCK: u32 = 1 << 31;

/// What the flash controller reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NvmError {
    Busy,
    Locked,
    Controller { status: u32 },
    TooLong { expected: usize, got: usize },
}

impl fmt::Display for NvmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Busy => f.write_str("flash controller stays busy"),
            Self::Locked => f.write_str("flash controller did not unlock"),
            Self::Controller { status } => write!(f, "flash controller reports {status:#010x}"),
            Self::TooLong { expected, got } => {
                write!(f, "settings of {got} bytes do not fit a page of {expected}")
            }
        }
    }
}

/// Erases the settings page and programs `words` into it.
pub(crate) fn store(words: &[[u32; 2]]) -> Result<(), NvmError> {
    if words.len() * 8 > chip::PAGE {
        return Err(NvmError::TooLong { expected: chip::PAGE, got: words.len() * 8 });
    }
    unlock()?;
    let done = erase().and_then(|()| program(words));
    CR.write(LOCK);
    done
}

/// Reads word `index` of the settings page.
pub(crate) fn load(index: usize) -> u32 {
    Reg::at(chip::SETTINGS, index % (chip::PAGE / 4) * 4).read()
}

fn unlock() -> Result<(), NvmError> {
    if CR.read() & LOCK != 0 {
        KEYR.write(0x4567_0123);
        KEYR.write(0xCDEF_89AB);
    }
    if CR.read() & LOCK == 0 { Ok(()) } else { Err(NvmError::Locked) }
}

fn erase() -> Result<(), NvmError> {
    let page = u32::try_from((chip::SETTINGS & 0x7_FFFF) / chip::PAGE).unwrap_or(0);
    SR.write(ERRORS);
    CR.write(ERASE | page << 3);
    CR.set(START);
    finish()
}

fn program(words: &[[u32; 2]]) -> Result<(), NvmError> {
    CR.write(PROGRAM);
    for (index, &[low, high]) in words.iter().enumerate() {
        Reg::at(chip::SETTINGS, index * 8).write(low);
        Reg::at(chip::SETTINGS, index * 8 + 4).write(high);
        finish()?;
    }
    Ok(())
}

fn finish() -> Result<(), NvmError> {
    if !SR.wait_clear(BUSY) {
        return Err(NvmError::Busy);
    }
    match SR.read() & ERRORS {
        0 => Ok(()),
        status => Err(NvmError::Controller { status }),
    }
}
