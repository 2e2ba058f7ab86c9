//! Flash and its controller: two banks of 256 pages of 2 KiB, programmed by double words. RM0351 §3.

mod array;
mod caches;
mod options;
mod registers;
mod still;

use flash_model::Stm32L4;
use flash_model::{Cut, FlashError, FlashModel, Tear};

use self::array::{Array, UNIT};
use self::caches::Caches;
use self::options::Options;
pub(super) use self::registers::Order;
use self::registers::{Keys, bits};
pub(super) use self::still::Still;
use super::time::{Picoseconds, picoseconds};
use super::watch::{Done, Watch};
use crate::bus::{BusError, Width};

/// Bytes of a bank.
pub const BANK_BYTES: u32 = 0x8_0000;
/// Bytes of a page.
pub const PAGE_BYTES: u32 = 0x800;

/// A physical bank, wherever it is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bank {
    /// Bank 1, at 0x0800_0000 after reset.
    One,
    /// Bank 2.
    Two,
}

impl Bank {
    /// The bank of a physical address.
    const fn of(address: u32) -> Self {
        if address < BANK_BYTES { Self::One } else { Self::Two }
    }

    /// Its first physical address: what [`Flash::cells`] counts from.
    #[must_use]
    pub const fn start(self) -> u32 {
        match self {
            Self::One => 0,
            Self::Two => BANK_BYTES,
        }
    }
}

/// What the controller is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Program { address: u32, unit: [u8; 8] },
    Erase { address: u32 },
    Options,
}

/// An operation that has begun: cells change at its end.
#[derive(Debug, Clone, Copy)]
struct Operation {
    work: Work,
    ends: Picoseconds,
}

/// Both banks and their controller.
#[derive(Debug, Clone)]
pub struct Flash {
    array: Array,
    caches: Caches,
    latency: u32,
    keys: Keys,
    option_keys: Keys,
    /// `FLASH_SR` without `BSY`.
    status: u32,
    /// `FLASH_CR` without the locks and what clears itself.
    control: u32,
    ecc: u32,
    /// The first word of a double word, and where it goes.
    first_word: Option<(u32, u32)>,
    operation: Option<Operation>,
    /// In flash; loaded at the last reset that loads them; in the registers.
    stored: Options,
    loaded: Options,
    written: Options,
    options_lost: bool,
}

impl Flash {
    pub(super) fn new() -> Self {
        Self {
            array: Array::new(),
            caches: Caches::default(),
            latency: 0,
            keys: Keys::Locked,
            option_keys: Keys::Locked,
            status: 0,
            control: 0,
            ecc: 0,
            first_word: None,
            operation: None,
            stored: Options::FACTORY,
            loaded: Options::FACTORY,
            written: Options::FACTORY,
            options_lost: false,
        }
    }

    /// The cells. Addresses count from the start of bank 1.
    #[must_use]
    pub fn cells(&self) -> &FlashModel<Stm32L4> {
        &self.array.cells
    }

    /// Whether an erase or program of option bytes was interrupted: RM0444 §3.4.2 of a sister part says that values are
    /// loaded then that may lock the part for good, and users report such parts.
    #[must_use]
    pub fn options_lost(&self) -> bool {
        self.options_lost
    }

    /// A reset: an operation that goes on is torn, registers are as after reset, option bytes are loaded when `loads`.
    pub(super) fn reset(&mut self, loads: bool, seed: u64) {
        self.tear(seed);
        if !self.array.cells.is_powered() {
            self.array.cells.power_on();
        }
        self.caches = Caches::default();
        self.latency = 0;
        (self.keys, self.option_keys) = (Keys::Locked, Keys::Locked);
        (self.status, self.control, self.ecc, self.first_word) = (0, 0, 0, None);
        if loads {
            self.loaded = self.stored;
        }
        self.written = self.loaded;
    }

    /// Power or a reset interrupts what goes on.
    pub(super) fn tear(&mut self, seed: u64) {
        let Some(Operation { work, .. }) = self.operation.take() else { return };
        self.array.cells.cut_after(0, Cut::Inside(Tear::Seeded(seed)));
        // The error is the cut that was asked for.
        let _ = match work {
            Work::Program { address, unit } => self.array.program(address, unit),
            Work::Erase { address } => self.array.erase(address),
            Work::Options => {
                self.options_lost = true;
                Ok(())
            }
        };
    }

    pub(super) fn forget_uses(&mut self) {
        self.array.forget_uses();
    }

    pub(super) fn pages_relied_on(&self) -> Vec<u32> {
        self.array.pages_relied_on()
    }

    /// What is noted of a stretch of a run, if it is.
    #[inline]
    pub(super) fn watch(&mut self) -> &mut Option<Box<Watch>> {
        &mut self.array.watch
    }

    /// Programs and erases what a stretch did elsewhere. It fails when it did there, which [`Watch`] says.
    pub(super) fn repeat(&mut self, operations: &[Done]) {
        for operation in operations {
            let done = match *operation {
                Done::Program { address, unit } => self.array.program(address, unit),
                Done::Erase { address } => self.array.erase(address),
            };
            debug_assert_eq!(done, Ok(()), "it went well elsewhere");
        }
    }

    pub(super) fn boots_bank_2(&self) -> bool {
        self.loaded.boots_bank_2()
    }

    /// Puts `bytes` at a physical address as a programmer on the workbench does.
    pub(super) fn load(&mut self, address: u32, bytes: &[u8]) {
        self.array.cells.load(address, bytes);
        let end = u32::try_from(bytes.len()).map_or(u32::MAX, |len| address.saturating_add(len));
        self.array.look(address, end);
    }

