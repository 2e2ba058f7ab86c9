//! Switches, numbers, hits and bytes (§7).

use crate::Reject;
use crate::body::{Body, Step};
use crate::counter::Counter;
use crate::hash::slot;
use crate::layout::{Layout, Models};
use crate::mixer::{self, Mixed};
use crate::symbols::{WORDS, count, shares};

/// The switches of §7.1; the value is the first counter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Switch {
    FromMap = 0,
    IsCopy = 2,
    IsRepeat = 10,
    FromBase = 18,
    RepeatIndex = 20,
    Reset = 22,
}

/// The kinds of numbers of §7.2.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    CopyLength = 0,
    DiffLength = 1,
    MapBase = 2,
    MapShift = 3,
    ExtraLength = 4,
    BaseJump = 5,
    TargetDistance = 6,
    BaseDistance = 7,
}

const INPUTS: usize = 3;

/// What a literal is decoded by (§7.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literal {
    /// The first of its weight classes; only of use in a full image, as `context`.
    pub(crate) class: usize,
    pub(crate) expected: u8,
    pub(crate) group: u32,
    pub(crate) place: u32,
    pub(crate) context: u32,
}

/// A two's complement number from its zigzag form.
pub(crate) fn unzigzag(v: u32) -> u32 {
    (v >> 1) ^ if v & 1 == 1 { u32::MAX } else { 0 }
}

