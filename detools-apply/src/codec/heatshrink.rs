//! heatshrink behind one byte of parameters.
//!
//! ```text
//! (W - 4) << 4 | (L - 3)     then bits, most significant first:
//! 1 byte:8                   a literal
//! 0 distance-1:W count-1:L   bytes of the window again
//! ```
//! At the end up to seven bits are left over.

use super::{Codec, Step, only, sealed};
use crate::error::CodecError;
use crate::header::Compression;
use crate::input::Input;

/// Bytes that the longest item takes beside bits that are held: 1 + 15 + 14 bits.
const ITEM_BYTES: usize = 4;
const LEAST_WINDOW: u8 = 4;
const MOST_WINDOW: u8 = 15;
const LEAST_LOOKAHEAD: u8 = 3;

/// heatshrink. Patches of deployed devices take a window of 256 bytes.
#[derive(Debug)]
pub struct Heatshrink<'a> {
    window: &'a mut [u8],
    /// Bits of a distance and of a count; `None` until the byte of parameters has come.
    bits: Option<(u8, u8)>,
    /// Bits taken from the input and not used, the next one highest of `count`.
    held: u64,
    count: u32,
    head: usize,
    distance: usize,
    left: u32,
}

impl<'a> Heatshrink<'a> {
    /// A decoder with room for windows of up to `window.len()` bytes; larger ones are refused.
    pub fn new(window: &'a mut [u8]) -> Self {
        Self { window, bits: None, held: 0, count: 0, head: 0, distance: 0, left: 0 }
    }

    fn parameters(&mut self, byte: u8) -> Result<(u8, u8), CodecError> {
        let window = (byte >> 4).saturating_add(LEAST_WINDOW);
        let lookahead = (byte & 0xF).saturating_add(LEAST_LOOKAHEAD);
        if window > MOST_WINDOW || lookahead >= window {
            return Err(CodecError::HeatshrinkParameters { got: byte });
        }
        let expected = 1_usize.wrapping_shl(window.into());
        let got = self.window.len();
        let used = core::mem::take(&mut self.window).get_mut(..expected);
        let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let (expected, got) = (number(expected), number(got));
        self.window = used.ok_or(CodecError::Window { expected, got })?;
        self.window.fill(0);
        Ok((window, lookahead))
    }

    /// The next `bits` bits, if there are as many.
    fn take(&mut self, bits: u8, input: &mut Input) -> Option<usize> {
        let bits = u32::from(bits);
        // At most two turns: 15 bits are asked for at most.
        while self.count < bits {
            self.held = self.held << 8 | u64::from(input.next()?);
            self.count = self.count.saturating_add(8);
        }
        self.count = self.count.saturating_sub(bits);
        let mask = 1_u64.wrapping_shl(bits).saturating_sub(1);
        usize::try_from(self.held.wrapping_shr(self.count) & mask).ok()
    }

    fn put(&mut self, byte: u8) -> Step {
        if let Some(slot) = self.window.get_mut(self.head) {
            *slot = byte;
        }
        self.head = self.head.wrapping_add(1) & self.window.len().saturating_sub(1);
        Step::Byte(byte)
    }
}

impl sealed::Sealed for Heatshrink<'_> {}

impl Codec for Heatshrink<'_> {
    fn open(&mut self, compression: Compression) -> Result<(), CodecError> {
        only(compression, Compression::Heatshrink)
    }

    fn byte(&mut self, input: &mut Input) -> Result<Step, CodecError> {
        if self.left == 0 {
            if !input.ready(ITEM_BYTES) {
                return Ok(Step::Starved);
            }
            let (window, lookahead) = match self.bits {
                Some(bits) => bits,
                None => {
                    let byte = input.next().ok_or(CodecError::Truncated)?;
                    let bits = self.parameters(byte)?;
                    self.bits = Some(bits);
                    if !input.ready(ITEM_BYTES) {
                        return Ok(Step::Starved);
                    }
                    bits
                }
            };
            // Fewer bits than an item has are left over at the end.
            let Some(literal) = self.take(1, input) else { return Ok(Step::End) };
            if literal == 1 {
                let byte = self.take(8, input).map(usize::to_le_bytes);
                let Some([byte, ..]) = byte else { return Ok(Step::End) };
                return Ok(self.put(byte));
            }
            let item = self.take(window, input).zip(self.take(lookahead, input));
            let Some((distance, count)) = item else { return Ok(Step::End) };
            self.distance = distance.wrapping_add(1);
            self.left = u32::try_from(count).unwrap_or(0).wrapping_add(1);
        }
        self.left = self.left.saturating_sub(1);
        let mask = self.window.len().saturating_sub(1);
        let from = self.head.wrapping_sub(self.distance) & mask;
        let byte = self.window.get(from).copied().unwrap_or(0);
        Ok(self.put(byte))
    }
}
