//! Map entries and the start of ops.

use super::engine::Engine;
use super::state::Phase;
use super::{Question, Side};
use crate::container::header::Header;
use crate::error::DecodeError;
use crate::model::number::{self, Number, unzigzag, zigzag};
use crate::model::switch::{self, Switch};
use crate::reference::halfword::Halfwords;
use crate::reference::inside::Inside;
use crate::reference::map::Entry;

impl Engine<'_> {
    pub(crate) fn map_base(&mut self, side: &mut impl Side) {
        let question = Question::MapBase { previous: self.state.map_base };
        let answer = side.ask(self.state.position, question);
        let step = number::code(&mut self.model, side, Number::MapBase, answer);
        self.state.map_base = self.state.map_base.wrapping_add(step);
        self.state.phase = Phase::MapShift;
    }

    pub(crate) fn map_shift(&mut self, side: &mut impl Side) -> Result<(), DecodeError> {
        let question = Question::MapShift { previous: self.state.map_shift };
        let answer = zigzag(side.ask(self.state.position, question));
        let change = unzigzag(number::code(&mut self.model, side, Number::MapShift, answer));
        self.state.map_shift = self.state.map_shift.wrapping_add(change);
        let base = self.state.map_base;
        if !self.map.push(Entry { base, target: base.wrapping_add(self.state.map_shift) }) {
            return Err(DecodeError::MapOrder);
        }
        self.state.phase = Phase::MapBase;
        if self.map.len() == self.header.map_entries {
            self.op_boundary();
        }
        Ok(())
    }

    /// The op that the map announces next: (target offset, base offset) of the first breakpoint at or after the current
    /// position, within the epoch.
    ///
    /// **Cost**: the map is searched only when the last answer has been passed: once per entry in all.
    fn announced(&mut self) -> Option<(u32, u32)> {
        let stale = self.state.announced.is_none_or(|(target, _)| target < self.state.position);
        if stale && !self.state.none_announced {
            self.state.announced = self.next_breakpoint();
            self.state.none_announced = self.state.announced.is_none();
        }
        let end = self.epoch_end();
        self.state.announced.filter(|&(target, _)| target < end)
    }

    /// The breakpoint with the least target offset at or after the current position.
    fn next_breakpoint(&self) -> Option<(u32, u32)> {
        let Header { base_regions, target_regions, .. } = &self.header;
        let mut best = None;
        let mut least = u32::MAX;
        let mut start = 0u32;
        for region in target_regions.iter() {
            let from = self.state.position.saturating_sub(start);
            let mut end = region.len.min(least.saturating_sub(start));
            for index in 0..self.map.len() {
                let Some(entry) = self.map.entry(index) else { break };
                let inside = entry.target.wrapping_sub(region.address);
                // Most are behind or farther: no need to look for their bases.
                if inside >= from
                    && inside < end
                    && let Some(base) = base_regions.offset_of(entry.base)
                {
                    end = inside;
                    least = start.wrapping_add(inside);
                    best = Some((least, base));
                }
            }
            start = start.wrapping_add(region.len);
        }
        best
    }

    pub(crate) fn op_start(&mut self, side: &mut impl Side) -> Result<(), DecodeError> {
        self.state.mapped_base = None;
        self.state.copied = false;
        self.state.inside = Inside::START;
        self.state.halfwords = Halfwords::START;
        if let Some((target, base)) = self.announced() {
            let context = u32::from(self.state.followed_map);
            let question = Question::FollowsMap { target, base };
            let answer = side.ask(self.state.position, question) != 0;
            let follows = switch::code(&mut self.model, side, Switch::FromMap, context, answer);
            self.state.followed_map = follows;
            if follows {
                self.state.left = target.wrapping_sub(self.state.position);
                self.state.mapped_base = Some(base);
            }
        }
        if self.state.mapped_base.is_none() {
            let end = self.epoch_end();
            let answer = side.ask(self.state.position, Question::ExtraLength { end });
            let length = number::code(&mut self.model, side, Number::ExtraLength, answer);
            if length > end.wrapping_sub(self.state.position) {
                return Err(DecodeError::TargetRange);
            }
            self.state.left = length;
        }
        // A diff that follows the extra is expected to replace as many base bytes.
        self.state.base = self.state.base.wrapping_add(self.state.left);
        self.state.phase = if self.state.left > 0 { Phase::Extra } else { self.diff_phase() };
        Ok(())
    }

    /// Chooses what follows a token of the extra. An op whose extra reaches a mark or the end has no diff.
    pub(crate) fn extra_boundary(&mut self) {
        if self.state.left > 0 {
            self.state.phase = Phase::Extra;
        } else if self.state.position == self.header.target_len || self.at_mark() {
            self.op_boundary();
        } else {
            self.state.phase = self.diff_phase();
        }
    }

    fn diff_phase(&self) -> Phase {
        match self.state.mapped_base {
            Some(_) => Phase::DiffLength,
            None => Phase::DiffStart,
        }
    }

    pub(crate) fn diff_start(&mut self, side: &mut impl Side) -> Result<(), DecodeError> {
        let question = Question::BaseJump { expected: self.state.base };
        let answer = zigzag(side.ask(self.state.position, question));
        let jump = unzigzag(number::code(&mut self.model, side, Number::BaseJump, answer));
        self.state.base = self.state.base.wrapping_add(jump);
        if self.state.base >= self.header.base_len {
            return Err(DecodeError::BaseRange);
        }
        self.state.phase = Phase::DiffLength;
        Ok(())
    }

    pub(crate) fn diff_length(&mut self, side: &mut impl Side) -> Result<(), DecodeError> {
        if let Some(base) = self.state.mapped_base.take() {
            self.state.base = base;
        }
        let answer = side.ask(self.state.position, Question::DiffLength);
        let length = number::code(&mut self.model, side, Number::DiffLength, answer);
        let length = length.checked_add(1).ok_or(DecodeError::TargetRange)?;
        if length > self.epoch_end().wrapping_sub(self.state.position) {
            return Err(DecodeError::TargetRange);
        }
        if length > self.header.base_len.saturating_sub(self.state.base) {
            return Err(DecodeError::BaseRange);
        }
        if self.state.base < self.base_floor() {
            return Err(DecodeError::BaseGone);
        }
        self.state.diff_start = self.state.base;
        self.state.left = length;
        self.state.block_left = 0;
        self.state.phase = Phase::Diff;
        Ok(())
    }
}
