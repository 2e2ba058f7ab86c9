//! The range decoder (§4.1).

use crate::Reject;

/// One decoded decision, for whoever wants to look on.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// P(true) × 65536.
    pub p1: u32,
    /// The answer.
    pub bit: bool,
    /// `range` after it.
    pub range: u32,
    /// `code` after it.
    pub code: u32,
}

/// The range decoder over a body.
#[derive(Debug)]
pub(crate) struct RangeDecoder<'a> {
    /// The bytes of the body that exist; fewer than `body_len` if the patch is truncated.
    body: &'a [u8],
    body_len: usize,
    /// Body bytes read, with those past the end.
    pub(crate) read: usize,
    pub(crate) range: u32,
    pub(crate) code: u32,
    /// A segment is started.
    pub(crate) started: bool,
    pub(crate) last_decision: Option<Decision>,
    /// What follows belongs to a value that is not complete: it is not asked how many bytes past the end were needed.
    pub(crate) inside_value: bool,
}

impl<'a> RangeDecoder<'a> {
    pub(crate) fn new(body: &'a [u8], body_len: usize) -> Self {
        Self {
            body,
            body_len,
            read: 0,
            range: 0,
            code: 0,
            started: false,
            last_decision: None,
            inside_value: false,
        }
    }

    fn next_byte(&mut self) -> Result<u32, Reject> {
        let byte = match self.body.get(self.read) {
            Some(&byte) => byte,
            None if self.read < self.body_len => return Err(Reject::Truncated),
            None => 0,
        };
        self.read += 1;
        Ok(u32::from(byte))
    }

    /// Decodes one decision with P(true) = `p1` / 65536.
    pub(crate) fn decide(&mut self, p1: u32) -> Result<bool, Reject> {
        if !self.started {
            self.started = true;
            self.range = u32::MAX;
            for _ in 0..4 {
                self.code = self.code << 8 | self.next_byte()?;
            }
            self.check_overrun()?;
        }
        let bound = (self.range >> 16) * p1 + (((self.range & 0xFFFF) * p1) >> 16);
        let bit = self.code < bound;
        if bit {
            self.range = bound;
        } else {
            self.code = self.code.wrapping_sub(bound);
            self.range = self.range.wrapping_sub(bound);
        }
        while self.range < 1 << 24 {
            self.code = self.code << 8 | self.next_byte()?;
            self.range <<= 8;
        }
        self.last_decision = Some(Decision { p1, bit, range: self.range, code: self.code });
        Ok(bit)
    }

    /// Asserts that no more than four bytes past the end were needed.
    pub(crate) fn check_overrun(&self) -> Result<(), Reject> {
        let overrun = self.read > self.body_len + 4 && !self.inside_value;
        if overrun { Err(Reject::Overrun) } else { Ok(()) }
    }

    /// Every byte of the body must have been read.
    pub(crate) fn is_finished(&self) -> bool {
        self.read >= self.body_len
    }
}
