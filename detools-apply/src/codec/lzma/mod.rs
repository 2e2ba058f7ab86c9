//! LZMA in the "alone" container.
//!
//! ```text
//! properties:u8  (pb * 5 + lp) * 9 + lc        dictionary:u32        length:u64, all ones if unknown        0  code:u32be  …
//! ```
//! The container ends with an end mark where the length is unknown, as detools writes it, and may have one where it is known.
//!
//! **Reference**: LZMA specification, I. Pavlov, 2015 (public domain).

mod layout;
mod range;
mod symbol;

use super::{Codec, Step, only, sealed};
use crate::error::CodecError;
use crate::header::Compression;
use crate::input::{Input, LONGEST_STEP};
use range::Range;
use symbol::{Properties, Symbol, Symbols};

const HEAD_BYTES: usize = 18;
/// Smaller dictionaries count as this one.
const LEAST_DICTIONARY: u32 = 1 << 12;
const UNKNOWN: u64 = u64::MAX;

/// LZMA. `patcher create --compression lzma:LC,LP,PB,DICT` makes patches for the memory that there is; those of detools itself
/// ask for a dictionary of 8 MiB.
#[derive(Debug)]
pub struct Lzma<'a> {
    dictionary: &'a mut [u8],
    symbols: Symbols<'a>,
    /// `None` until the header has come.
    range: Option<Range>,
    /// Bytes that a distance may reach back to.
    reach: u32,
    /// Bytes still to come, if known.
    length: Option<u64>,
    head: usize,
    made: u32,
    distance: u32,
    left: u32,
    ended: bool,
}

impl<'a> Lzma<'a> {
    /// Words of probabilities for `lc` + `lp` bits of context: 15,980 bytes for the usual 3.
    #[must_use]
    pub const fn probabilities(lc_and_lp: u32) -> usize {
        layout::words(lc_and_lp)
    }

    /// A decoder with room for dictionaries of up to `dictionary.len()` bytes and for
    /// [`probabilities`](Self::probabilities); what needs more is refused.
    pub fn new(dictionary: &'a mut [u8], probabilities: &'a mut [u16]) -> Self {
        Self {
            dictionary,
            symbols: Symbols::new(probabilities),
            range: None,
            reach: 0,
            length: None,
            head: 0,
            made: 0,
            distance: 0,
            left: 0,
            ended: false,
        }
    }

    fn header(&mut self, input: &mut Input) -> Result<Range, CodecError> {
        let mut head = [0; HEAD_BYTES];
        for slot in &mut head {
            *slot = input.next().ok_or(CodecError::Truncated)?;
        }
        let [properties, d0, d1, d2, d3, l0, l1, l2, l3, l4, l5, l6, l7, first, code @ ..] = head;
        let properties = Properties::parse(properties)?;
        self.reach = u32::from_le_bytes([d0, d1, d2, d3]).max(LEAST_DICTIONARY);
        let got = u32::try_from(self.dictionary.len()).unwrap_or(u32::MAX);
        if self.reach > got {
            return Err(CodecError::Window { expected: self.reach, got });
        }
        let length = u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]);
        self.length = (length != UNKNOWN).then_some(length);
        self.symbols.open(properties)?;
        if first != 0 {
            return Err(CodecError::Lzma);
        }
        Ok(Range::start(u32::from_be_bytes(code)))
    }

    /// The byte `distance` + 1 back.
    fn back(&self, distance: u32) -> u8 {
        let size = self.dictionary.len();
        let back = (distance as usize).saturating_add(1);
        let from = match self.head.checked_sub(back) {
            Some(from) => from,
            None => self.head.saturating_add(size).saturating_sub(back),
        };
        self.dictionary.get(from).copied().unwrap_or(0)
    }

    fn put(&mut self, byte: u8) -> Step {
        if let Some(slot) = self.dictionary.get_mut(self.head) {
            *slot = byte;
        }
        self.head = self.head.saturating_add(1);
        if self.head >= self.dictionary.len() {
            self.head = 0;
        }
        self.made = self.made.saturating_add(1);
        if let Some(length) = &mut self.length {
            *length = length.saturating_sub(1);
        }
        self.symbols.passed(byte);
        Step::Byte(byte)
    }
}

impl sealed::Sealed for Lzma<'_> {}

impl Codec for Lzma<'_> {
    fn open(&mut self, compression: Compression) -> Result<(), CodecError> {
        only(compression, Compression::Lzma)
    }

    fn byte(&mut self, input: &mut Input) -> Result<Step, CodecError> {
        if self.ended {
            return Ok(Step::End);
        }
        if self.left == 0 {
            if !input.ready(LONGEST_STEP) {
                return Ok(Step::Starved);
            }
            let mut range = match self.range {
                Some(range) => range,
                None => {
                    let range = self.header(input)?;
                    self.range = Some(range);
                    if !input.ready(LONGEST_STEP) {
                        return Ok(Step::Starved);
                    }
                    range
                }
            };
            if self.length == Some(0) {
                range.normalise(input);
                self.ended = range.finished() && input.exhausted() && !range.starved;
                if self.ended {
                    return Ok(Step::End);
                }
            }
            let matched = self.back(self.symbols.last_distance());
            let symbol = self.symbols.next(&mut range, input, matched);
            if matches!(symbol, Symbol::End) {
                range.normalise(input);
            }
            if range.starved {
                return Err(CodecError::Truncated);
            }
            self.range = Some(range);
            match symbol {
                Symbol::End => {
                    if !range.finished() || self.length.is_some_and(|left| left > 0) {
                        return Err(CodecError::Lzma);
                    }
                    self.ended = true;
                    return Ok(Step::End);
                }
                // Only an end mark may follow the last byte.
                _ if self.length == Some(0) => return Err(CodecError::Lzma),
                Symbol::Literal(byte) => return Ok(self.put(byte)),
                Symbol::Copy { distance, count } => {
                    if distance >= self.made.min(self.reach) {
                        return Err(CodecError::Lzma);
                    }
                    (self.distance, self.left) = (distance, count);
                }
            }
        }
        if self.length == Some(0) {
            return Err(CodecError::Lzma);
        }
        self.left = self.left.saturating_sub(1);
        let byte = self.back(self.distance);
        Ok(self.put(byte))
    }
}
