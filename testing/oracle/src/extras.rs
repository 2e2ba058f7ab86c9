//! Extras: literals and copies (§8).

use crate::Reject;
use crate::body::Body;
use crate::hash::context;
use crate::values::{ByteContexts, Number, Role, Switch, unzigzag};
use crate::workspace::Source;

impl Body<'_> {
    /// Decodes an extra of `left` bytes.
    pub(crate) fn extra(&mut self, mut left: u32) -> Result<(), Reject> {
        self.registers.copied = false;
        self.settled = self.target.len();
        while left > 0 {
            let copy = left >= 2 && self.switch(Switch::IsCopy, self.registers.tokens & 7)?;
            self.registers.tokens = self.registers.tokens << 1 | u32::from(copy);
            if copy {
                self.registers.copied = true;
                left -= self.copy(left)?;
            } else {
                let contexts = self.literal_contexts(left);
                let byte = self.byte(Role::Literal, &contexts)?;
                self.produce(byte);
                self.settle();
                left -= 1;
                self.registers.remember(true);
            }
        }
        Ok(())
    }

    /// The byte that a literal is compared with; 0 where there is none.
    fn comparison(&self, left: u32) -> u8 {
        let source = self.registers.repeats[0];
        let from = self.position().wrapping_add(source.delta);
        let byte = if !self.registers.copied {
            self.seen_in_base(self.registers.base.wrapping_sub(left))
        } else if source.from_base {
            self.seen_in_base(from)
        } else {
            self.seen_in_target(from)
        };
        byte.unwrap_or(0)
    }

    fn literal_contexts(&self, left: u32) -> ByteContexts {
        let c1 = self.registers.last & 0xFF;
        let q = self.position() & 1;
        ByteContexts {
            expected: self.comparison(left),
            first: context(0, self.registers.tokens & 7, q),
            others: [context(1, 0, q), context(2, c1, q)],
        }
    }

    /// Decodes a copy and answers its length.
    fn copy(&mut self, left: u32) -> Result<u32, Reject> {
        // The token of this copy is there already.
        let since = (self.registers.tokens >> 1 & 7).trailing_zeros().min(3);
        let repeated = u32::from(self.registers.repeated);
        let repeat = self.switch(Switch::IsRepeat, 2 * since + repeated)?;
        self.registers.repeated = repeat;
        let source = if repeat { self.repeated_source()? } else { self.new_source(left)? };

        let length = self.number(Number::CopyLength)?.checked_add(2).ok_or(Reject::TargetRange)?;
        if length > left {
            return Err(Reject::TargetRange);
        }
        let position = self.position();
        let from = position.wrapping_add(source.delta);
        let mut chunk = 32;
        if source.from_base {
            if u64::from(from) + u64::from(length) > u64::from(self.header.base_len) {
                return Err(Reject::BaseRange);
            }
            if self.is_gone(from) {
                return Err(Reject::BaseGone);
            }
        } else {
            if from >= position {
                return Err(Reject::CopyRange);
            }
            chunk = chunk.min(position - from);
        }

        for offset in from..from + length {
            let byte = if source.from_base {
                self.seen_in_base(offset)
            } else {
                self.seen_in_target(offset)
            };
            self.produce(byte.expect("checked"));
            self.settle();
        }
        for _ in 0..length.div_ceil(chunk).min(32) {
            self.registers.remember(true);
        }
        Ok(length)
    }

    fn repeated_source(&mut self) -> Result<Source, Reject> {
        let mut i = 0;
        if self.switch(Switch::RepeatIndex, 0)? {
            i = if self.switch(Switch::RepeatIndex, 1)? { 2 } else { 1 };
        }
        self.registers.repeats[..=i].rotate_right(1);
        Ok(self.registers.repeats[0])
    }

    fn new_source(&mut self, left: u32) -> Result<Source, Reject> {
        let from_base = self.switch(Switch::FromBase, u32::from(self.registers.read_base))?;
        self.registers.read_base = from_base;
        let delta = if from_base {
            let expected = self.registers.base.wrapping_sub(left);
            let from = expected.wrapping_add(unzigzag(self.number(Number::BaseDistance)?));
            from.wrapping_sub(self.position())
        } else {
            0_u32.wrapping_sub(self.number(Number::TargetDistance)?).wrapping_sub(1)
        };
        self.registers.repeats.rotate_right(1);
        self.registers.repeats[0] = Source { from_base, delta };
        Ok(self.registers.repeats[0])
    }
}
