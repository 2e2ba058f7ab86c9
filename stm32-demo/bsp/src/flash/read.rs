//! Reads that find torn words instead of dying of them. RM0351 §3.3.2.
//!
//! A double word whose ECC does not match raises NMI when it is read; the read itself gives some bits or other. So a read
//! announces where it is going to read, and the handler notes what it was called for. An NMI for any other place is code or
//! constants of the program that cannot be trusted: a reset, and the bootloader decides.

use core::sync::atomic::{AtomicU32, Ordering};

use layout::WRITE_BYTES;

use super::controller::without_data_cache;
use super::place::{NONE, Place};
use crate::core_registers::data_barrier;
use crate::register::Register;
use crate::reset;

/// §3.7.7.
const ECCR: Register = Register::at(0x4002_2018);
const ECCD: u32 = 1 << 31;

/// What a read and the handler tell each other.
struct State {
    /// The first and the last byte that a read announced, each a [`Place`].
    from: AtomicU32,
    to: AtomicU32,
    /// The first torn word that it came across.
    torn: AtomicU32,
}

// Used as a whole, or the compiler would lay its fields apart, each with an address to load.
#[used]
static STATE: State =
    State { from: AtomicU32::new(NONE), to: AtomicU32::new(0), torn: AtomicU32::new(NONE) };

/// To be called from the handler of NMI, and nothing else in it.
pub fn on_nmi() {
    let found = ECCR.read();
    let torn = Place::of(found).0;
    let within =
        (STATE.from.load(Ordering::Relaxed)..=STATE.to.load(Ordering::Relaxed)).contains(&torn);
    if found & ECCD == 0 || !within {
        reset::now();
    }
    // The first is the one to name.
    if STATE.torn.load(Ordering::Relaxed) == NONE {
        STATE.torn.store(torn, Ordering::Relaxed);
    }
    // Until it is cleared NMI comes again, and no other place is noted (§3.7.7).
    ECCR.write(ECCD);
    data_barrier();
}

/// Reads from `place` on, within its bank; the first torn word that it comes across.
pub(super) fn read(place: Place, bytes: &mut [u8]) -> Option<Place> {
    let last = u32::try_from(bytes.len()).ok().and_then(|len| len.checked_sub(1))?;
    let address = place.address();
    STATE.torn.store(NONE, Ordering::Relaxed);
    STATE.to.store(place.0.wrapping_add(last), Ordering::Relaxed);
    STATE.from.store(place.0 & !WRITE_BYTES.wrapping_sub(1), Ordering::Relaxed);
    data_barrier();
    without_data_cache(|| copy(address, bytes));
    // NMI for the last of them must have come before anyone looks.
    data_barrier();
    STATE.from.store(NONE, Ordering::Relaxed);
    match STATE.torn.load(Ordering::Relaxed) {
        NONE => None,
        torn => Some(Place(torn)),
    }
}

/// Reads by words, and by bytes what is before the first and behind the last.
fn copy(address: u32, bytes: &mut [u8]) {
    let mut from = core::ptr::with_exposed_provenance::<u8>(address as usize);
    let before = address.wrapping_neg() as usize & 3;
    let (head, rest) = bytes.split_at_mut(before.min(bytes.len()));
    for byte in head {
        // SAFETY: flash, by the caller, which is memory that nothing of Rust's lies in.
        *byte = unsafe { from.read_volatile() };
        from = from.wrapping_add(1);
    }
    let (pairs, rest) = rest.as_chunks_mut::<8>();
    for pair in pairs {
        let words = from.cast::<u32>();
        // SAFETY: as above; aligned, behind the head.
        let first = unsafe { words.read_volatile() };
        // SAFETY: as above.
        let second = unsafe { words.wrapping_add(1).read_volatile() };
        *pair = (u64::from(first) | (u64::from(second) << 32)).to_le_bytes();
        from = from.wrapping_add(8);
    }
    for byte in rest {
        // SAFETY: as above.
        *byte = unsafe { from.read_volatile() };
        from = from.wrapping_add(1);
    }
}
