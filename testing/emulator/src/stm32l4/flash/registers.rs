//! The controller's registers: RM0351 §3.7.

use super::options::Options;
use super::{BANK_BYTES, Flash, PAGE_BYTES, Work};
use crate::bits::field;
use crate::bus::BusError;
use crate::stm32l4::time::Picoseconds;

/// Bits of `FLASH_SR` (§3.7.5), `FLASH_CR` (§3.7.6) and `FLASH_ECCR` (§3.7.7).
pub(super) mod bits {
    pub(in super::super) const EOP: u32 = 1 << 0;
    pub(in super::super) const OPERR: u32 = 1 << 1;
    pub(in super::super) const PROGERR: u32 = 1 << 3;
    pub(in super::super) const WRPERR: u32 = 1 << 4;
    pub(in super::super) const PGAERR: u32 = 1 << 5;
    pub(in super::super) const SIZERR: u32 = 1 << 6;
    pub(in super::super) const PGSERR: u32 = 1 << 7;
    pub(super) const BSY: u32 = 1 << 16;
    /// What has to be cleared before the next operation.
    pub(in super::super) const ERRORS: u32 = PROGERR | WRPERR | PGAERR | SIZERR | PGSERR;

    pub(in super::super) const PG: u32 = 1 << 0;
    pub(in super::super) const PER: u32 = 1 << 1;
    /// Mass erase of either bank.
    pub(in super::super) const MER: u32 = 1 << 2 | 1 << 15;
    pub(super) const PNB: u32 = 0xFF << 3;
    pub(super) const BKER: u32 = 1 << 11;
    pub(super) const STRT: u32 = 1 << 16;
    pub(super) const OPTSTRT: u32 = 1 << 17;
    pub(in super::super) const EOPIE: u32 = 1 << 24;
    pub(in super::super) const ERRIE: u32 = 1 << 25;
    pub(super) const OBL_LAUNCH: u32 = 1 << 27;
    pub(super) const OPTLOCK: u32 = 1 << 30;
    pub(super) const LOCK: u32 = 1 << 31;

    pub(in super::super) const BK_ECC: u32 = 19;
    pub(in super::super) const ECCD: u32 = 1 << 31;
}

/// A lock with two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Locked,
    /// The first key was right.
    Half,
    Open,
    /// A key was wrong: locked until the next reset.
    Dead,
}

impl Keys {
    /// A write of a key: a wrong one is a bus error (§3.3.5).
    fn turn(&mut self, key: u32, keys: [u32; 2]) -> Result<(), BusError> {
        match *self {
            // The manual does not say what a key does to what is open.
            Self::Open => return Err(BusError::Misuse),
            Self::Locked if key == keys[0] => *self = Self::Half,
            Self::Half if key == keys[1] => *self = Self::Open,
            _ => {
                *self = Self::Dead;
                return Err(BusError::Refused);
            }
        }
        Ok(())
    }
}

const KEYS: [u32; 2] = [0x4567_0123, 0xCDEF_89AB];
const OPTION_KEYS: [u32; 2] = [0x0819_2A3B, 0x4C5D_6E7F];

/// What a write asks of the rest of the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Order {
    Nothing,
    /// Load option bytes, which resets the part.
    LoadOptions,
}

impl Flash {
    pub(in super::super) fn read_register(&self, offset: u32) -> Result<u32, BusError> {
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        match offset {
            0x00 => Ok(self.latency | self.caches.control()),
            0x10 => Ok(self.status | flag(self.operation.is_some(), bits::BSY)),
            0x14 => {
                let started = match self.operation.map(|operation| operation.work) {
                    Some(Work::Erase { .. }) => bits::STRT,
                    Some(Work::Options) => bits::OPTSTRT,
                    _ => 0,
                };
                Ok(self.control
                    | started
                    | flag(self.keys != super::Keys::Open, bits::LOCK)
                    | flag(self.option_keys != super::Keys::Open, bits::OPTLOCK))
            }
            0x18 => Ok(self.ecc),
            0x20 => Ok(self.written.user),
            0x2C => Ok(self.written.protected[0]),
            0x30 => Ok(self.written.protected[1]),
            0x4C => Ok(self.written.protected[2]),
            0x50 => Ok(self.written.protected[3]),
            _ => Err(BusError::NotModelled),
        }
    }

