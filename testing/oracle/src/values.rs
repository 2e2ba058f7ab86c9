//! Switches, numbers, hits and bytes (§7).

use crate::Reject;
use crate::body::{Body, Step};
use crate::counter::Counter;
use crate::hash::slot;

/// The switches of §7.1; the value is the first counter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Switch {
    FromMap = 0,
    IsCopy = 2,
    IsRepeat = 10,
    FromBase = 12,
    RepeatIndex = 14,
    Reset = 16,
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
    Extra,
    Miss { kind: usize, predicted: u8 },
}

const HIT_INPUTS: usize = 6;
const BYTE_INPUTS: usize = 9;

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
        counters: fn(&mut Self) -> &mut [Counter],
        index: usize,
    ) -> Result<bool, Reject> {
        let p1 = counters(self)[index].plain_p1();
        let bit = self.decide(p1)?;
        counters(self)[index].update(bit);
        Ok(bit)
    }

    /// Decodes a switch in a context (§7.1).
    pub(crate) fn switch(&mut self, switch: Switch, context: u32) -> Result<bool, Reject> {
        self.coder.check_overrun()?;
        let index = switch as usize + usize::try_from(context).expect("small");
        let bit = self.plain(|body| &mut body.workspace.switch_counters, index)?;
        self.note(|| format!("{switch:?}"), u32::from(bit));
        Ok(bit)
    }

    /// Decodes a number (§7.2).
    pub(crate) fn number(&mut self, kind: Number) -> Result<u32, Reject> {
        self.coder.check_overrun()?;
        let first = 53 * (kind as usize);
        let counters: fn(&mut Self) -> &mut [Counter] = |body| &mut body.workspace.number_counters;
        let mut n = 0;
        while n < 32 && self.plain(counters, first + n.min(24))? {
            n += 1;
        }
        let mut value = u32::try_from(n).expect("small");
        if n >= 2 {
            value = 1;
            for left in (0..=n - 2).rev() {
                let odd = usize::from(value & 1 == 1);
                let bit = if left == n - 2 {
                    self.plain(counters, first + 25 + n.min(24))?
                } else if left == 1 && n >= 5 {
                    self.plain(counters, first + 50)?
                } else if left == 0 && n >= 5 {
                    self.plain(counters, first + 51 + odd)?
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
        contexts: [u32; HIT_INPUTS],
    ) -> Result<bool, Reject> {
        self.coder.check_overrun()?;
        let slots = contexts.map(|context| slot(context, self.header.hit_slots));
        let counters = slots.map(|slot| self.workspace.hit_slots[slot]);
        let weights = HIT_INPUTS * set..HIT_INPUTS * (set + 1);
        let mixed = self.mixer.mix(&counters, &self.workspace.hit_weights[weights.clone()], 8);
        let bit = self.decide(mixed.p1)?;
        mixed.train(&mut self.workspace.hit_weights[weights], bit);
        for slot in slots {
            self.workspace.hit_slots[slot].update(bit);
        }
        self.note(|| format!("hit of {name}"), u32::from(bit));
        Ok(bit)
    }

    /// Decodes a byte (§7.4).
    pub(crate) fn byte(&mut self, role: Role, contexts: [u32; BYTE_INPUTS]) -> Result<u8, Reject> {
        self.coder.check_overrun()?;
        let mut sofar = 1_u32;
        for j in (0..8_usize).rev() {
            let mut paths = [sofar.wrapping_mul(0x9E37_79B1); BYTE_INPUTS];
            let set = match role {
                Role::Extra => 24 + 2 * j + usize::from(self.position() & 1 == 1),
                Role::Miss { kind, predicted } => {
                    let e = 0x100 | u32::from(predicted);
                    let towards = if e >> (j + 1) == sofar { 1 + (e >> j & 1) } else { 0 };
                    let j = u32::try_from(j).expect("small");
                    paths[0] = (j << 2 | towards).wrapping_mul(0x9E37_79B1);
                    3 * kind + usize::try_from(towards).expect("small")
                }
            };
            let slots: [usize; BYTE_INPUTS] = core::array::from_fn(|i| {
                slot((contexts[i] ^ paths[i]).wrapping_mul(0x2C1B_3C6D), self.header.byte_slots)
            });
            let counters = slots.map(|slot| self.workspace.byte_slots[slot]);
            let weights = BYTE_INPUTS * set..BYTE_INPUTS * (set + 1);
            let mixed =
                self.mixer.mix(&counters, &self.workspace.byte_weights[weights.clone()], 32);
            let bit = self.decide(mixed.p1)?;
            mixed.train(&mut self.workspace.byte_weights[weights], bit);
            for slot in slots {
                self.workspace.byte_slots[slot].update(bit);
            }
            sofar = sofar << 1 | u32::from(bit);
        }
        let byte = u8::try_from(sofar & 0xFF).expect("masked");
        let name = if matches!(role, Role::Extra) { "literal" } else { "missed byte" };
        self.note(|| name.to_owned(), u32::from(byte));
        Ok(byte)
    }
}
