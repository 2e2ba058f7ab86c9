//! Orders of the host and the answers to them.
//!
//! ```text
//! word  0  bytes to copy, or of the patch      word  5  answer: 0 done, else 0x10000 + the error's number
//!       1  words of the workspace                    6, 7  two words that belong to it
//!       2  where images begin in their banks         8 …  public key, 33 bytes
//!       3  bytes that an image may have
//!       4  where the patch begins in bank 1
//! ```

use core::arch::asm;

use layout::{Area, BANK_BYTES, Bank, KEPT_RAM};

/// What no error of an applier has: flash failed, the signature is wrong, or an order makes no sense.
pub const FAILED: u16 = 0xFF00;

/// Bytes of a public key, compressed as SEC 1 has it.
const KEY_BYTES: usize = 33;

/// An order, taken.
pub struct Order {
    /// Bytes to copy, signature included, or of the patch.
    pub len: u32,
    /// Words of the workspace, as the patch declares.
    pub workspace_words: usize,
    /// The base, or the image to copy.
    pub base: Area,
    /// Where the target goes.
    pub target: Area,
    /// Where the patch is, up to the end of its bank.
    pub patch: Area,
    /// Who signed.
    pub key: [u8; KEY_BYTES],
}

/// What was found besides.
pub struct Answer {
    /// Words of the workspace that were written, counted from its start.
    pub workspace_words: usize,
    /// Bytes of RAM that the applier takes beside it.
    pub state_bytes: usize,
}

/// A word or byte of the range.
fn at<T>(offset: usize) -> *mut T {
    core::ptr::with_exposed_provenance_mut(KEPT_RAM.start as usize + offset)
}

fn word(index: usize) -> u32 {
    // SAFETY: in the range, which nothing of Rust's lies in.
    unsafe { at::<u32>(4 * index).read_volatile() }
}

fn set_word(index: usize, value: u32) {
    // SAFETY: as above.
    unsafe { at::<u32>(4 * index).write_volatile(value) }
}

impl Order {
    pub(crate) fn take() -> Self {
        let (start, bytes, patch) = (word(2), word(3), word(4));
        let mut key = [0; KEY_BYTES];
        for (index, byte) in key.iter_mut().enumerate() {
            // SAFETY: as above; the key ends within the range.
            *byte = unsafe { at::<u8>(32 + index).read_volatile() };
        }
        Self {
            len: word(0),
            workspace_words: word(1) as usize,
            base: Area::new(Bank::One, start, bytes),
            target: Area::new(Bank::Two, start, bytes),
            patch: Area::new(Bank::One, patch, BANK_BYTES.saturating_sub(patch)),
            key,
        }
    }
}

pub(crate) fn answer(done: Result<Answer, u16>) {
    let words = match done {
        Ok(Answer { workspace_words, state_bytes }) => [0, workspace_words, state_bytes],
        Err(code) => [0x1_0000 | usize::from(code), 0, 0],
    };
    for (index, value) in (5..).zip(words) {
        set_word(index, u32::try_from(value).unwrap_or(u32::MAX));
    }
}

/// Done: the host reads the answer and writes the next order.
pub(crate) fn wait() {
    // SAFETY: stops; the host goes on behind it.
    unsafe { asm!("bkpt #0", options(nostack)) }
}

/// One part of the work is over, for the host to look at its counters.
pub fn mark() {
    // SAFETY: as above.
    unsafe { asm!("bkpt #2", options(nostack)) }
}

/// A bug, of the order or of this program.
pub fn fail() -> ! {
    loop {
        // SAFETY: stops.
        unsafe { asm!("bkpt #1", options(nostack)) }
    }
}
