//! The independent watchdog: RM0351 §37.

use super::time::{PS_PER_SECOND, Picoseconds};
use crate::bus::BusError;

/// The clock that it counts; DS11585 says 29.5 to 34 kHz over all conditions.
const LSI_HERTZ: u64 = 32_000;
/// Cycles of that clock that a new prescaler or reload value takes at most; §37.4.4.
const UPDATE_CYCLES: u64 = 5;

const START: u32 = 0xCCCC;
const RELOAD: u32 = 0xAAAA;
const UNLOCK: u32 = 0x5555;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Iwdg {
    prescaler: u32,
    reload: u32,
    unlocked: bool,
    /// When it resets the part, once started.
    expires: Option<Picoseconds>,
    /// When the prescaler, and the reload value, are what was written last.
    updated: [Picoseconds; 2],
}

impl Default for Iwdg {
    fn default() -> Self {
        Self { prescaler: 0, reload: 0xFFF, unlocked: false, expires: None, updated: [0; 2] }
    }
}

impl Iwdg {
    /// When it resets the part.
    pub(super) fn expires(&self) -> Option<Picoseconds> {
        self.expires
    }

    pub(super) fn read(&self, offset: u32, now: Picoseconds) -> Result<u32, BusError> {
        match offset {
            0x00 => Ok(0),
            0x04 => Ok(self.prescaler),
            0x08 => Ok(self.reload),
            0x0C => Ok(u32::from(now < self.updated[0]) | u32::from(now < self.updated[1]) << 1),
            0x10 => Ok(0xFFF),
            _ => Err(BusError::NotModelled),
        }
    }

    pub(super) fn write(
        &mut self,
        offset: u32,
        value: u32,
        now: Picoseconds,
    ) -> Result<(), BusError> {
        match (offset, value & 0xFFFF) {
            (0x00, START) => self.feed(now),
            (0x00, RELOAD) if self.expires.is_some() => self.feed(now),
            (0x00, RELOAD) => {}
            (0x00, UNLOCK) => self.unlocked = true,
            (0x00, _) => self.unlocked = false,
            (0x04, value) => {
                self.prescaler = value & 7;
                self.update(0, now)?;
            }
            (0x08, value) => {
                self.reload = value & 0xFFF;
                self.update(1, now)?;
            }
            // The window as after reset: none.
            (0x10, 0xFFF) => {}
            _ => return Err(BusError::NotModelled),
        }
        Ok(())
    }

    /// A locked register, or one whose last value is not there yet, must not be written (§37.4.2 to §37.4.4).
    fn update(&mut self, which: usize, now: Picoseconds) -> Result<(), BusError> {
        if !self.unlocked || now < self.updated[which] {
            return Err(BusError::Misuse);
        }
        self.updated[which] = now + UPDATE_CYCLES * PS_PER_SECOND / LSI_HERTZ;
        Ok(())
    }

    fn feed(&mut self, now: Picoseconds) {
        self.unlocked = false;
        // 4 × 2^PR, 256 at most: §37.4.2.
        let divider = 4 << self.prescaler.min(6);
        let cycles = divider * (u64::from(self.reload) + 1);
        self.expires = Some(now + cycles * PS_PER_SECOND / LSI_HERTZ);
    }
}
