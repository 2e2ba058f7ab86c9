//! Ops of a delta, a byte at a time.
//!
//! ```text
//! data-format length (0)   then until the target is made:   diff length, bytes   extra length, bytes   adjustment
//! ```

use crate::error::PatchError;
use crate::number::Number;

/// What a byte of the delta means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Part of a number.
    Nothing,
    /// Added to the base at the cursor, which moves on, it makes a byte of the target.
    Diff(u8),
    /// A byte of the target.
    Extra(u8),
    /// Moves the cursor in the base.
    Jump(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    FormatLength,
    Format,
    DiffLength,
    Diff,
    ExtraLength,
    Extra,
    Adjustment,
    Nothing,
}

/// One delta.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ops {
    expected: Expected,
    number: Number,
    /// Bytes of the target that are not announced yet.
    left: u32,
    /// Bytes of this op that are.
    run: u32,
}

impl Ops {
    /// The delta of a target, or a segment of one, of `target_len` bytes.
    pub(crate) fn new(target_len: u32) -> Self {
        let expected = if target_len == 0 { Expected::Nothing } else { Expected::FormatLength };
        Self { expected, number: Number::default(), left: target_len, run: 0 }
    }

    /// Whether it is over.
    pub(crate) fn done(&self) -> bool {
        self.expected == Expected::Nothing
    }

    /// Whether what stands before the ops is known to be fine.
    pub(crate) fn begun(&self) -> bool {
        !matches!(self.expected, Expected::FormatLength | Expected::Format)
    }

    /// Takes a byte.
    pub(crate) fn feed(&mut self, byte: u8) -> Result<Op, PatchError> {
        match self.expected {
            Expected::Diff => {
                self.run = self.run.saturating_sub(1);
                if self.run == 0 {
                    self.expected = Expected::ExtraLength;
                }
                return Ok(Op::Diff(byte));
            }
            Expected::Extra => {
                self.run = self.run.saturating_sub(1);
                if self.run == 0 {
                    self.expected = Expected::Adjustment;
                }
                return Ok(Op::Extra(byte));
            }
            Expected::Nothing => return Err(PatchError::TrailingData),
            Expected::FormatLength
            | Expected::Format
            | Expected::DiffLength
            | Expected::ExtraLength
            | Expected::Adjustment => {}
        }
        let Some(number) = self.number.feed(byte)? else { return Ok(Op::Nothing) };
        match self.expected {
            Expected::FormatLength => {
                let format = self.length(number)?;
                self.expected = if format > 0 { Expected::Format } else { Expected::DiffLength };
            }
            Expected::Format => return Err(PatchError::DataFormat { got: number }),
            Expected::DiffLength => {
                let run = self.announced(number)?;
                self.expected = if run > 0 { Expected::Diff } else { Expected::ExtraLength };
            }
            Expected::ExtraLength => {
                let run = self.announced(number)?;
                self.expected = if run > 0 { Expected::Extra } else { Expected::Adjustment };
            }
            Expected::Adjustment => {
                let over = self.left == 0;
                self.expected = if over { Expected::Nothing } else { Expected::DiffLength };
                return Ok(Op::Jump(number));
            }
            Expected::Diff | Expected::Extra | Expected::Nothing => {}
        }
        Ok(Op::Nothing)
    }

    fn length(&self, number: i64) -> Result<u64, PatchError> {
        u64::try_from(number).map_err(|_| PatchError::Number { got: number })
    }

    /// A length that is within what is left of the target.
    fn announced(&mut self, number: i64) -> Result<u32, PatchError> {
        let got = self.length(number)?;
        let run = u32::try_from(got).ok().filter(|&run| run <= self.left);
        let run = run.ok_or(PatchError::TooLong { expected: self.left, got })?;
        self.left = self.left.saturating_sub(run);
        self.run = run;
        Ok(run)
    }
}
