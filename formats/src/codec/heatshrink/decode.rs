//! Decoding heatshrink from memory.

use std::io::{self, Read};

use super::Parameters;

/// Decodes from memory.
#[derive(Debug)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    /// Next bit of `bytes`.
    at: usize,
    parameters: Parameters,
    window: Vec<u8>,
    /// Bytes decoded so far, modulo the window.
    head: usize,
    copy: Copy,
}

#[derive(Debug, Default)]
struct Copy {
    distance: usize,
    left: usize,
}

impl<'a> Decoder<'a> {
    /// Decodes `bytes`, which begin after the byte of parameters.
    #[must_use]
    pub fn new(bytes: &'a [u8], parameters: Parameters) -> Self {
        let window = vec![0; 1 << parameters.window];
        Self { bytes, at: 0, parameters, window, head: 0, copy: Copy::default() }
    }

    /// The next `count` bits, if there are as many.
    fn bits(&mut self, count: u8) -> Option<usize> {
        let mut value = 0;
        for at in self.at..self.at + usize::from(count) {
            let byte = self.bytes.get(at / 8)?;
            value = value << 1 | usize::from(byte >> (7 - at % 8) & 1);
        }
        self.at += usize::from(count);
        Some(value)
    }

    /// The next byte; `None` at the end, where fewer bits are left than the next item has.
    fn byte(&mut self) -> Option<u8> {
        let mask = self.window.len() - 1;
        if self.copy.left == 0 {
            let literal = self.bits(1)? == 1;
            if literal {
                let byte = self.bits(8)?.to_le_bytes()[0];
                self.push(byte);
                return Some(byte);
            }
            let distance = self.bits(self.parameters.window)? + 1;
            let left = self.bits(self.parameters.lookahead)? + 1;
            self.copy = Copy { distance, left };
        }
        self.copy.left -= 1;
        let byte = self.window[self.head.wrapping_sub(self.copy.distance) & mask];
        self.push(byte);
        Some(byte)
    }

    fn push(&mut self, byte: u8) {
        self.window[self.head] = byte;
        self.head = (self.head + 1) & (self.window.len() - 1);
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        for slot in bytes {
            let Some(byte) = self.byte() else { break };
            *slot = byte;
            count += 1;
        }
        Ok(count)
    }
}
