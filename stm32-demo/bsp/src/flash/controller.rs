//! Erase and program, step by step. RM0351 §3.3.5 to §3.3.7; registers: §3.7.
//!
//! Code that runs from the bank at work stands still meanwhile, code in the other goes on (§3.3.8).

use core::sync::atomic::{AtomicBool, Ordering};

use layout::{Bank, PAGE_BYTES};

use super::FlashError;
use crate::core_registers::{data_barrier, without_interrupts};
use crate::idle;
use crate::register::Register;

const ACR: Register = Register::at(0x4002_2000);
const KEYR: Register = Register::at(0x4002_2008);
const SR: Register = Register::at(0x4002_2010);
const CR: Register = Register::at(0x4002_2014);
/// Interrupt 4 (RM0351 §13.3): enable and pending bits, PM0214 §4.3.
const NVIC_ISER0: Register = Register::at(0xE000_E100);
const NVIC_ICPR0: Register = Register::at(0xE000_E280);
const FLASH_IRQ: u32 = 1 << 4;

/// §3.3.5.
const KEYS: [u32; 2] = [0x4567_0123, 0xCDEF_89AB];

/// `FLASH_ACR`, §3.7.1.
const ICEN: u32 = 1 << 9;
const DCEN: u32 = 1 << 10;
const ICRST: u32 = 1 << 11;
const DCRST: u32 = 1 << 12;

/// `FLASH_SR`, §3.7.5.
const EOP: u32 = 1 << 0;
const PROGERR: u32 = 1 << 3;
const WRPERR: u32 = 1 << 4;
const BSY: u32 = 1 << 16;
/// `OPERR`, the above, `PGAERR`, `SIZERR`, `PGSERR`, `MISERR`, `FASTERR`: all that the next operation would trip over.
const ERRORS: u32 = 0x3FA;

/// `FLASH_CR`, §3.7.6.
const PG: u32 = 1 << 0;
const PER: u32 = 1 << 1;
const PNB: u32 = 3;
const BKER: u32 = 1 << 11;
const STRT: u32 = 1 << 16;
const EOPIE: u32 = 1 << 24;
const ERRIE: u32 = 1 << 25;
const LOCK: u32 = 1 << 31;

/// Reads of `FLASH_SR` that outlast any operation at any clock: at 80 MHz a quarter of a second, where a page takes 25 ms at
/// most (DS11585, flash memory characteristics).
const ATTEMPTS: u32 = 4_000_000;

/// Whether the core sleeps while the flash is busy.
static SLEEPS: AtomicBool = AtomicBool::new(false);

/// From here on the core sleeps while the flash is busy, which is most of an update's time, instead of asking it again and
/// again.
///
/// Interrupts must be [masked](idle::mask), and the timer must [wake](crate::ticks::Ticks::wakes): it ends a sleep, should the
/// flash's own interrupt not come.
pub fn sleep_while_busy() {
    NVIC_ISER0.write(FLASH_IRQ);
    SLEEPS.store(true, Ordering::Relaxed);
}

/// What an order has besides: the flash's interrupt, when it is to end a sleep.
fn wakes() -> u32 {
    if SLEEPS.load(Ordering::Relaxed) { EOPIE | ERRIE } else { 0 }
}

/// Waits for the end of an operation. Whether it came.
fn ready() -> bool {
    if !SLEEPS.load(Ordering::Relaxed) {
        return SR.wait(BSY, 0, ATTEMPTS);
    }
    let ended = (0..ATTEMPTS).any(|_| {
        let busy = SR.read() & BSY != 0;
        if busy {
            idle::wait();
        }
        !busy
    });
    // The flag holds the interrupt up, and one that is pending would end every sleep.
    SR.write(EOP);
    NVIC_ICPR0.write(FLASH_IRQ);
    ended
}

/// The controller, open; locked again when dropped.
#[derive(Debug)]
pub(super) struct Open(());

impl Open {
    /// Opens it when no operation goes on, and clears flags that earlier ones left.
    pub(super) fn new() -> Result<Self, FlashError> {
        if !SR.wait(BSY, 0, ATTEMPTS) {
            return Err(FlashError::Timeout);
        }
        if CR.read() & LOCK != 0 {
            // Two writes that nothing may come between.
            without_interrupts(|| KEYS.into_iter().for_each(|key| KEYR.write(key)));
        }
        if CR.read() & LOCK != 0 {
            return Err(FlashError::Locked);
        }
        SR.write(ERRORS);
        Ok(Self(()))
    }

    /// Erases the page that begins at `offset` of a physical bank. §3.3.6, "Page erase".
    pub(super) fn erase(&self, bank: Bank, offset: u32) -> Result<(), FlashError> {
        let bank = match bank {
            Bank::One => 0,
            Bank::Two => BKER,
        };
        let page = offset.checked_div(PAGE_BYTES).unwrap_or(0) & 0xFF;
        let order = PER | page << PNB | bank | wakes();
        CR.write(order);
        CR.write(order | STRT);
        let done = self.finish(offset);
        empty_caches();
        done
    }

    /// Programs a double word at an address, its place in the area being `offset`. §3.3.7, "Standard programming".
    pub(super) fn program(
        &self,
        address: u32,
        offset: u32,
        unit: [u8; 8],
    ) -> Result<(), FlashError> {
        let [a, b, c, d, e, f, g, h] = unit;
        let (first, second) = (Register::at(address), Register::at(address.wrapping_add(4)));
        CR.write(PG | wakes());
        without_interrupts(|| {
            first.write(u32::from_le_bytes([a, b, c, d]));
            second.write(u32::from_le_bytes([e, f, g, h]));
        });
        data_barrier();
        self.finish(offset)
    }

    /// Waits for the end of an operation, and says how it went.
    fn finish(&self, offset: u32) -> Result<(), FlashError> {
        let ready = ready();
        let flags = SR.read();
        SR.write(ERRORS);
        if !ready {
            return Err(FlashError::Timeout);
        }
        CR.write(0);
        match flags & ERRORS {
            0 => Ok(()),
            flags if flags & WRPERR != 0 => Err(FlashError::Protected),
            flags if flags & PROGERR != 0 => Err(FlashError::NotErased { offset }),
            flags => Err(FlashError::Sequence { flags }),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        CR.write(LOCK);
    }
}

/// Empties both caches: they may hold what an erase has changed (§3.3.7, "Programming and caches"). They must be off for
/// that (§3.7.1).
fn empty_caches() {
    let control = ACR.read();
    let off = control & !(ICEN | DCEN);
    ACR.write(off);
    ACR.write(off | ICRST | DCRST);
    ACR.write(off);
    ACR.write(control);
}

/// Does `work` with the data cache off, and empties it, so that no line in it hides what is in flash.
pub(super) fn without_data_cache<T>(work: impl FnOnce() -> T) -> T {
    let control = ACR.read();
    let off = control & !DCEN;
    ACR.write(off);
    ACR.write(off | DCRST);
    ACR.write(off);
    let done = work();
    ACR.write(control);
    done
}
