//! heatshrink: LZSS for the smallest microcontrollers.
//!
//! ```text
//! byte 0            window - 4 : 4   lookahead - 3 : 4          (detools' own; the rest is plain heatshrink)
//! then, bit by bit  1 byte:8                            a literal
//!                   0 distance-1:window length-1:lookahead   a copy of what was decoded
//! ```
//! Most significant bits first; zero bits fill the last byte. The window is all zeros at first.
//!
//! **Reference**: heatshrink 0.4.1, `heatshrink_encoder.c` and `heatshrink_decoder.c`; detools 0.53.

mod decode;
mod encode;

pub use decode::Decoder;
pub use encode::encode;

use core::ops::RangeInclusive;

use crate::Error;

/// What the device must be configured for: both are logarithms to base 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    window: u8,
    lookahead: u8,
}

impl Parameters {
    /// What deployed C appliers of detools are compiled for: a window of 256 bytes, copies of up to 128.
    pub const DEPLOYED: Self = Self { window: 8, lookahead: 7 };
    /// Windows that heatshrink has, as logarithms.
    pub const WINDOWS: RangeInclusive<u8> = 4..=15;

    /// The parameters of a window of 2^`window` bytes and copies of up to 2^`lookahead` bytes.
    ///
    /// # Errors
    /// [`Error::Parameter`] unless 4 ≤ `window` ≤ 15 and 3 ≤ `lookahead` < `window`, as heatshrink asks for.
    pub fn new(window: u8, lookahead: u8) -> Result<Self, Error> {
        if Self::WINDOWS.contains(&window) && (3..window).contains(&lookahead) {
            return Ok(Self { window, lookahead });
        }
        Err(Error::Parameter {
            expected: "a heatshrink window of 4 to 15 bits and a lookahead of 3 bits or more, \
                       less than the window"
                .to_owned(),
            found: format!("{window},{lookahead}"),
        })
    }

    /// Logarithm of the window's length in bytes.
    #[must_use]
    pub fn window(self) -> u8 {
        self.window
    }

    /// Logarithm of the longest copy in bytes.
    #[must_use]
    pub fn lookahead(self) -> u8 {
        self.lookahead
    }

    /// Length of the window in bytes: what the decoder remembers.
    #[must_use]
    pub fn window_bytes(self) -> u64 {
        1 << self.window
    }

    /// The byte that stands before the coded bytes.
    #[must_use]
    pub fn byte(self) -> u8 {
        (self.window - 4) << 4 | (self.lookahead - 3)
    }

    /// The parameters at the begin of `bytes`, and the rest.
    pub(crate) fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (&first, rest) = bytes
            .split_first()
            .ok_or(Error::Truncated { expected: "the heatshrink parameters" })?;
        let found = i64::from(first);
        let parameters = Self::new((first >> 4) + 4, (first & 0xF) + 3)
            .map_err(|_| Error::Number { expected: "heatshrink parameters", found })?;
        Ok((parameters, rest))
    }
}

#[cfg(test)]
mod tests;