    /// Looks at the cells anew: a test may have changed them while there was no power.
    pub(super) fn look_at_all(&mut self) {
        self.array.look(0, 2 * BANK_BYTES);
    }

    /// When the operation that goes on ends.
    pub(super) fn busy_until(&self) -> Option<Picoseconds> {
        self.operation.map(|operation| operation.ends)
    }

    /// When `address` can be read: a bank that is busy cannot (§3.3.8).
    #[inline]
    pub(super) fn blocked_until(&self, address: u32) -> Option<Picoseconds> {
        let operation = self.operation?;
        let busy = match operation.work {
            Work::Program { address, .. } | Work::Erase { address } => Bank::of(address),
            Work::Options => Bank::One,
        };
        (busy == Bank::of(address)).then_some(operation.ends)
    }

    /// Reads at a physical address.
    #[inline]
    pub(super) fn read(
        &mut self,
        address: u32,
        width: Width,
        fetch: bool,
    ) -> Result<u32, BusError> {
        if self.caches.is_stale(address / PAGE_BYTES, fetch) {
            return Err(BusError::Misuse);
        }
        let (value, torn) = self.array.read(address, width);
        if torn {
            self.detect(address);
        }
        Ok(value)
    }

    /// Two wrong bits: remembered with their place until software clears the flag, later ones are not (§3.3.2).
    #[cold]
    fn detect(&mut self, address: u32) {
        if self.ecc & bits::ECCD == 0 {
            let bank = u32::from(Bank::of(address) == Bank::Two) << bits::BK_ECC;
            self.ecc = bits::ECCD | bank | (address % BANK_BYTES / UNIT * UNIT);
        }
    }

    /// Whether NMI is asked for.
    #[inline]
    pub(super) fn asks_nmi(&self) -> bool {
        self.ecc & bits::ECCD != 0
    }

    /// Whether its interrupt is asked for.
    pub(super) fn interrupts(&self) -> bool {
        let asks = |enable, flag| self.control & enable != 0 && self.status & flag != 0;
        asks(bits::EOPIE, bits::EOP) || asks(bits::ERRIE, bits::OPERR)
    }

    pub(super) fn caches_on(&self) -> bool {
        self.caches.any_on()
    }

    /// Whether reads are slow enough for a clock of `hertz`: a wait state for each 16 MHz (§3.3.3, voltage range 1).
    pub(super) fn keeps_up(&self, hertz: u32) -> bool {
        hertz.saturating_sub(1) / 16_000_000 <= self.latency
    }

    /// A store to flash: one word of a double word (§3.3.7).
    pub(super) fn store(
        &mut self,
        address: u32,
        width: Width,
        value: u32,
        now: Picoseconds,
    ) -> Result<(), BusError> {
        if self.operation.is_some() {
            return Err(BusError::Misuse);
        }
        let first = self.first_word.take();
        let erases = self.control & (bits::PER | bits::MER) != 0;
        if self.control & bits::PG == 0 || erases || self.status & bits::ERRORS != 0 {
            self.fail(bits::PGSERR);
        } else if width != Width::Word {
            self.fail(bits::SIZERR);
        } else {
            match first {
                None if address.is_multiple_of(UNIT) => self.first_word = Some((address, value)),
                Some((start, low)) if start + 4 == address => {
                    let mut unit = [0; 8];
                    unit[..4].copy_from_slice(&low.to_le_bytes());
                    unit[4..].copy_from_slice(&value.to_le_bytes());
                    self.begin(Work::Program { address: start, unit }, now);
                }
                _ => self.fail(bits::PGAERR),
            }
        }
        Ok(())
    }

    fn fail(&mut self, flag: u32) {
        self.status |= flag;
        if self.control & bits::ERRIE != 0 {
            self.status |= bits::OPERR;
        }
    }

    fn begin(&mut self, work: Work, now: Picoseconds) {
        let timing = self.array.cells.geometry().timing();
        let (address, time) = match work {
            Work::Program { address, .. } => (address, timing.program_time),
            Work::Erase { address } => (address, self.array.cells.page_at(address).erase_time),
            // The page of the options is erased, then written.
            Work::Options => (0, self.array.cells.page_at(0).erase_time + 8 * timing.program_time),
        };
        let page = address % BANK_BYTES / PAGE_BYTES;
        if work != Work::Options && self.loaded.protects(Bank::of(address), page) {
            return self.fail(bits::WRPERR);
        }
        self.operation = Some(Operation { work, ends: now + picoseconds(time) });
    }

    /// Ends the operation if it is time. `Err`: power failed in it.
    pub(super) fn advance(&mut self, now: Picoseconds) -> Result<(), FlashError> {
        let Some(Operation { work, .. }) = self.operation.filter(|operation| operation.ends <= now)
        else {
            return Ok(());
        };
        self.operation = None;
        let done = match work {
            Work::Program { address, unit } => self.array.program(address, unit),
            Work::Erase { address } => {
                self.caches.erased(address / PAGE_BYTES);
                self.array.erase(address)
            }
            Work::Options => {
                self.stored = self.written;
                Ok(())
            }
        };
        match done {
            Ok(()) if self.control & bits::EOPIE != 0 => self.status |= bits::EOP,
            Ok(()) => {}
            Err(FlashError::PowerLost) => return Err(FlashError::PowerLost),
            Err(FlashError::WriteProtected { .. }) => self.fail(bits::WRPERR),
            Err(_) => self.fail(bits::PROGERR),
        }
        Ok(())
    }
}
