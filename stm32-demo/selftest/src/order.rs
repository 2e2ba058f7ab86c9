//! Orders of the host and the answers to them.
//!
//! ```text
//! word  0  verb              word  4  answer: 0 well, else an error
//!       1  bank, 1 or 2            5, 6  two words that belong to it
//!       2  offset                  8 …  data, of `value` bytes where the verb has any
//!       3  value
//! ```

use bsp::flash::FlashError;
use layout::{Bank, KEPT_RAM};

/// Bytes of data in the words from the eighth on.
const DATA_BYTES: usize = KEPT_RAM.len as usize - 32;

/// What is to be done.
#[derive(Clone, Copy)]
pub(crate) enum Verb {
    Erase,
    Write,
    Read,
    Map,
    Fast,
    Slow,
    Causes,
    Watch,
    Hang,
    Trust,
    Echo,
    PostErase,
    PostWrite,
    Flush,
}

const VERBS: [Verb; 14] = [
    Verb::Erase,
    Verb::Write,
    Verb::Read,
    Verb::Map,
    Verb::Fast,
    Verb::Slow,
    Verb::Causes,
    Verb::Watch,
    Verb::Hang,
    Verb::Trust,
    Verb::Echo,
    Verb::PostErase,
    Verb::PostWrite,
    Verb::Flush,
];

/// An order, taken.
pub(crate) struct Order {
    pub(crate) verb: Verb,
    pub(crate) bank: Bank,
    pub(crate) offset: u32,
    pub(crate) value: u32,
    data: [u8; DATA_BYTES],
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
        let Some(&verb) = VERBS.get(word(0) as usize) else { fail() };
        let bank = if word(1) == 2 { Bank::Two } else { Bank::One };
        let mut data = [0; DATA_BYTES];
        for (index, byte) in data.iter_mut().enumerate() {
            // SAFETY: as above; the data end with the range.
            *byte = unsafe { at::<u8>(32 + index).read_volatile() };
        }
        Self { verb, bank, offset: word(2), value: word(3), data }
    }

    pub(crate) fn data(&self) -> &[u8] {
        self.data.get(..self.value as usize).unwrap_or(&[])
    }

    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        self.data.get_mut(..self.value as usize).unwrap_or(&mut [])
    }

    /// Writes the answer, and data if there may be new ones.
    pub(crate) fn answer(self, answer: Result<[u32; 2], FlashError>) {
        let (code, [first, second]) = match answer {
            Ok(words) => (0, words),
            Err(FlashError::Ecc { bank, offset }) => (1, [bank as u32 + 1, offset]),
            Err(FlashError::NotErased { offset }) => (2, [offset, 0]),
            Err(FlashError::Protected) => (3, [0, 0]),
            Err(FlashError::OutOfBounds { offset, len }) => (4, [offset, len]),
            Err(FlashError::Unaligned { offset, expected }) => (5, [offset, expected]),
            Err(FlashError::Locked) => (6, [0, 0]),
            Err(FlashError::Timeout) => (7, [0, 0]),
            Err(FlashError::Sequence { flags }) => (8, [flags, 0]),
            Err(_) => (9, [0, 0]),
        };
        set_word(4, code);
        set_word(5, first);
        set_word(6, second);
        for (index, byte) in self.data.into_iter().enumerate() {
            // SAFETY: as in `take`.
            unsafe { at::<u8>(32 + index).write_volatile(byte) };
        }
    }
}

/// Reads a word of flash as a program reads its constants.
pub(crate) fn peek(address: u32) -> u32 {
    let word = core::ptr::with_exposed_provenance::<u32>(address as usize);
    // SAFETY: an address of flash, by the caller.
    unsafe { word.read_volatile() }
}

/// Done: the host reads the answer and writes the next order.
pub(crate) fn wait() {
    // SAFETY: stops; the host goes on behind it.
    unsafe { core::arch::asm!("bkpt #0", options(nostack)) }
}

/// There is no such order, or a bug.
pub(crate) fn fail() -> ! {
    loop {
        // SAFETY: stops.
        unsafe { core::arch::asm!("bkpt #1", options(nostack)) }
    }
}
