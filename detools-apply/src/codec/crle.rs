//! Conditional run length encoding.
//!
//! ```text
//! segment    0 length bytes…     as they are
//!            1 length byte       one byte, repeated
//! ```
//! A length is an unsigned number of seven bits a byte, least significant first.

use super::{Codec, Step, only, sealed};
use crate::error::CodecError;
use crate::header::Compression;
use crate::input::Input;

const SCATTERED: u8 = 0;
const REPEATED: u8 = 1;
/// Kind, a number of 64 bits, the byte that repeats.
const HEAD_BYTES: usize = 12;

/// CRLE.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crle {
    left: u64,
    /// The byte that repeats, in a segment where one does.
    byte: Option<u8>,
}

impl sealed::Sealed for Crle {}

impl Codec for Crle {
    fn open(&mut self, compression: Compression) -> Result<(), CodecError> {
        *self = Self::default();
        only(compression, Compression::Crle)
    }

    fn byte(&mut self, input: &mut Input) -> Result<Step, CodecError> {
        // Each turn takes two bytes of input at least.
        while self.left == 0 {
            if !input.ready(HEAD_BYTES) {
                return Ok(Step::Starved);
            }
            let Some(kind) = input.next() else { return Ok(Step::End) };
            self.left = length(input)?;
            self.byte = match kind {
                SCATTERED => None,
                REPEATED => Some(input.next().ok_or(CodecError::Truncated)?),
                got => return Err(CodecError::CrleKind { got }),
            };
        }
        let byte = match self.byte {
            Some(byte) => byte,
            None => match input.next() {
                Some(byte) => byte,
                None if input.exhausted() => return Err(CodecError::Truncated),
                None => return Ok(Step::Starved),
            },
        };
        self.left = self.left.saturating_sub(1);
        Ok(Step::Byte(byte))
    }
}

fn length(input: &mut Input) -> Result<u64, CodecError> {
    let (mut length, mut shift) = (0_u64, 0_u32);
    // Ten bytes hold 70 bits.
    for _ in 0..10 {
        let byte = input.next().ok_or(CodecError::Truncated)?;
        let bits = u64::from(byte & 0x7F);
        let placed = bits.checked_shl(shift).unwrap_or(0);
        if placed.checked_shr(shift).unwrap_or(0) != bits {
            return Err(CodecError::CrleLength);
        }
        length |= placed;
        if byte & 0x80 == 0 {
            return Ok(length);
        }
        shift = shift.saturating_add(7);
    }
    Err(CodecError::CrleLength)
}
