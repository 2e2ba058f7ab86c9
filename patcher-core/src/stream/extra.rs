//! Extras: literals, and copies from the base or from the target written so far.

use super::images::Images;
use super::state::{Phase, REPEATS, Source};
use super::{MAX_STEP_OUTPUT, Question, Side, Topic, engine::Engine, length32};
use crate::error::{DecodeError, Error};
use crate::model::byte::{INPUTS, Role};
use crate::model::hash::context;
use crate::model::number::{self, Number, unzigzag, zigzag};
use crate::model::switch::{self, Switch};

/// Shortest copy.
pub const MIN_COPY: u32 = 2;

impl Engine<'_> {
    pub(crate) fn extra<I: Images>(
        &mut self,
        images: &mut I,
        side: &mut impl Side,
    ) -> Result<(), Error<I::Error>> {
        let before = u32::from(self.state.tokens & 7);
        let can_copy = self.state.left >= MIN_COPY;
        let is_copy = can_copy && {
            let answer = side.ask(self.state.position, Question::IsCopy) != 0;
            switch::code(self.model.switches, side, Switch::IsCopy, before, answer)
        };
        self.state.tokens = self.state.tokens << 1 | u8::from(is_copy);
        if is_copy {
            self.state.phase = Phase::CopyOffset;
            return Ok(());
        }
        let contexts = self.literal_contexts();
        let mut byte = [0u8; 1];
        side.truth(self.state.position, &mut byte);
        let role = Role::Extra { parity: self.state.position & 1 };
        let [truth] = byte;
        side.about(Topic::Literal);
        let coded = [self.model.byte.code(side, role, &contexts, truth)];
        images.write_target(&coded).map_err(Error::Images)?;
        self.state.advance(&coded);
        self.state.left -= 1;
        self.state.history = self.state.history << 1 | 1;
        self.extra_boundary();
        Ok(())
    }

    /// Contexts of a literal: the bytes before it, and where it stands in a halfword and a word.
    fn literal_contexts(&self) -> [u32; INPUTS] {
        let last = self.state.last;
        let (c1, c2, c3, c4) =
            (last & 0xFF, last >> 8 & 0xFF, last >> 16 & 0xFF, last >> 24 & 0xFF);
        let parity = self.state.position & 1;
        let quarter = self.state.position & 3;
        let halfword = if parity == 1 { c3 << 8 | c2 } else { c2 << 8 | c1 };
        [
            context(0, parity, 0),
            context(1, c1, parity),
            context(2, c1 | c2 << 8, parity),
            context(3, last & 0x00FF_FFFF, 0),
            context(4, last, 0),
            context(5, c2 | c4 << 8, parity),
            context(6, (halfword >> 9) | (c4 >> 3) << 8, parity),
            context(7, c4, quarter),
            context(8, c3 | c4 << 8, parity),
        ]
    }

    pub(crate) fn copy_offset(&mut self, side: &mut impl Side) {
        let question = Question::IsRepeat(&self.state.repeats);
        let answer = side.ask(self.state.position, question) != 0;
        let last = u32::from(self.state.repeated);
        let repeat = switch::code(self.model.switches, side, Switch::IsRepeat, last, answer);
        self.state.repeated = repeat;
        self.state.source = if repeat { self.repeat(side) } else { self.fresh_source(side) };
        self.state.phase = Phase::CopyLength;
    }

    fn repeat(&mut self, side: &mut impl Side) -> Source {
        let question = Question::RepeatIndex(&self.state.repeats);
        let wanted = side.ask(self.state.position, question);
        let mut index = 0usize;
        for context in 0..2u32 {
            let later = wanted > context;
            if !switch::code(self.model.switches, side, Switch::RepeatIndex, context, later) {
                break;
            }
            index += 1;
        }
        let source = self.state.repeats.get(index).copied().unwrap_or_default();
        self.remember(source, index);
        source
    }

    fn fresh_source(&mut self, side: &mut impl Side) -> Source {
        let answer = side.ask(self.state.position, Question::FromBase) != 0;
        let last = u32::from(self.state.read_base);
        let from_base = switch::code(self.model.switches, side, Switch::FromBase, last, answer);
        self.state.read_base = from_base;
        let delta = if from_base {
            let expected = self.state.base.wrapping_sub(self.state.left);
            let question = Question::BaseDistance { expected };
            let answer = zigzag(side.ask(self.state.position, question));
            let jump = number::code(self.model.numbers, side, Number::BaseDistance, answer);
            expected.wrapping_add(unzigzag(jump)).wrapping_sub(self.state.position)
        } else {
            let answer = side.ask(self.state.position, Question::TargetDistance);
            let distance = number::code(self.model.numbers, side, Number::TargetDistance, answer);
            0u32.wrapping_sub(distance).wrapping_sub(1)
        };
        let source = Source { from_base, delta };
        self.remember(source, REPEATS - 1);
        source
    }

    /// Moves `source` to the front of the repeats, over the one at `index`.
    fn remember(&mut self, source: Source, index: usize) {
        let upto = index.min(REPEATS - 1);
        if let Some(front) = self.state.repeats.get_mut(..=upto) {
            front.rotate_right(1);
            if let Some(first) = front.first_mut() {
                *first = source;
            }
        }
    }

    pub(crate) fn copy_length(&mut self, side: &mut impl Side) -> Result<(), DecodeError> {
        let answer = side.ask(self.state.position, Question::CopyLength);
        let length = number::code(self.model.numbers, side, Number::CopyLength, answer);
        let length = length.checked_add(MIN_COPY).ok_or(DecodeError::TargetRange)?;
        if length > self.state.left {
            return Err(DecodeError::TargetRange);
        }
        let position = self.state.position;
        let from = position.wrapping_add(self.state.source.delta);
        if self.state.source.from_base {
            let end = from.checked_add(length);
            if end.is_none_or(|end| end > self.header.base_len) {
                return Err(DecodeError::BaseRange);
            }
        } else if from >= position {
            return Err(DecodeError::CopyRange);
        }
        self.state.copy_left = length;
        self.state.phase = Phase::Copy;
        Ok(())
    }

    pub(crate) fn copy<I: Images>(&mut self, images: &mut I) -> Result<(), Error<I::Error>> {
        let position = self.state.position;
        let from = position.wrapping_add(self.state.source.delta);
        let mut count = self.state.copy_left.min(length32(MAX_STEP_OUTPUT));
        if !self.state.source.from_base {
            // An overlapping copy repeats: only what exists can be read at once.
            count = count.min(position.wrapping_sub(from));
        }
        let mut buffer = [0u8; MAX_STEP_OUTPUT];
        let Some(bytes) = buffer.get_mut(..count as usize) else {
            return Err(DecodeError::Poisoned.into());
        };
        if self.state.source.from_base {
            images.read_base(from, bytes).map_err(Error::Images)?;
        } else {
            images.read_target(from, bytes).map_err(Error::Images)?;
        }
        images.write_target(bytes).map_err(Error::Images)?;
        self.state.advance(bytes);
        self.state.copy_left -= count;
        self.state.left -= count;
        self.state.history = self.state.history << 1 | 1;
        if self.state.copy_left == 0 {
            self.extra_boundary();
        }
        Ok(())
    }
}
