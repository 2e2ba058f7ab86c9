//! Erase and program, step by step. RM0351 §3.3.5 to §3.3.7; registers: §3.7.
//!
//! Code that runs from the bank at work stands still meanwhile, code in the other goes on (§3.3.8). So an operation is begun
//! here and left to itself; whoever needs its end waits for it: the next operation, a read of that bank, [`settle`].

use core::sync::atomic::Ordering;

use layout::{Area, Bank, PAGE_BYTES};

use super::FlashError;
use super::pending::{self, STATE};
use super::place::Place;
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
pub(super) const PROGERR: u32 = 1 << 3;
pub(super) const WRPERR: u32 = 1 << 4;
pub(super) const BSY: u32 = 1 << 16;
/// `OPERR`, both errors above, `PGAERR`, `SIZERR`, `PGSERR`, `MISERR`, `FASTERR`: all that the next operation would trip over.
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

/// From here on the core sleeps while the flash is busy, which is most of an update's time, instead of asking it again and
/// again.
///
/// Interrupts must be [masked](idle::mask), and the timer must [wake](crate::ticks::Ticks::wakes): it ends a sleep, should the
/// flash's own interrupt not come.
pub fn sleep_while_busy() {
    NVIC_ISER0.write(FLASH_IRQ);
    STATE.wakes.store(EOPIE | ERRIE, Ordering::Relaxed);
}

/// What an order has besides: the flash's interrupt, when it is to end a sleep.
fn wakes() -> u32 {
    STATE.wakes.load(Ordering::Relaxed)
}

/// Waits until the flash is not busy, and takes note of the interrupt that tells of it. `FLASH_SR`: with [`BSY`] if that does
/// not come.
#[inline(always)]
fn ready() -> u32 {
    let sleeps = wakes() != 0;
    let mut attempts = ATTEMPTS;
    let flags = loop {
        let flags = SR.read();
        attempts = attempts.wrapping_sub(1);
        if flags & BSY == 0 || attempts == 0 {
            break flags;
        }
        if sleeps {
            idle::wait();
        }
    };
    // The flag holds the interrupt up, and one that is pending would end every sleep.
    SR.write(EOP);
    NVIC_ICPR0.write(FLASH_IRQ);
    flags
}

/// Waits for the end of the operation that goes on. What `asker` had begun is told; how another's went is kept for it.
///
/// The control register is left alone while the flash is busy: a write to it would stall the core (§3.3.5).
#[inline(never)]
fn finish(asker: Option<Area>) -> Result<(), FlashError> {
    let begun = pending::take();
    let flags = ready();
    let ready = flags & BSY == 0;
    if let Some(begun) = begun {
        SR.write(ERRORS);
        if ready {
            CR.write(0);
        }
        if begun.is_erase() {
            empty_caches();
        }
        if !ready || flags & ERRORS != 0 {
            begun.failed(flags, asker)?;
        }
    }
    if ready { Ok(()) } else { Err(FlashError::Timeout) }
}

/// Unless the flash is busy.
fn lock() {
    if SR.read() & BSY == 0 {
        CR.write(LOCK);
    }
}

/// Waits for the end of the operation that goes on, if any does, and locks the controller.
///
/// How it went is told to the area that it was for, at its next access.
pub fn settle() {
    if pending::any() {
        // An end that does not come is told to whoever wants the next operation.
        let _ = finish(None);
        lock();
    }
}

/// [`settle`] for `asker`: what became of operations in it that were not told of yet.
pub(super) fn flush(asker: Area) -> Result<(), FlashError> {
    let ended = if pending::any() { finish(Some(asker)) } else { Ok(()) };
    lock();
    pending::check(asker)?;
    ended
}

/// [`flush`] if it is the bank of `asker` that is at work.
#[cold]
#[inline(never)]
pub(super) fn flush_bank(asker: Area) -> Result<(), FlashError> {
    if pending::is_in(asker.bank()) { flush(asker) } else { pending::check(asker) }
}

/// Opens the controller for an operation in `area`, when no other goes on and none of that area's has failed; clears flags
/// that others left.
#[inline(never)]
fn open(area: Area) -> Result<(), FlashError> {
    let ended = finish(Some(area));
    if let Err(error) = pending::check(area).and(ended) {
        lock();
        return Err(error);
    }
    if CR.read() & LOCK != 0 {
        // Two writes that nothing may come between.
        without_interrupts(|| KEYS.into_iter().for_each(|key| KEYR.write(key)));
    }
    if CR.read() & LOCK != 0 {
        return Err(FlashError::Locked);
    }
    SR.write(ERRORS);
    Ok(())
}

/// Begins to erase the page of `area` that is at `offset` of the bank. §3.3.6, "Page erase".
pub(super) fn begin_erase(area: Area, offset: u32) -> Result<(), FlashError> {
    open(area)?;
    let bank = match area.bank() {
        Bank::One => 0,
        Bank::Two => BKER,
    };
    let page = offset.checked_div(PAGE_BYTES).unwrap_or(0) & 0xFF;
    let order = PER | page << PNB | bank | wakes();
    CR.write(order);
    CR.write(order | STRT);
    pending::erase(area.bank(), offset);
    Ok(())
}

/// Begins to program the double word of `area` that is at `offset` of the bank. §3.3.7, "Standard programming".
pub(super) fn begin_program(area: Area, offset: u32, unit: [u8; 8]) -> Result<(), FlashError> {
    let [a, b, c, d, e, f, g, h] = unit;
    let (first, second) = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    let place = Place::new(area.bank(), offset);
    if program_next(place, first, second) {
        return Ok(());
    }
    program_first(area, place, first, second)
}

/// Begins to program right behind another double word, once that has ended. Whether it does: not if there is anything else to
/// do or to tell before.
#[inline(never)]
fn program_next(place: Place, first: u32, second: u32) -> bool {
    let goes_on = pending::is_program() && !pending::any_failed();
    let well = goes_on && ready() & (BSY | ERRORS) == 0;
    if well {
        program(place, first, second);
    }
    well
}

/// The same behind anything else.
#[cold]
#[inline(never)]
fn program_first(area: Area, place: Place, first: u32, second: u32) -> Result<(), FlashError> {
    open(area)?;
    program(place, first, second);
    Ok(())
}

#[inline(always)]
fn program(place: Place, first: u32, second: u32) {
    let address = place.address();
    CR.write(PG | wakes());
    without_interrupts(|| {
        Register::at(address).write(first);
        Register::at(address.wrapping_add(4)).write(second);
    });
    data_barrier();
    pending::program(place);
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
