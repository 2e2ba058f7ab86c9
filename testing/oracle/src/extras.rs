//! Extras: literals and copies (§8).

use crate::Reject;
use crate::body::Body;
use crate::values::{Literal, Number, Switch, unzigzag};
use crate::workspace::{Instruction, Source};

impl Body<'_> {
    /// Decodes an extra of `left` bytes.
    pub(crate) fn extra(&mut self, mut left: u32) -> Result<(), Reject> {
        self.registers.copied = false;
        self.registers.instruction = None;
        self.registers.second = false;
        self.registers.leads = [0; 2];
        self.settled = self.target.len();
        self.fill();
        while left > 0 {
            let may_copy = left >= 2 && !(self.halfwords() && self.position() % 2 == 1);
            let context = 2 * self.place() + (self.registers.tokens & 1);
            let copy = may_copy && self.switch(Switch::IsCopy, context)?;
            self.registers.tokens = self.registers.tokens << 1 | u32::from(copy);
            if copy {
                self.registers.copied = true;
                left -= self.copy(left)?;
            } else {
                let bytes = if self.halfwords() && may_copy {
                    self.halfword(left)?.to_vec()
                } else {
                    vec![self.single_byte(left)?]
                };
                for byte in bytes {
                    self.produce_in_extra(byte);
                    left -= 1;
                }
                self.registers.remember(true);
            }
        }
        Ok(())
    }

    fn produce_in_extra(&mut self, byte: u8) {
        self.produce(byte);
        self.settle();
        if self.halfwords() && self.position().is_multiple_of(2) {
            let [high, low, ..] = self.registers.last.to_le_bytes();
            let first = !self.registers.second;
            self.registers.second = first && high >= 0xE8;
            if let Some(kind) = leads(high).filter(|_| first) {
                let away = distance(self.position() - 2, kind);
                self.registers.leads[kind] = low.wrapping_add(away);
            }
        }
        match &mut self.registers.instruction {
            Some(instruction) if instruction.made < instruction.length => instruction.made += 1,
            instruction => {
                *instruction = self.isa.begins(byte).map(|(length, opcode)| Instruction {
                    opcode,
                    length,
                    made: 1,
                });
            }
        }
    }

    /// Where the next byte stands: in its instruction, or where none is known in a word.
    pub(crate) fn place(&self) -> u32 {
        match self.registers.instruction {
            None if self.registers.second => (self.position() % 4) | 1,
            None => self.position() % 4,
            Some(instruction) => instruction.made % instruction.length,
        }
    }

    /// Whether literals are halfwords and copies have an even place and length.
    fn halfwords(&self) -> bool {
        self.header.full && self.isa.order() == 1
    }

    /// The bytes that a literal of `N` bytes is compared with; zeros where one of them is not there.
    fn comparison<const N: usize>(&self, left: u32) -> [u8; N] {
        let source = self.registers.repeats[0];
        let from = self.position().wrapping_add(source.delta);
        let bytes = (0..N).map(|i| {
            let i = u32::try_from(i).expect("small");
            if !self.registers.copied {
                self.plain_base(self.registers.base.wrapping_sub(left).checked_add(i)?)
            } else if source.from_base {
                self.plain_base(from.checked_add(i)?)
            } else {
                self.seen_in_target(from.checked_add(i)?)
            }
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        bytes.map_or([0; N], |bytes| bytes.try_into().expect("N bytes"))
    }

    /// The byte of the base as it is, not as seen.
    fn plain_base(&self, o: u32) -> Option<u8> {
        self.base_image.get(usize::try_from(o).expect("32 bits")).copied()
    }

    fn single_byte(&mut self, left: u32) -> Result<u8, Reject> {
        let [expected] = self.comparison(left);
        let place = self.place();
        let [last, ..] = self.registers.last.to_le_bytes();
        let (place, before, class) = match self.registers.instruction {
            None if self.header.full => (self.position() % 4, last, 2),
            None => (self.position() % 2, 0, 0),
            Some(Instruction { opcode, .. }) if self.header.full => {
                (place, opcode, if place == 0 { 0 } else { 2 })
            }
            Some(_) => (place.min(1), 0, 0),
        };
        let group = self.group(place);
        let context = u32::from(before) + 56 * place;
        self.literal_byte(&Literal { class, expected, group, place, context })
    }

    /// Low byte and high byte.
    fn halfword(&mut self, left: u32) -> Result<[u8; 2], Reject> {
        let [mut expected, expected_high] = self.comparison(left);
        let [last, ..] = self.registers.last.to_le_bytes();
        let second = self.registers.second;
        let (place, context) = match second {
            true => (2, 112 + u32::from(last >> 1) % 16),
            false => (0, opcode_class(last)),
        };
        let group = self.group(place);
        let high = Literal { class: 0, expected: expected_high, group, place, context };
        let high = self.literal_byte(&high)?;

        let place = place + 1;
        let mut group = self.group(place);
        if let Some(kind) = leads(high).filter(|_| !second) {
            let word_behind = if kind == 0 { 1 } else { 0 };
            let away = distance(self.position(), kind);
            expected = self.registers.leads[kind].wrapping_sub(away).wrapping_add(word_behind);
            group = [8, 9][kind];
        }
        let context = match second {
            true => 112 + u32::from(high >> 6),
            false => 56 + opcode_class(high),
        };
        let low = self.literal_byte(&Literal { class: 2, expected, group, place, context })?;
        Ok([low, high])
    }

    /// The group of a literal by the token before it and its place.
    fn group(&self, place: u32) -> u32 {
        // The token of this literal is there already.
        let copied = self.registers.tokens >> 1 & 1;
        if self.header.full { 4 * copied + place } else { 2 * copied + place }
    }

    /// Decodes a copy and answers its length.
    fn copy(&mut self, left: u32) -> Result<u32, Reject> {
        let unit = if self.halfwords() { 2 } else { 1 };
        let length = self.copy_length()?.checked_mul(unit);
        let length = length.and_then(|length| length.checked_add(2)).ok_or(Reject::TargetRange)?;
        if length > left {
            return Err(Reject::TargetRange);
        }

        // The token of this copy is there already.
        let since = (self.registers.tokens >> 1 & 7).trailing_zeros().min(3);
        let repeated = u32::from(self.registers.repeated);
        let repeat = self.switch(Switch::IsRepeat, 2 * since + repeated)?;
        self.registers.repeated = repeat;
        // All that tells a source is one value.
        self.coder.inside_value = true;
        let source = if repeat { self.repeated_source()? } else { self.new_source(left, length)? };
        self.coder.inside_value = false;
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

        let mut start = from;
        while start < from + length {
            let chunk = start..(from + length).min(start + chunk);
            start = chunk.end;
            let seen = |offset| {
                if source.from_base {
                    self.seen_in_base(offset)
                } else {
                    self.seen_in_target(offset)
                }
            };
            let bytes: Option<Vec<u8>> = chunk.map(seen).collect();
            for byte in bytes.expect("checked") {
                self.produce_in_extra(byte);
            }
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

    fn new_source(&mut self, left: u32, length: u32) -> Result<Source, Reject> {
        let from_base = self.switch(Switch::FromBase, u32::from(self.registers.read_base))?;
        self.registers.read_base = from_base;
        let delta = if from_base {
            let expected = self.registers.base.wrapping_sub(left);
            let from = expected.wrapping_add(unzigzag(self.number(Number::BaseDistance)?));
            from.wrapping_sub(self.position())
        } else {
            let kind = match self.header.full && length == 2 {
                true => Number::BaseDistance,
                false => Number::TargetDistance,
            };
            0_u32.wrapping_sub(self.number(kind)?).wrapping_sub(1)
        };
        self.registers.repeats.rotate_right(1);
        self.registers.repeats[0] = Source { from_base, delta };
        Ok(self.registers.repeats[0])
    }
}

/// What a first halfword with this high byte does if it leads somewhere: 0 reads a literal, 1 branches.
fn leads(high: u8) -> Option<usize> {
    match high {
        0x48..=0x4F => Some(0),
        0xD0..=0xE7 => Some(1),
        _ => None,
    }
}

/// Low byte of the words before `offset`, of a branch of the halfwords.
fn distance(offset: u32, kind: usize) -> u8 {
    let [words, halfwords] = [offset / 4, offset / 2].map(|units| units.to_le_bytes()[0]);
    [words, halfwords][kind]
}

/// What a first halfword is by its high byte.
fn opcode_class(high: u8) -> u32 {
    match high {
        0x40..=0x47 => 48 + u32::from(high & 7),
        0xB0..=0xBF => 32 + u32::from(high & 15),
        _ => u32::from(high >> 3),
    }
}
