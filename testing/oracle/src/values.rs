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

/// What a byte is part of (§7.4).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// With the first of its weight classes.
    Literal {
        class: usize,
    },
    Miss {
        kind: usize,
    },
}

const INPUTS: usize = 3;
/// Contexts of a byte beside that of its first input.
const OTHERS: usize = 2;

/// What a byte is decoded by (§7.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByteContexts {
    pub(crate) expected: u8,
    /// Number of the context of the first input.
    pub(crate) first: u32,
    /// Of a literal its place and a context, of a miss two contexts.
    pub(crate) others: [u32; OTHERS],
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
        let mut n = 0;
        while n < 32 && self.plain(counter, own, n.min(19))? {
            n += 1;
        }
        let mut value = u32::try_from(n).expect("small");
        if n >= 2 {
            value = 1;
            for left in (0..=n - 2).rev() {
                let odd = usize::from(value & 1 == 1);
                let bit = if left == n - 2 {
                    self.plain(counter, own, 20 + n.min(19))?
                } else if left == 1 && n >= 5 {
                    self.plain(counter, own, 40)?
                } else if left == 0 && n >= 5 {
                    self.plain(counter, own, 41 + odd)?
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

    /// Decodes a byte (§7.4).
    pub(crate) fn byte(&mut self, role: Role, contexts: &ByteContexts) -> Result<u8, Reject> {
        self.coder.check_overrun()?;
        let length = |len: usize| u32::try_from(len).expect("small");
        let byte_slots = self.workspace.byte_slots.len();
        let layout = Layout::new(byte_slots, self.header.full);
        let first = layout.group(contexts.first);
        let runs_len = length(self.workspace.runs.len());
        let places = contexts.others.map(|context| slot(context, runs_len));
        let literal = matches!(role, Role::Literal { .. });
        let seen: [Run; OTHERS] = core::array::from_fn(|i| match literal {
            true => Run::default(),
            false => self.workspace.runs[places[i]].seen_by(contexts.others[i] >> 16 & 31),
        });
        let expected = 0x100 | u32::from(contexts.expected);
        let mut sofar = 1_u32;
        for j in (0..8_usize).rev() {
            let towards = if expected >> (j + 1) == sofar { 1 + (expected >> j & 1) } else { 0 };
            let path = usize::try_from(towards).expect("small") + 4 * j;
            let bits_so_far = usize::try_from(sofar).expect("small");
            // The counters that have a say, and what each tells the probability of.
            let mut voices = vec![Some((Cell::Slot(first + path), true))];
            for (i, run) in seen.iter().enumerate() {
                voices.push(if literal && i == 1 && !self.header.full {
                    None
                } else if literal {
                    let [place, context] = contexts.others;
                    let at = match i {
                        0 => layout.node(place, bits_so_far),
                        _ => layout.rest_node(context, bits_so_far),
                    };
                    (at < byte_slots).then_some((Cell::Slot(at), true))
                } else {
                    let count = usize::try_from(run.count).expect("small");
                    run.opinion(sofar, j).map(|opinion| (Cell::Trust(i, count), opinion))
                });
            }
            let class = match role {
                Role::Literal { class } => class + j / 2,
                Role::Miss { kind } => [0, 0, 1, 2, 3, 3][kind],
            };
            let towards = usize::try_from(towards).expect("small");
            if let [Some((Cell::Slot(slot), _)), None, None] = voices[..]
                && byte_slots >= 1024
                && !literal
            {
                let bit = self.alone(slot, 4 * towards + class)?;
                sofar = sofar << 1 | u32::from(bit);
                continue;
            }
            let mut logits = Vec::new();
            for voice in &voices {
                logits.push(voice.map_or(0, |(cell, says)| {
                    let counter = *self.cell(cell);
                    let logit = self.mixer.logit(counter);
                    if says { logit } else { -logit }
                }));
            }
            let set = 8 * towards + class;
            let mixed = self.mixer.mix(logits, self.workspace.byte_weights.set(set), 32);
            let bit = self.decide(mixed.p1)?;
            mixed.train(self.workspace.byte_weights.set(set), 18, bit);
            for (cell, says) in voices.into_iter().flatten() {
                self.cell(cell).update(bit == says);
            }
            sofar = sofar << 1 | u32::from(bit);
        }
        let byte = u8::try_from(sofar & 0xFF).expect("masked");
        if !literal {
            for i in 0..OTHERS {
                let run = &mut self.workspace.runs[places[i]];
                *run = run.after(seen[i], u32::from(byte));
            }
        }
        let name = if literal { "literal" } else { "missed byte" };
        self.note(|| name.to_owned(), u32::from(byte));
        Ok(byte)
    }

    /// Decodes a bit that only byte slot `slot` knows something of (§7.4); `first` is the counter that a new slot follows.
    fn alone(&mut self, slot: usize, first: usize) -> Result<bool, Reject> {
        if self.workspace.byte_slots[slot].n > 0 {
            return self.plain(|body, _, at| &mut body.workspace.byte_slots[at], 0, slot);
        }
        let bit = self.plain(|body, _, at| &mut body.workspace.first[at], 0, first)?;
        self.workspace.byte_slots[slot] = Counter { n: 1, ..self.workspace.first[first] };
        Ok(bit)
    }

    fn cell(&mut self, cell: Cell) -> &mut Counter {
        match cell {
            Cell::Slot(slot) => &mut self.workspace.byte_slots[slot],
            Cell::Trust(set, count) => &mut self.workspace.trust.set(set)[count],
        }
    }
}

/// A counter that a byte is mixed from.
#[derive(Clone, Copy, Debug)]
enum Cell {
    Slot(usize),
    Trust(usize, usize),
}
