//! Diffs: base bytes, references adjusted, exceptions coded.

use super::images::Images;
use super::state::{Phase, State};
use super::unit::{Kind, Unit};
use super::{Side, Topic, engine::Engine, length32};
use crate::error::Error;
use crate::model::hash::contexts;
use crate::model::hit;
use crate::model::miss::{self, Miss};
use crate::reference::MAX_LEN;

/// Bytes without a miss after which whole blocks are tried.
const BLOCK_RUN: u32 = 32;
/// Bytes of a block; its last unit may reach beyond.
pub(crate) const BLOCK: usize = 32;
/// Turns the contexts of a hit into those of "did not change".
const UNCHANGED: u32 = 0x5555_5555;
/// Base bytes of a window before the current one: contexts see two of them, four leave those that are copied aligned.
const BEHIND: usize = 4;
/// Base bytes read at once for a block, and for a unit.
const BLOCK_WINDOW: usize = BEHIND + BLOCK + MAX_LEN;
const UNIT_WINDOW: usize = BEHIND + MAX_LEN;

/// The eight bytes of a window from `at` on; a window is longer than any place that is asked for.
fn eight(bytes: &[u8], at: usize) -> [u8; MAX_LEN] {
    bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()
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
    /// Reads the base around the current offset into `window`, which holds zeros: `BEHIND` bytes before it first.
    fn window<I: Images>(&self, images: &mut I, window: &mut [u8]) -> Result<(), Error<I::Error>> {
        let start = self.state.base.saturating_sub(length32(BEHIND));
        let skip = BEHIND - (self.state.base - start) as usize;
        let len = window.len().min(skip + (self.header.base_len - start) as usize);
        match window.get_mut(skip..len) {
            Some(bytes) => self.read_base(images, start, bytes),
            None => Ok(()),
        }
    }

    pub(crate) fn diff<I: Images>(
        &mut self,
        images: &mut I,
        side: &mut impl Side,
    ) -> Result<(), Error<I::Error>> {
        let try_block = self.state.block_left == 0 && self.state.run >= BLOCK_RUN;
        if try_block && self.block(images, side)? {
            return Ok(());
        }
        let mut window = [0u8; UNIT_WINDOW];
        self.window(images, &mut window)?;
        let unit = self.unit_here(&window);
        let mut contexts = self.hit_contexts(&unit, &window);
        let right = side.agrees(self.state.position, unit.bytes());
        let set = unit.kind.hit_set() + (self.state.history & 1) as usize;
        side.about(Topic::Hit(unit.kind));
        if hit::code(&mut self.model, side, set, &contexts, right) {
            self.state.history <<= 1;
            self.state.run = self.state.run.saturating_add(u32::from(unit.len));
            return self.produce(images, unit.bytes());
        }
        let own = eight(&window, BEHIND);
        let own = own.get(..usize::from(unit.len)).unwrap_or(&[]);
        if unit.is_reference() && own != unit.bytes() {
            // What looked like a reference may be none.
            for context in &mut contexts {
                *context ^= UNCHANGED;
            }
            let set = Kind::Unchanged.hit_set();
            let stays = side.agrees(self.state.position, own);
            side.about(Topic::Unchanged(unit.kind));
            if hit::code(&mut self.model, side, set, &contexts, stays) {
                self.note_miss();
                return self.produce(images, own);
            }
        }
        self.state.miss_done = 0;
        self.state.missed = unit.alone();
        self.state.around = [halfword(&window, BEHIND), halfword(&window, BEHIND - 2)];
        self.state.phase = Phase::Miss;
        Ok(())
    }

    fn note_miss(&mut self) {
        self.state.history = self.state.history << 1 | 1;
        self.state.run = 0;
    }

    /// Tries the next units as a whole; `false` when they must be coded one by one.
    fn block<I: Images>(
        &mut self,
        images: &mut I,
        side: &mut impl Side,
    ) -> Result<bool, Error<I::Error>> {
        let mut window = [0u8; BLOCK_WINDOW];
        self.window(images, &mut window)?;
        let (len, references) = self.units(&mut window);
        let block = window.get(BEHIND..BEHIND + len).unwrap_or(&[]);
        let contexts = self.block_contexts(references);
        let right = side.agrees(self.state.position, block);
        let recent = (log2(self.state.run).saturating_sub(6) / 2).min(3);
        let set = Kind::Block.hit_set() + recent as usize;
        side.about(Topic::Hit(Kind::Block));
        let hit = hit::code(&mut self.model, side, set, &contexts, right);
        if hit {
            self.state.history = 0;
            self.state.run = self.state.run.saturating_add(length32(len));
            self.produce(images, block)?;
        } else {
            self.state.block_left = u8::try_from(len).unwrap_or(u8::MAX);
        }
        Ok(hit)
    }

    /// Predicts the units that start in a block, in place of its base bytes: how many bytes they take, how many of them are
    /// references.
    fn units(&self, window: &mut [u8; BLOCK_WINDOW]) -> (usize, u32) {
        if self.isa.is_none() {
            return (BLOCK.min(self.state.left as usize), 0);
        }
        let mut len = 0usize;
        let mut references = 0u32;
        let mut site = self.site(0);
        while len < BLOCK && length32(len) < self.state.left {
            let here = window.get(BEHIND + len..BLOCK_WINDOW - 1).unwrap_or(&[]);
            let mut step = self.plain(here, site.as_ref());
            if step == 0 {
                let unit = self.unit(eight(here, 0), site.as_ref());
                if unit.is_reference() {
                    references += 1;
                    let own = window.iter_mut().skip(BEHIND + len);
                    for (slot, &byte) in own.zip(unit.bytes()) {
                        *slot = byte;
                    }
                }
                step = unit.len.into();
            }
            len += step;
            site = match site {
                Some(site) if site.left > length32(step) => Some(site.after(length32(step))),
                _ => self.site(length32(len)),
            };
        }
        (len, references)
    }

    fn unit_here(&self, window: &[u8; UNIT_WINDOW]) -> Unit {
        self.unit(eight(window, BEHIND), self.site(0).as_ref())
    }

    fn block_contexts(&self, references: u32) -> [u32; hit::INPUTS] {
        let State { run, left, last, .. } = self.state;
        let mut all = [log2(run), log2(left), last & 0xFF];
        contexts(16, references, &mut all);
        all
    }

    fn hit_contexts(&self, unit: &Unit, window: &[u8; UNIT_WINDOW]) -> [u32; hit::INPUTS] {
        // A block that failed holds a miss for sure: until it is found the odds differ.
        let hunting = self.state.block_left > 0 && self.state.run >= BLOCK_RUN;
        let kind = unit.kind as u32 | u32::from(hunting) << 3;
        let history = self.state.history;
        let here = u32::from(halfword(window, BEHIND));
        let here = if unit.len == 1 { here & 0xFF } else { here };
        let mut all = [
            history & 0xFF,
            here >> 8 | (history & 15) << 8 | (self.state.position & 3) << 12,
            log2(self.state.run) | (here >> 11) << 4,
        ];
        contexts(0, kind, &mut all);
        all
    }

    /// Codes one byte of a missed unit, and ends the unit with its last one.
    pub(crate) fn miss<I: Images>(
        &mut self,
        images: &mut I,
        side: &mut impl Side,
    ) -> Result<(), Error<I::Error>> {
        let unit = &self.state.missed;
        let index = unit.order(self.state.miss_done);
        let mut truth = [0u8; 1];
        side.truth(self.state.position + length32(index), &mut truth);
        let [truth] = truth;
        side.about(Topic::Miss(unit.kind));
        let miss = self.miss_contexts(index);
        let byte = miss::code(&mut self.model, side, &miss, truth);
        let unit = &mut self.state.missed;
        if let Some(slot) = unit.predicted.get_mut(index) {
            *slot = byte;
        }
        self.state.miss_done += 1;
        if self.state.miss_done < unit.len {
            return Ok(());
        }
        let unit = *unit;
        self.learn(&unit);
        self.note_miss();
        self.state.phase = Phase::Diff;
        self.produce(images, unit.bytes())
    }

    /// Contexts of the byte of index `index` of the missed unit.
    fn miss_contexts(&self, index: usize) -> Miss {
        let unit = &self.state.missed;
        let done = self.state.miss_done;
        let kind = unit.kind as u32 | u32::from(done) << 3;
        let at = |index: usize| unit.predicted.get(index).copied().unwrap_or(0);
        // The byte coded before this one: of the unit, else of the target.
        let coded = match done {
            0 => self.state.last & 0xFF,
            _ => u32::from(at(unit.order(done - 1))),
        };
        let [here, before] = self.state.around.map(u32::from);
        let mut others = [here << 8 | coded, before | coded << 16];
        contexts(33, kind, &mut others);
        Miss {
            class: unit.kind.miss_class(),
            predicted: at(index),
            context: unit.kind.first_context() + u32::from(done),
            others,
        }
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