impl Body<'_> {
    fn decide(&mut self, p1: u32) -> Result<bool, Reject> {
        let bit = self.coder.decide(p1)?;
        self.look_on();
        Ok(bit)
    }

    /// Notes a decision for whoever looks on.
    fn look_on(&mut self) {
        if self.steps.len() < self.steps_wanted {
            self.decisions.extend(self.coder.last_decision);
        }
    }

    /// Decodes a symbol (§4.6).
    fn symbol(&mut self, own: Model, other: Model, turn: usize) -> Result<usize, Reject> {
        let own_words = self.model(own).to_vec();
        let (shares, total) = shares(&own_words, self.model(other), turn);
        let symbol = self.coder.symbol(shares, total)?;
        self.look_on();
        count(self.model(own), symbol);
        if other != own {
            count(self.model(other), (symbol + turn) & 15);
        }
        Ok(symbol)
    }

    fn model(&mut self, model: Model) -> &mut [u16] {
        match model {
            Model::Number(kind) => self.workspace.number_models.set(kind),
            Model::LargeNumber => self.workspace.large_numbers.set(0),
            Model::Miss(index) => self.workspace.miss_models.set(index),
            Model::Bytes(first) => &mut self.workspace.byte_models[first..][..WORDS],
        }
    }

    /// Notes a value for whoever looks on.
    fn note(&mut self, name: impl FnOnce() -> String, value: u32) {
        if self.steps.len() < self.steps_wanted {
            let decisions = core::mem::take(&mut self.decisions);
            self.steps.push(Step { name: name(), value, decisions });
        }
    }

    /// Decodes a plain decision (§4.2).
    fn plain(
        &mut self,
        counter: fn(&mut Self, usize, usize) -> &mut Counter,
        set: usize,
        index: usize,
    ) -> Result<bool, Reject> {
        let p1 = counter(self, set, index).plain_p1();
        let bit = self.decide(p1)?;
        counter(self, set, index).update(bit);
        Ok(bit)
    }

    /// Decodes a switch in a context (§7.1).
    pub(crate) fn switch(&mut self, switch: Switch, context: u32) -> Result<bool, Reject> {
        self.coder.check_overrun()?;
        let index = switch as usize + usize::try_from(context).expect("small");
        let bit =
            self.plain(|body, set, at| &mut body.workspace.switch_counters.set(set)[at], index, 0)?;
        self.note(|| format!("{switch:?}"), u32::from(bit));
        Ok(bit)
    }

    /// Decodes a number (§7.2).
    pub(crate) fn number(&mut self, kind: Number) -> Result<u32, Reject> {
        self.number_of_set(kind, kind as usize)
    }

    /// Decodes the length of a copy (§7.2).
    pub(crate) fn copy_length(&mut self) -> Result<u32, Reject> {
        let set = if self.header.full { self.place() } else { 0 };
        self.number_of_set(Number::CopyLength, usize::try_from(set).expect("small"))
    }

    fn number_of_set(&mut self, kind: Number, own: usize) -> Result<u32, Reject> {
        self.coder.check_overrun()?;
        let counter: fn(&mut Self, usize, usize) -> &mut Counter =
            |body, set, at| &mut body.workspace.number_counters.set(set)[at];
        let mut slot = 0;
        let mut model = Model::Number(own);
        loop {
            let symbol = self.symbol(model, model, 0)?;
            slot += symbol;
            model = Model::LargeNumber;
            if symbol < 15 || slot >= 63 {
                break;
            }
        }
        let slot = slot.min(63);
        let mut value = u32::try_from(slot).expect("small");
        if slot >= 4 {
            value = 2 | value & 1;
            for left in (0..=slot / 2 - 2).rev() {
                let odd = usize::from(value & 1 == 1);
                let bit = match left {
                    0 => self.plain(counter, own, 1 + odd)?,
                    1 => self.plain(counter, own, 0)?,
                    _ => self.decide(32776)?,
                };
                value = value << 1 | u32::from(bit);
            }
        }
        self.note(|| format!("{kind:?}"), value);
        Ok(value)
    }

    /// Decodes a hit decision with a weight set (§7.3).
    pub(crate) fn hit(
        &mut self,
        name: &str,
        set: usize,
        contexts: [u32; INPUTS],
    ) -> Result<bool, Reject> {
        self.coder.check_overrun()?;
        let workspace = &mut self.workspace;
        let len = u32::try_from(workspace.hit_slots.len()).expect("small");
        let slots = contexts.map(|context| slot(context, len));
        let logits = slots.map(|slot| mixer::logit(workspace.hit_slots[slot]));
        let mixed = Mixed::of(logits.to_vec(), workspace.hit_weights.set(set), 8);
        let bit = self.decide(mixed.p1)?;
        mixed.train(self.workspace.hit_weights.set(set), 16, bit);
        for slot in slots {
            self.workspace.hit_slots[slot].update(bit);
        }
        self.note(|| format!("hit of {name}"), u32::from(bit));
        Ok(bit)
    }

    /// Number of bits of the run, at most 15.
    pub(crate) fn run_bits(&self) -> u32 {
        (32 - self.registers.run.leading_zeros()).min(15)
    }

    /// Decodes whether a block hits (§7.3).
    pub(crate) fn block_hit(&mut self, moves: bool) -> Result<bool, Reject> {
        self.coder.check_overrun()?;
        let run = usize::try_from(self.run_bits() - 4).expect("small");
        let index = run.min(7) + if moves { 8 } else { 0 };
        let bit = self.plain(|body, set, at| &mut body.workspace.blocks.set(set)[at], 0, index)?;
        self.note(|| "hit of a block".to_owned(), u32::from(bit));
        Ok(bit)
    }

    /// Decodes a literal (§7.4).
    pub(crate) fn literal_byte(&mut self, literal: &Literal) -> Result<u8, Reject> {
        self.coder.check_overrun()?;
        let byte = if self.header.full {
            self.bitwise(literal)?
        } else {
            self.halves(literal.expected, literal.group, Some(literal.place))?
        };
        self.note(|| "literal".to_owned(), u32::from(byte));
        Ok(byte)
    }

    /// Decodes a byte of a miss (§7.4).
    pub(crate) fn missed_byte(&mut self, expected: u8, group: u32) -> Result<u8, Reject> {
        self.coder.check_overrun()?;
        let byte = self.halves(expected, group, None)?;
        self.note(|| "missed byte".to_owned(), u32::from(byte));
        Ok(byte)
    }

    /// Decodes a byte of a delta: a literal if it has a place, else one of a miss.
    fn halves(&mut self, expected: u8, group: u32, place: Option<u32>) -> Result<u8, Reject> {
        let models = Models::new(self.workspace.byte_models.len());
        let own = |number| Model::Bytes(models.group(group) + WORDS * number);
        let [high, low] = [expected >> 4, expected & 15].map(usize::from);
        // What knows literals by their place knows halves as they are: the turn is the expected one.
        let (other, turn) = match place {
            Some(place) => (Model::Bytes(Models::high(place)), high),
            None => (Model::Miss(0), 0),
        };
        let above = self.symbol(own(0), other, turn)?;
        let high = (high + above) & 15;

        let number = if above == 0 { 1 } else { 2 };
        let (other, turn) = match place {
            Some(place) => (Model::Bytes(models.low(place, high)), low),
            None => (Model::Miss(number), 0),
        };
        let above = self.symbol(own(number), other, turn)?;
        let low = (low + above) & 15;
        Ok(u8::try_from(high << 4 | low).expect("eight bits"))
    }

    /// Decodes a literal of a full image.
    fn bitwise(&mut self, literal: &Literal) -> Result<u8, Reject> {
        let layout = Layout::new(self.workspace.byte_slots.len());
        let mut sofar = 1;
        for j in (0..8).rev() {
            let state = state(literal.expected, sofar, j);
            let follows = layout.group(literal.group) + (4 * j + state);
            let node = layout.node(literal.place, sofar);
            let near = layout.in_window(literal.context, sofar, j);
            let bit = self.mixed(4 * state + literal.class + j / 4, [follows, node, near])?;
            sofar = 2 * sofar + usize::from(bit);
        }
        Ok(u8::try_from(sofar - 256).expect("eight bits"))
    }

    /// Decodes a bit of a literal of a full image by these byte slots, of which those that exist have a say.
    fn mixed(&mut self, set: usize, slots: [usize; INPUTS]) -> Result<bool, Reject> {
        let workspace = &mut self.workspace;
        let logit = |slot: usize| {
            workspace.byte_slots.get(slot).map_or(0, |counter| mixer::logit(*counter))
        };
        let logits = slots.map(logit).to_vec();
        let mixed = Mixed::of(logits, workspace.byte_weights.set(set), 32);
        let bit = self.decide(mixed.p1)?;
        mixed.train(self.workspace.byte_weights.set(set), 18, bit);
        for slot in slots {
            if let Some(counter) = self.workspace.byte_slots.get_mut(slot) {
                counter.update(bit);
            }
        }
        Ok(bit)
    }
}

/// 0 if `byte` does not go on after the bits so far, else 1 + its bit `j`.
fn state(byte: u8, sofar: usize, j: usize) -> usize {
    let byte = 0x100 | usize::from(byte);
    if byte >> (j + 1) == sofar { 1 + (byte >> j & 1) } else { 0 }
}

/// A model that a symbol is decoded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    /// By kind of number.
    Number(usize),
    /// Of numbers of all kinds, behind their first symbol.
    LargeNumber,
    Miss(usize),
    /// By its first word.
    Bytes(usize),
}