    pub(in super::super) fn write_register(
        &mut self,
        offset: u32,
        value: u32,
        now: Picoseconds,
    ) -> Result<Order, BusError> {
        match offset {
            0x00 => {
                self.latency = field(value, 0, 3);
                self.caches.write(value)?;
            }
            0x08 => self.keys.turn(value, KEYS)?,
            // Only what has opened the control register opens the options (§3.4.2).
            0x0C if self.keys != Keys::Open => return Err(BusError::Misuse),
            0x0C => self.option_keys.turn(value, OPTION_KEYS)?,
            0x10 => self.status &= !value,
            0x14 => return self.write_control(value, now),
            0x18 if field(value, 24, 1) == 1 => return Err(BusError::NotModelled),
            // The place says nothing without the flag.
            0x18 if value & bits::ECCD != 0 => self.ecc = 0,
            0x18 => {}
            0x20 | 0x2C | 0x30 | 0x4C | 0x50 if self.option_keys != Keys::Open => {
                return Err(BusError::Misuse);
            }
            0x20 => {
                let new = Options { user: value, ..self.written };
                if !new.is_modelled() {
                    return Err(BusError::NotModelled);
                }
                self.written = new;
            }
            0x2C => self.written.protected[0] = value & 0x00FF_00FF,
            0x30 => self.written.protected[1] = value & 0x00FF_00FF,
            0x4C => self.written.protected[2] = value & 0x00FF_00FF,
            0x50 => self.written.protected[3] = value & 0x00FF_00FF,
            _ => return Err(BusError::NotModelled),
        }
        Ok(Order::Nothing)
    }

    fn write_control(&mut self, value: u32, now: Picoseconds) -> Result<Order, BusError> {
        const KEPT: u32 = bits::PG | bits::PER | bits::PNB | bits::BKER | bits::EOPIE | bits::ERRIE;
        const ORDERS: u32 = bits::STRT | bits::OPTSTRT | bits::OBL_LAUNCH;
        if self.keys != Keys::Open {
            // Only locking it again changes nothing.
            return if value & bits::LOCK != 0 {
                Ok(Order::Nothing)
            } else {
                Err(BusError::Misuse)
            };
        }
        if value & !(KEPT | ORDERS | bits::OPTLOCK | bits::LOCK) != 0 {
            return Err(BusError::NotModelled);
        }
        let for_options = value & (bits::OPTSTRT | bits::OBL_LAUNCH) != 0;
        if for_options && self.option_keys != Keys::Open {
            return Err(BusError::Misuse);
        }
        self.control = value & KEPT;
        if value & bits::OPTLOCK != 0 && self.option_keys == Keys::Open {
            self.option_keys = Keys::Locked;
        }
        if value & bits::STRT != 0 {
            self.start_erase(now)?;
        }
        if value & bits::OPTSTRT != 0 {
            self.begin(Work::Options, now);
        }
        if value & bits::LOCK != 0 {
            (self.keys, self.option_keys) = (Keys::Locked, Keys::Locked);
        }
        let launches = value & bits::OBL_LAUNCH != 0;
        Ok(if launches { Order::LoadOptions } else { Order::Nothing })
    }

    /// `BKER` and `PNB` name a page of a physical bank: what is mapped where does not matter (§3.3.6; ST's community, "are
    /// MER1/MER2 bits swapped", a user's measurement).
    fn start_erase(&mut self, now: Picoseconds) -> Result<(), BusError> {
        if self.control & bits::PER == 0 {
            return Err(BusError::Misuse);
        }
        if self.control & bits::PG != 0 || self.status & bits::ERRORS != 0 {
            self.fail(bits::PGSERR);
            return Ok(());
        }
        let bank = if self.control & bits::BKER == 0 { 0 } else { BANK_BYTES };
        let page = field(self.control, 3, 8);
        self.begin(Work::Erase { address: bank + page * PAGE_BYTES }, now);
        Ok(())
    }
}
