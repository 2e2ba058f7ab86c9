//! Reads that find torn words instead of dying of them. RM0351 §3.3.2.
//!
//! A double word whose ECC does not match raises NMI when it is read; the read itself gives some bits or other. So a read
//! announces where it is going to read, and the handler notes what it was called for. An NMI for any other place is code or
//! constants of the program that cannot be trusted: a reset, and the bootloader decides.

use core::sync::atomic::{AtomicU32, Ordering};

use layout::{Bank, WRITE_BYTES};

use super::FlashError;
use super::controller::without_data_cache;
use super::place::{NONE, Place};
use crate::bank::Mapping;
use crate::core_registers::data_barrier;
use crate::register::Register;
use crate::reset;

/// §3.7.7.
const ECCR: Register = Register::at(0x4002_2018);
const ECCD: u32 = 1 << 31;

/// The first and the last byte that a read announced, each a [`Place`].
static FROM: AtomicU32 = AtomicU32::new(NONE);
static TO: AtomicU32 = AtomicU32::new(0);
/// The first torn word that it came across.
static TORN: AtomicU32 = AtomicU32::new(NONE);

/// To be called from the handler of NMI, and nothing else in it.
pub fn on_nmi() {
    let found = ECCR.read();
    let torn = Place::of(found).0;
    let within = (FROM.load(Ordering::Relaxed)..=TO.load(Ordering::Relaxed)).contains(&torn);
    if found & ECCD == 0 || !within {
        reset::now();
    }
    // The first is the one to name.
    if TORN.load(Ordering::Relaxed) == NONE {
        TORN.store(torn, Ordering::Relaxed);
    }
    // Until it is cleared NMI comes again, and no other place is noted (§3.7.7).
    ECCR.write(ECCD);
    data_barrier();
}

/// Reads from a physical bank, within which the bytes are.
pub(super) fn read(bank: Bank, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
    let Some(last) = u32::try_from(bytes.len()).ok().and_then(|len| len.checked_sub(1)) else {
        return Ok(());
    };
    let address = Mapping::now().address(bank, offset);
    let first_word = offset & !WRITE_BYTES.wrapping_sub(1);
    TORN.store(NONE, Ordering::Relaxed);
    TO.store(Place::new(bank, offset.wrapping_add(last)).0, Ordering::Relaxed);
    FROM.store(Place::new(bank, first_word).0, Ordering::Relaxed);
    data_barrier();
    without_data_cache(|| {
        let mut from = core::ptr::with_exposed_provenance::<u8>(address as usize);
        for byte in bytes {
            // SAFETY: flash, by the caller, which is memory that nothing of Rust's lies in.
            *byte = unsafe { from.read_volatile() };
            from = from.wrapping_add(1);
        }
    });
    // NMI for the last of them must have come before anyone looks.
    data_barrier();
    FROM.store(NONE, Ordering::Relaxed);
    match TORN.load(Ordering::Relaxed) {
        NONE => Ok(()),
        torn => Err(FlashError::Ecc { bank, offset: Place(torn).offset() }),
    }
}
