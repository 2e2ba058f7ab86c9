//! Extras: literals, and copies from the base or from the target written so far.

use super::images::Images;
use super::seen::HELD;
use super::state::{Phase, REPEATS, Source, State};
use super::{MAX_COPIED, Question, Scratch, Side, Topic, engine::Engine, length32};
use crate::container::header::Kind;
use crate::error::{DecodeError, Error};
use crate::model::literal::{self, Literal};
use crate::model::number::{self, Number, unzigzag, zigzag};
use crate::model::switch::{self, Switch};
use crate::reference::halfword::{self, Lead};

/// Shortest copy.
pub const MIN_COPY: u32 = 2;

/// Bytes of a literal, at most.
const LITERAL: usize = 2;

impl Engine<'_> {
    pub(crate) fn extra<I: Images>(
        &mut self,
        images: &mut I,
        side: &mut impl Side,
        scratch: &mut Scratch,
    ) -> Result<(), Error<I::Error>> {
        let State { left, position, .. } = self.state;
        let can_copy = left >= MIN_COPY && position & u32::from(self.halfwords) == 0;
        let is_copy = can_copy && {
            let answer = side.ask(position, Question::IsCopy) != 0;
            let context = self.place() << 1 | u32::from(self.state.tokens & 1);
            switch::code(&mut self.model, side, Switch::IsCopy, context, answer)
        };
        self.state.tokens = self.state.tokens << 1 | u8::from(is_copy);
        if is_copy {
            self.state.phase = Phase::CopyLength;
            self.state.copied = true;
            return Ok(());
        }
        let len = 1 + usize::from(self.halfwords && can_copy);
        let mut expected = [0u8; LITERAL];
        let (expected, _) = expected.split_at_mut(len);
        self.comparison(images, expected, scratch)?;
        if let Some(bytes) = scratch.get_mut(HELD..HELD + len) {
            side.seen(position, bytes);
            self.literal(side, bytes, expected);
        }
        self.write_seen(images, len, scratch)?;
        self.state.history = self.state.history << 1 | 1;
        self.extra_boundary();
        Ok(())
    }

    /// Where the next byte stands: in its instruction if that is known, else in a word; of halfwords the second ones of an
    /// instruction stand apart.
    fn place(&self) -> u32 {
        let State { position, inside, halfwords, .. } = self.state;
        if inside.is_known() {
            inside.place.into()
        } else {
            position & 3 | u32::from(halfwords.second)
        }
    }

    /// Fills `bytes` with what a literal is compared with: where the last copy of this extra would have gone on, or before any
    /// copy what the base holds in this place. Zeros where that does not exist.
    fn comparison<I: Images>(
        &self,
        images: &mut I,
        bytes: &mut [u8],
        scratch: &mut Scratch,
    ) -> Result<(), Error<I::Error>> {
        let state = &self.state;
        let [last, ..] = state.repeats;
        let replaced = state.base.wrapping_sub(state.left);
        let (from_base, at) = if state.copied {
            (last.from_base, state.position.wrapping_add(last.delta))
        } else {
            (true, replaced)
        };
        if from_base {
            self.read_base(images, at, bytes)?;
        } else if at < state.position
            && self.seen(images, false, at, bytes.len(), scratch)?
            && let Some(seen) = scratch.get(HELD..HELD + bytes.len())
        {
            bytes.copy_from_slice(seen);
        }
        Ok(())
    }

    /// Codes the bytes of a literal, the last one first. The contexts of one byte: where it stands in a halfword, in a full image
    /// in a word, and the byte before it; where instructions are followed, where it stands in one, and its opcode. Those of a
    /// halfword: see [`halfword`].
    #[inline(never)]
    fn literal(&mut self, side: &mut impl Side, bytes: &mut [u8], expected: &[u8]) {
        let State { last, tokens, inside, ref halfwords, position, .. } = self.state;
        let is_halfword = bytes.len() > 1;
        // A delta knows two places.
        let most = if self.header.kind == Kind::Full { 3 } else { 1 };
        let [mut before, ..] = last.to_le_bytes();
        let mut place = position & most;
        let mut class = 2;
        if inside.is_known() {
            before = inside.opcode;
            place = most.min(inside.place.into());
            class = usize::from(place > 0) * 2;
        }
        if is_halfword {
            place = u32::from(halfwords.second) * 2;
            class = 0;
        }
        // That of this literal is the last token already.
        let copied = u32::from(tokens >> 1 & 1) << 2;
        for (byte, &expected) in bytes.iter_mut().zip(expected).rev() {
            let context = if is_halfword {
                halfword::context(place, before)
            } else {
                // As far apart as those of halfwords: steps of another length are as good.
                u32::from(before) + place * halfword::CLASSES
            };
            let mut literal = Literal { expected, group: copied | place, place, class, context };
            if is_halfword
                && place == 1
                && let Some(Lead { low, kind }) = halfwords.lead(position, before)
            {
                literal.expected = low;
                literal.group = literal::LEADS + length32(kind);
            }
            side.about(Topic::Literal);
            *byte = literal::code(&mut self.model, side, &literal, *byte);
            before = *byte;
            class = 2;
            place += 1;
        }
    }

    pub(crate) fn copy_offset(&mut self, side: &mut impl Side) -> Result<(), DecodeError> {
        let question = Question::IsRepeat(&self.state.repeats);
        let answer = side.ask(self.state.position, question) != 0;
        let since = (self.state.tokens >> 1 & 7).trailing_zeros().min(3);
        let last = u32::from(self.state.repeated) | since << 1;
        let repeat = switch::code(&mut self.model, side, Switch::IsRepeat, last, answer);
        self.state.repeated = repeat;
        let (source, index) =
            if repeat { self.repeat(side) } else { (self.fresh_source(side), REPEATS - 1) };
        self.remember(source, index);
        self.state.source = source;
        let position = self.state.position;
        let from = position.wrapping_add(source.delta);
        if source.from_base {
            let end = from.checked_add(self.state.copy_left);
            if end.is_none_or(|end| end > self.header.base_len) {
                return Err(DecodeError::BaseRange);
            }
            if from < self.base_floor() {
                return Err(DecodeError::BaseGone);
            }
        } else if from >= position {
            return Err(DecodeError::CopyRange);
        }
        self.state.phase = Phase::Copy;
        Ok(())
    }

    fn repeat(&mut self, side: &mut impl Side) -> (Source, usize) {
        let question = Question::RepeatIndex(&self.state.repeats);
        let wanted = side.ask(self.state.position, question);
        let mut index = 0usize;
        for context in 0..2u32 {
            let later = wanted > context;
            if !switch::code(&mut self.model, side, Switch::RepeatIndex, context, later) {
                break;
            }
            index += 1;
        }
        (self.state.repeats.get(index).copied().unwrap_or_default(), index)
    }

    fn fresh_source(&mut self, side: &mut impl Side) -> Source {
        let answer = side.ask(self.state.position, Question::FromBase) != 0;
        let last = u32::from(self.state.read_base);
        let from_base = switch::code(&mut self.model, side, Switch::FromBase, last, answer);
        self.state.read_base = from_base;
        let delta = if from_base {
            let expected = self.state.base.wrapping_sub(self.state.left);
            let question = Question::BaseDistance { expected };
            let answer = zigzag(side.ask(self.state.position, question));
            let jump = number::code(&mut self.model, side, Number::BaseDistance, answer);
            expected.wrapping_add(unzigzag(jump)).wrapping_sub(self.state.position)
        } else {
            let answer = side.ask(self.state.position, Question::TargetDistance);
            // A full image has no copies from a base: what codes their distances is free for those of short copies.
            let short = self.state.copy_left == MIN_COPY && self.header.kind == Kind::Full;
            let kind = if short { Number::BaseDistance } else { Number::TargetDistance };
            let distance = number::code(&mut self.model, side, kind, answer);
            0u32.wrapping_sub(distance).wrapping_sub(1)
        };
        Source { from_base, delta }
    }

    /// Moves `source` to the front of the repeats, over the one at `index`.
    fn remember(&mut self, source: Source, index: usize) {
        let mut moved = source;
        for slot in self.state.repeats.iter_mut().take(index + 1) {
            moved = core::mem::replace(slot, moved);
        }
    }

    pub(crate) fn copy_length(&mut self, side: &mut impl Side) -> Result<(), DecodeError> {
        let answer = side.ask(self.state.position, Question::CopyLength);
        // Instructions are copied whole.
        let place = if self.header.kind == Kind::Full { self.place() } else { 0 };
        let length = number::code_at(&mut self.model, side, Number::CopyLength, place, answer);
        let length = length.checked_mul(1 + u32::from(self.halfwords));
        let length = length.and_then(|length| length.checked_add(MIN_COPY));
        let length = length.ok_or(DecodeError::TargetRange)?;
        if length > self.state.left {
            return Err(DecodeError::TargetRange);
        }
        self.state.copy_left = length;
        self.state.phase = Phase::CopyOffset;
        Ok(())
    }

    pub(crate) fn copy<I: Images>(
        &mut self,
        images: &mut I,
        scratch: &mut Scratch,
    ) -> Result<(), Error<I::Error>> {
        let position = self.state.position;
        let from = position.wrapping_add(self.state.source.delta);
        let mut count = self.state.copy_left.min(length32(MAX_COPIED));
        if !self.state.source.from_base {
            // An overlapping copy repeats: only what exists can be read at once.
            count = count.min(position.wrapping_sub(from));
        }
        self.seen(images, self.state.source.from_base, from, count as usize, scratch)?;
        self.write_seen(images, count as usize, scratch)?;
        self.state.copy_left -= count;
        self.state.history = self.state.history << 1 | 1;
        if self.state.copy_left == 0 {
            self.extra_boundary();
        }
        Ok(())
    }
}
