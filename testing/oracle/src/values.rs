//! Switches, numbers, hits and bytes (§7).

use crate::Reject;
use crate::body::{Body, Step};
use crate::counter::Counter;
use crate::hash::slot;
use crate::layout::Layout;
use crate::runs::Run;

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
    MapBase = 0,
    MapShift = 1,
    ExtraLength = 2,
    BaseJump = 3,
    DiffLength = 4,
    CopyLength = 5,
    TargetDistance = 6,
    BaseDistance = 7,
}

const INPUTS: usize = 3;

/// What a literal is decoded by (§7.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literal {
    /// The first of its weight classes.
    pub(crate) class: usize,
    pub(crate) expected: u8,
    pub(crate) group: u32,
    pub(crate) place: u32,
    /// Only of use in a full image.
    pub(crate) context: u32,
}

/// What a byte of a miss is decoded by (§7.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Miss {
    pub(crate) class: usize,
    pub(crate) predicted: u8,
    pub(crate) group: u32,
    /// Its run contexts.
    pub(crate) runs: [u32; 2],
}

/// A two's complement number from its zigzag form.
pub(crate) fn unzigzag(v: u32) -> u32 {
    (v >> 1) ^ if v & 1 == 1 { u32::MAX } else { 0 }
}

impl Body<'_> {
    fn decide(&mut self, p1: u32) -> Result<bool, Reject> {
        let bit = self.coder.decide(p1)?;
        if self.steps.len() < self.steps_wanted {
            self.decisions.extend(self.coder.last_decision);
        }
        Ok(bit)
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
        self.coder.check_overrun()?;
        let own = kind as usize;
        let counter: fn(&mut Self, usize, usize) -> &mut Counter =
            |body, set, at| &mut body.workspace.number_counters.set(set)[at];
        let mut node = 1;
        while node < 16 {
            node = 2 * node + usize::from(self.plain(counter, own, node - 1)?);
        }
        let mut n = node - 16;
        while (15..32).contains(&n) && self.plain(counter, own, n.min(19))? {
            n += 1;
        }
        let mut value = u32::try_from(n).expect("small");
        if n >= 2 {
            value = 1;
            for left in (0..=n - 2).rev() {
                let odd = usize::from(value & 1 == 1);
                let bit = if left == n - 2 {
                    self.plain(counter, own, 20 + n.min(15))?
                } else if left == 1 && n >= 5 {
                    self.plain(counter, own, 36)?
                } else if left == 0 && n >= 5 {
                    self.plain(counter, own, 37 + odd)?
                } else {
                    self.decide(32768)?
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
        let logits = slots.map(|slot| self.mixer.logit(workspace.hit_slots[slot]));
        let mixed = self.mixer.mix(logits.to_vec(), workspace.hit_weights.set(set), 8);
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
    pub(crate) fn block_hit(&mut self) -> Result<bool, Reject> {
        self.coder.check_overrun()?;
        let index = usize::try_from(self.run_bits()).expect("small");
        let p12 = self.workspace.blocks.set(0)[index].p12;
        let bit = self.decide(u32::try_from((p12 * 16) | 32).expect("small"))?;
        self.workspace.blocks.set(0)[index].update(bit);
        self.note(|| "hit of a block".to_owned(), u32::from(bit));
        Ok(bit)
    }

    /// Decodes a literal (§7.4).
    pub(crate) fn literal_byte(&mut self, literal: &Literal) -> Result<u8, Reject> {
        self.coder.check_overrun()?;
        let full = self.header.full;
        let layout = Layout::new(self.workspace.byte_slots.len(), full);
        let mut sofar = 1;
        for j in (0..8).rev() {
            let state = state(literal.expected, sofar, j);
            let follows = layout.group(literal.group) + (4 * j + state);
            let node = layout.node(literal.place, sofar);
            let bit = if full {
                let rest = layout.rest_node(literal.context, sofar);
                self.mixed(4 * state + literal.class + j / 4, [follows, node, rest])?
            } else {
                let [a, b] = [follows, node].map(Cell::Slot);
                self.mean(Mean { a, b, share: 2, inverse: false, first: 4 * state })?
            };
            sofar = 2 * sofar + usize::from(bit);
        }
        let byte = u8::try_from(sofar - 256).expect("eight bits");
        self.note(|| "literal".to_owned(), u32::from(byte));
        Ok(byte)
    }

    /// Decodes a bit of a literal of a full image by these byte slots, of which those that exist have a say.
    fn mixed(&mut self, set: usize, slots: [usize; INPUTS]) -> Result<bool, Reject> {
        let workspace = &mut self.workspace;
        let logit = |slot: usize| {
            workspace.byte_slots.get(slot).map_or(0, |counter| self.mixer.logit(*counter))
        };
        let logits = slots.map(logit).to_vec();
        let mixed = self.mixer.mix(logits, workspace.byte_weights.set(set), 32);
        let bit = self.decide(mixed.p1)?;
        mixed.train(self.workspace.byte_weights.set(set), 18, bit);
        for slot in slots {
            if let Some(counter) = self.workspace.byte_slots.get_mut(slot) {
                counter.update(bit);
            }
        }
        Ok(bit)
    }

    /// Decodes a byte of a miss (§7.4).
    pub(crate) fn missed_byte(&mut self, miss: &Miss) -> Result<u8, Reject> {
        self.coder.check_overrun()?;
        let layout = Layout::new(self.workspace.byte_slots.len(), self.header.full);
        let runs_len = u32::try_from(self.workspace.runs.len()).expect("small");
        let places = miss.runs.map(|context| slot(context, runs_len));
        let seen: [Run; 2] = core::array::from_fn(|i| {
            self.workspace.runs[places[i]].seen_by(miss.runs[i] >> 16 & 31)
        });
        let best = if seen[1].count > seen[0].count { seen[1] } else { seen[0] };
        let count = usize::try_from(best.count).expect("small");
        let mut sofar = 1;
        for j in (0..8).rev() {
            let state = state(miss.predicted, sofar, j);
            let follows = Cell::Slot(layout.group(miss.group) + (4 * j + state));
            let first = 4 * state + miss.class;
            let opinion = best.opinion(u32::try_from(sofar).expect("nine bits"), j);
            let mean = if let Some(opinion) = opinion {
                let towards = match state {
                    0 => 0,
                    _ if (state == 2) == opinion => 1,
                    _ => 2,
                };
                let a = Cell::Trust(towards, count / 2);
                Mean { a, b: follows, share: 3, inverse: !opinion, first }
            } else {
                Mean { a: follows, b: Cell::First(first), share: 3, inverse: false, first }
            };
            let bit = self.mean(mean)?;
            sofar = 2 * sofar + usize::from(bit);
        }
        let byte = u8::try_from(sofar - 256).expect("eight bits");
        for (place, seen) in places.into_iter().zip(seen) {
            let run = &mut self.workspace.runs[place];
            *run = run.after(seen, u32::from(byte));
        }
        self.note(|| "missed byte".to_owned(), u32::from(byte));
        Ok(byte)
    }

    /// Decodes a bit by the mean of two counters (§4.6).
    fn mean(&mut self, mean: Mean) -> Result<bool, Reject> {
        let Mean { a: place_a, b: place_b, share, inverse, first } = mean;
        let first = Counter { n: 1, ..*self.cell(Cell::First(first)) };
        let [mut a, mut b] = [place_a, place_b].map(|place| match *self.cell(place) {
            Counter { n: 0, .. } => first,
            counter => counter,
        });
        if inverse {
            a = a.inverse();
        }
        let p1 = (a.p12 * share + b.p12 * (4 - share)) << 2 | 32;
        let bit = self.decide(u32::try_from(p1).expect("sixteen bits"))?;
        a.update(bit);
        b.update(bit);
        *self.cell(place_a) = if inverse { a.inverse() } else { a };
        *self.cell(place_b) = b;
        Ok(bit)
    }

    fn cell(&mut self, cell: Cell) -> &mut Counter {
        match cell {
            Cell::Slot(slot) => &mut self.workspace.byte_slots[slot],
            Cell::Trust(towards, index) => &mut self.workspace.trust.set(towards)[index],
            Cell::First(index) => &mut self.workspace.first.set(index / 4)[index % 4],
        }
    }
}

/// 0 if `byte` does not go on after the bits so far, else 1 + its bit `j`.
fn state(byte: u8, sofar: usize, j: usize) -> usize {
    let byte = 0x100 | usize::from(byte);
    if byte >> (j + 1) == sofar { 1 + (byte >> j & 1) } else { 0 }
}

/// A counter that a bit is decoded by.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Slot(usize),
    Trust(usize, usize),
    First(usize),
}

/// What a bit is decoded by that is not mixed.
#[derive(Clone, Copy, Debug)]
struct Mean {
    a: Cell,
    b: Cell,
    /// Quarters that `a` has.
    share: i64,
    /// `a` tells the probability of the opposite.
    inverse: bool,
    /// The first counter that stands in for one that has seen nothing.
    first: usize,
}
