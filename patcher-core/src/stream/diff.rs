//! Diffs: base bytes, references adjusted, exceptions coded.

use super::images::Images;
use super::unit::{Kind, Unit};
use super::{Scratch, Side, Topic, engine::Engine, length32};
use crate::error::Error;
use crate::model::hash::contexts;
use crate::model::hit;
use crate::model::miss;
use crate::reference::{Around, BEHIND, MAX_LEN, Site, ahead};

/// Bytes without a miss after which whole blocks are tried.
const BLOCK_RUN: u32 = 8;
/// Bytes of a block; its last unit may reach beyond.
pub(crate) const BLOCK: usize = 32;
/// Bytes whose units are coded one by one in a step, and at most as many units: so that it takes no more than
/// [`MAX_STEP_BYTES`](super::MAX_STEP_BYTES).
pub(crate) const SPAN: usize = 16;
/// Turns the contexts of a hit into those of "did not change".
const UNCHANGED: u32 = 0x5555_5555;

/// Base bytes of the units that start within a block, behind those that may tell what they refer to.
pub(crate) const WINDOW: usize = BEHIND + AHEAD;
/// Base bytes of the units that start within a block.
const AHEAD: usize = BLOCK + MAX_LEN;
type Window = Scratch;

/// What the base holds around the place `at` of what a window begins with.
fn around(window: &Window, at: usize) -> &Around {
    const NONE: Around = [0; BEHIND + MAX_LEN];
    window.get(at..).and_then(<[u8]>::first_chunk).unwrap_or(&NONE)
}

/// Puts what a unit should be in place of what the base holds.
fn put(predicted: &mut [u8; AHEAD], at: usize, unit: &Unit) {
    if let Some(bytes) = predicted.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *bytes = unit.predicted;
    }
}

fn halfword(bytes: &[u8], at: usize) -> u16 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
    u16::from_le_bytes(bytes.unwrap_or_default())
}

/// Bits needed for `value`, at most 15.
fn log2(value: u32) -> u32 {
    (32 - value.leading_zeros()).min(15)
}

