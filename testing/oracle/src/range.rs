//! The range decoder (§4.1).

use crate::Reject;

/// What the answer to a decision can be.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// Yes or no.
    Bit {
        /// P(true) × 65536.
        p1: u32,
        /// The answer.
        bit: bool,
    },
    /// One of sixteen symbols (§4.6).
    Symbol {
        /// Its share of the total.
        share: u32,
        /// What all symbols have together.
        total: u32,
        /// The answer.
        symbol: usize,
    },
}

/// One decoded decision, for whoever wants to look on.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// What was decided.
    pub answer: Answer,
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
        self.start()?;
        let bound = (self.range >> 16) * p1 + (((self.range & 0xFFFF) * p1) >> 16);
        let bit = self.code < bound;
        if bit {
            self.range = bound;
        } else {
            self.code = self.code.wrapping_sub(bound);
            self.range = self.range.wrapping_sub(bound);
        }
        self.refill(Answer::Bit { p1, bit })?;
        Ok(bit)
    }

    /// Decodes one of sixteen symbols, which have these shares of their total (§4.6).
    pub(crate) fn symbol(&mut self, shares: [u32; 16], total: u32) -> Result<usize, Reject> {
        self.start()?;
        let part = self.range / total;
        let mut symbol = 0;
        // The last one has all that is left.
        while symbol < 15 && self.code >= part * shares[symbol] {
            self.code -= part * shares[symbol];
            symbol += 1;
        }
        let share = shares[symbol];
        self.range = part * share;
        self.refill(Answer::Symbol { share, total, symbol })?;
        Ok(symbol)
    }

    /// Starts a segment if one is due.
    fn start(&mut self) -> Result<(), Reject> {
        if self.started {
            return Ok(());
        }
        self.started = true;
        self.range = u32::MAX;
        for _ in 0..4 {
            self.code = self.code << 8 | self.next_byte()?;
        }
        self.check_overrun()
    }

    /// Reads what a decision has used up, and notes the decision.
    fn refill(&mut self, answer: Answer) -> Result<(), Reject> {
        while self.range < 1 << 24 {
            self.code = self.code << 8 | self.next_byte()?;
            self.range <<= 8;
        }
        self.last_decision = Some(Decision { answer, range: self.range, code: self.code });
        Ok(())
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
