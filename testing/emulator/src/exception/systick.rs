//! The core's timer: B3.3.

use crate::bits::bit;
use crate::bus::BusError;

const ENABLE: u32 = 1 << 0;
const TICKINT: u32 = 1 << 1;
const CLKSOURCE: u32 = 1 << 2;
const COUNTFLAG: u32 = 1 << 16;

/// SysTick, counting the core's clock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SysTick {
    /// `SYST_CSR` without `COUNTFLAG`.
    control: u32,
    reload: u32,
    current: u32,
    /// `COUNTFLAG`: it has counted to zero since this was read.
    wrapped: bool,
}

impl SysTick {
    /// Lets cycles pass. Whether it asks for its exception.
    #[inline]
    pub fn pass(&mut self, cycles: u32) -> bool {
        self.control & ENABLE != 0 && self.count(cycles)
    }

    fn count(&mut self, cycles: u32) -> bool {
        let (mut left, mut wrapped) = (cycles, false);
        while left > 0 {
            if self.current == 0 {
                // The cycle after zero loads; a reload value of zero stops it (B3.3.1).
                if self.reload == 0 {
                    break;
                }
                self.current = self.reload;
                left -= 1;
                continue;
            }
            let step = left.min(self.current);
            self.current -= step;
            left -= step;
            wrapped |= self.current == 0;
        }
        self.wrapped |= wrapped;
        wrapped && self.control & TICKINT != 0
    }

    /// Whether it counts.
    pub(crate) fn is_on(&self) -> bool {
        self.control & ENABLE != 0
    }

    /// Cycles until it asks for its exception; `None` if it never does.
    #[must_use]
    pub fn cycles_left(&self) -> Option<u32> {
        let counts = self.control & (ENABLE | TICKINT) == ENABLE | TICKINT;
        match (counts, self.current, self.reload) {
            (false, ..) | (true, 0, 0) => None,
            (true, 0, reload) => Some(reload + 1),
            (true, current, _) => Some(current),
        }
    }

    /// Reads the register at `offset` from `SYST_CSR`.
    pub(super) fn read(&mut self, offset: u32) -> Result<u32, BusError> {
        match offset {
            0 => {
                let wrapped = core::mem::take(&mut self.wrapped);
                Ok(self.control | if wrapped { COUNTFLAG } else { 0 })
            }
            4 => Ok(self.reload),
            8 => Ok(self.current),
            _ => Err(BusError::NotModelled),
        }
    }

    pub(super) fn write(&mut self, offset: u32, value: u32) -> Result<(), BusError> {
        match offset {
            // The other clock, an eighth of the bus's, is not modelled.
            0 if bit(value, 0) && value & CLKSOURCE == 0 => return Err(BusError::NotModelled),
            0 => self.control = value & (ENABLE | TICKINT | CLKSOURCE),
            4 => self.reload = value & 0x00FF_FFFF,
            8 => (self.current, self.wrapped) = (0, false),
            _ => return Err(BusError::NotModelled),
        }
        Ok(())
    }
}