impl Engine<'_> {
    /// Codes the next units, as a block if that hits, else one by one until one misses.
    pub(crate) fn diff<I: Images>(
        &mut self,
        images: &mut I,
        side: &mut impl Side,
        window: &mut Window,
    ) -> Result<(), Error<I::Error>> {
        self.read_around(images, window)?;
        let mut predicted = window.last_chunk().copied().unwrap_or([0; AHEAD]);
        if self.state.block_left == 0 && self.state.run >= BLOCK_RUN {
            let len = self.block(side, window, &mut predicted);
            if self.state.block_left == 0 {
                return self.produce(images, predicted.get(..len).unwrap_or(&[]));
            }
        }
        let mut done = 0;
        let mut site = self.site(0);
        let (unit, contexts) = loop {
            let unit = self.unit(around(window, done), site.as_ref());
            let step = usize::from(unit.len);
            let contexts =
                self.hit_contexts(&unit, halfword(window, BEHIND + done), length32(done));
            // Of a block that did not hit, what comes after hits only is the miss.
            let left = usize::from(self.state.block_left);
            let certain = left > 0 && left <= done + step;
            if certain || !self.hits(side, &unit, &contexts, length32(done)) {
                break (unit, contexts);
            }
            self.state.history <<= 1;
            self.state.run = self.state.run.saturating_add(length32(step));
            if unit.is_reference() {
                put(&mut predicted, done, &unit);
            }
            done += step;
            let block_next = left == 0 && self.state.run >= BLOCK_RUN;
            if block_next || length32(done) >= self.state.left || done >= SPAN {
                return self.produce(images, predicted.get(..done).unwrap_or(&[]));
            }
            site = self.site_after(site, length32(step), length32(done));
        };
        let own = ahead(around(window, done));
        if done > 0 {
            self.produce(images, predicted.get(..done).unwrap_or(&[]))?;
        }
        self.missed(images, side, unit, contexts, own)
    }

    /// Fills `window` with the base around the current offset; with zeros before its first byte.
    fn read_around<I: Images>(
        &self,
        images: &mut I,
        window: &mut Window,
    ) -> Result<(), Error<I::Error>> {
        let behind = u32::from(self.behind).min(self.state.base);
        if self.state.base < length32(BEHIND) {
            window.fill(0);
        }
        let first = BEHIND.saturating_sub(behind as usize);
        self.read_base(images, self.state.base - behind, window.get_mut(first..).unwrap_or(&mut []))
    }

    /// Codes whether a unit hits that begins `ahead` of the current offsets.
    fn hits(
        &mut self,
        side: &mut impl Side,
        unit: &Unit,
        contexts: &[u32; hit::INPUTS],
        ahead: u32,
    ) -> bool {
        let right = side.agrees(self.state.position + ahead, unit.bytes());
        let set = unit.kind.hit_set() + (self.state.history & 1) as usize;
        side.about(Topic::Hit(unit.kind));
        hit::code(&mut self.model, side, set, contexts, right)
    }

    /// Codes a unit that missed, where the base holds `own`; of a reference first whether it did not change.
    fn missed<I: Images>(
        &mut self,
        images: &mut I,
        side: &mut impl Side,
        unit: Unit,
        mut contexts: [u32; hit::INPUTS],
        own: [u8; MAX_LEN],
    ) -> Result<(), Error<I::Error>> {
        let own = unit.with(own);
        let unit = unit.alone();
        let mut stayed = false;
        if unit.is_reference() && own.predicted != unit.predicted {
            // What looked like a reference may be none, or what it leads to did not move with what is around it.
            for context in &mut contexts {
                *context ^= UNCHANGED;
            }
            let set = Kind::Unchanged.hit_set();
            let stays = side.agrees(self.state.position, own.bytes());
            side.about(Topic::Unchanged(unit.kind));
            stayed = hit::code(&mut self.model, side, set, &contexts, stays);
        }
        let unit = if stayed { own } else { self.miss(side, unit) };
        self.learn(&unit);
        self.note_miss();
        self.produce(images, unit.bytes())
    }

    #[inline(never)]
    fn note_miss(&mut self) {
        self.state.history = self.state.history << 1 | 1;
        self.state.run = 0;
        self.state.block_left = 0;
    }

    /// Tries the next units as a whole: how many bytes they take, which `predicted` then holds. Of those that must be coded one by
    /// one `block_left` tells.
    fn block(
        &mut self,
        side: &mut impl Side,
        window: &Window,
        predicted: &mut [u8; AHEAD],
    ) -> usize {
        let (len, moves) = self.units(window, predicted);
        let block = predicted.get(..len).unwrap_or(&[]);
        let right = side.agrees(self.state.position, block);
        side.about(Topic::Hit(Kind::Block));
        if hit::block(&mut self.model, side, self.state.run, moves, right) {
            self.state.history = 0;
            self.state.run = self.state.run.saturating_add(length32(len));
        } else {
            self.state.block_left = u8::try_from(len).unwrap_or(u8::MAX);
        }
        len
    }

    /// Predicts the units that start in a block, in place of its base bytes: how many bytes they take, and whether one is not what
    /// the base holds.
    fn units(&self, window: &Window, predicted: &mut [u8; AHEAD]) -> (usize, bool) {
        if self.isa.is_none() {
            return (BLOCK.min(self.state.left as usize), false);
        }
        let mut len = 0usize;
        let mut moves = false;
        let mut site = self.site(0);
        while len < BLOCK && length32(len) < self.state.left {
            let here = window.get(len..WINDOW - 1).unwrap_or(&[]);
            let mut step = self.plain(here, site.as_ref());
            if step == 0 {
                let around = around(window, len);
                let unit = self.unit(around, site.as_ref());
                if unit.is_reference() {
                    moves |= unit.predicted != ahead(around);
                    put(predicted, len, &unit);
                }
                step = unit.len.into();
            }
            len += step;
            site = self.site_after(site, length32(step), length32(len));
        }
        (len, moves)
    }

    /// Where the bytes `ahead` of the current offsets are loaded, a `step` behind `site`.
    fn site_after(&self, site: Option<Site>, step: u32, ahead: u32) -> Option<Site> {
        match site {
            Some(site) if site.left > step => Some(site.after(step)),
            _ => self.site(ahead),
        }
    }

    /// Contexts of a unit that begins `ahead` of the current offsets, where the base holds `here`.
    fn hit_contexts(&self, unit: &Unit, here: u16, ahead: u32) -> [u32; hit::INPUTS] {
        // A block that failed holds a miss for sure: until it is found the odds differ.
        let kind = unit.kind as u32 | u32::from(self.state.block_left > 0) << 3;
        let history = self.state.history;
        let here = u32::from(here) & if unit.len == 1 { 0xFF } else { 0xFFFF };
        let position = self.state.position + ahead;
        let mut all = [
            history & 0xFF,
            here >> 8 | (history & 15) << 8 | (position & 3) << 12,
            log2(self.state.run) | (here >> 11) << 4,
        ];
        contexts(kind, &mut all);
        all
    }

    /// Codes the bytes of a missed unit.
    fn miss(&mut self, side: &mut impl Side, mut unit: Unit) -> Unit {
        for done in 0..unit.len {
            let index = unit.order(done);
            let mut truth = [0u8; 1];
            side.truth(self.state.position + length32(index), &mut truth);
            let [truth] = truth;
            side.about(Topic::Miss(unit.kind));
            let context = unit.kind.first_context() + u32::from(done);
            if let Some(byte) = unit.predicted.get_mut(index) {
                *byte = miss::code(&mut self.model, side, context, *byte, truth);
            }
        }
        unit
    }

    /// Writes bytes of the diff and moves on in both images.
    fn produce<I: Images>(&mut self, images: &mut I, bytes: &[u8]) -> Result<(), Error<I::Error>> {
        let len = length32(bytes.len());
        images.write_target(bytes).map_err(Error::Images)?;
        self.state.advance(bytes);
        self.state.base += len;
        self.state.left = self.state.left.saturating_sub(len);
        let len = u8::try_from(len).unwrap_or(u8::MAX);
        self.state.block_left = self.state.block_left.saturating_sub(len);
        if self.state.left == 0 {
            self.op_boundary();
        }
        Ok(())
    }
}
