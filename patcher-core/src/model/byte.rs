//! A byte that is not known: eight decisions, each mixed from three counters.
//!
//! Literals and missed predictions share the table; their contexts differ. Both have a byte to compare with: what the base
//! or the last copy would have gone on with, or the prediction that failed. The first input follows that
//! byte instead of the bits so far: it learns where the comparison fails.
//!
//! The other inputs of a literal count its bits after the bits so far in a context. Those of a miss are `Remembered`
//! bytes, which answer in few bits what counters would need eight slots for: after this context came that byte, so often
//! in a row.

use super::remembered::Remembered;
use super::{Model, Part, hit, number};
use crate::entropy::{
    Coder,
    mixer::{self, Input},
};

/// Contexts beside the byte to compare with.
pub const OTHERS: usize = mixer::INPUTS - 1;
/// Weight sets: state towards the expected byte × (unit kinds of misses, bit pairs of literals).
pub(crate) const WEIGHTS: Part = hit::WEIGHTS.then(3 * 8, mixer::WEIGHTS, 2);
/// Counters of how far remembered bytes can be trusted: input, each by count.
pub(crate) const TRUST: Part = WEIGHTS.then(OTHERS, 8, 0);
/// Counters of bits whose first input has seen nothing, when no other has a say: state towards the prediction × kinds of
/// misses. A compact model has none: it mixes such bits too.
pub(crate) const FIRST: Part = TRUST.then(3 * 4, 1, Part::NONE);
/// Byte slots from which on a bit that one input knows is coded by its counter alone: with fewer, contexts share too many.
pub(crate) const WIDE: usize = 1024;
/// Counters of a context that follows a byte: eight of four.
const FOLLOWED: usize = 32;
/// Contexts that follow a byte: of literals and of misses.
const GROUPS: usize = 16 + 21;
/// Slots that all contexts of a delta take.
pub(crate) const ALL: usize = 2 * NODES + GROUPS * FOLLOWED;

fn nodes(len: usize) -> usize {
    if len >= ALL { 2 * NODES } else if len >= 2 * NODES { NODES } else { NODES / 2 }
}

fn follows(len: usize, context: u32) -> usize {
    let nodes = nodes(len);
    let groups = len.saturating_sub(nodes) / FOLLOWED;
    let context = context as usize;
    let group = if context < groups { context } else { context & (usize::MAX.checked_shr(groups.leading_zeros() + 1).unwrap_or(0)) };
    nodes + group * FOLLOWED
}
/// Counters of a literal's context by the bits so far; half as many in a small table.
const NODES: usize = 256;
/// Probabilities stay in 32/65536 ..= 65504/65536: a byte costs 11 bytes of patch at most.
const MIX: mixer::Way = mixer::Way { least: 32, slowness: 18 };

/// What kind of byte it is.
#[derive(Debug, Clone, Copy)]
pub enum Role {
    /// A literal of an extra. In a full image the last context has a say too: elsewhere there are too few literals to learn
    /// it.
    Literal {
        /// Whether it is a full image.
        alone: bool,
    },
    /// A byte of a unit whose prediction failed, by [`Kind::miss_class`](crate::stream::UnitKind), 0..=3.
    Miss(usize),
}

/// What a byte is coded by; contexts are hashed already.
#[derive(Debug, Clone, Copy)]
pub struct Contexts {
    /// Weight set.
    pub role: Role,
    /// The byte that the first input follows.
    pub expected: u8,
    /// Context of the first input: below 16 of a literal, else of a miss.
    pub follows: u32,
    /// Contexts of bit counters of a literal, of remembered bytes of a miss.
    pub others: [u32; OTHERS],
}

/// A byte that may come, its next bit highest and a one behind its last; 0 once another bit has come.
#[derive(Debug, Clone, Copy, Default)]
struct Trail(u32);

impl Trail {
    fn of(byte: u8) -> Self {
        Self(u32::from(byte) << 24 | 1 << 23)
    }

    fn is_lost(self) -> bool {
        self.0 == 0
    }

    /// 0: lost, else 1 + its next bit.
    fn state(self) -> u32 {
        if self.is_lost() { 0 } else { 1 + (self.0 >> 31) }
    }

    /// What it says of the next bit, as [`Input::says`].
    fn says(self) -> i32 {
        if self.is_lost() { 0 } else { 2 * (self.0 >> 31).cast_signed() - 1 }
    }

    fn follow(&mut self, bit: bool) {
        self.0 = if (self.0 >> 31 == 1) == bit { self.0 << 1 } else { 0 };
    }
}

/// Codes a bit that only the counter at `cell` knows something of. One that has seen nothing follows the counter at `first`,
/// which learns from all of those.
fn plain(cells: &mut [u16], coder: &mut impl Coder, cell: usize, first: usize, bit: bool) -> bool {
    let fresh = cells.get(cell).is_some_and(|&counter| counter & 15 == 0);
    let bit = number::plain(cells, coder, if fresh { first } else { cell }, bit);
    if fresh {
        let seen = cells.get(first).copied().unwrap_or(0);
        if let Some(counter) = cells.get_mut(cell) {
            *counter = seen & !15 | 1;
        }
    }
    bit
}

/// Codes one byte, highest bit first.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, contexts: &Contexts, byte: u8) -> u8 {
    match contexts.role {
        Role::Literal { alone } => literal(model, coder, contexts, alone, byte),
        Role::Miss(class) => miss(model, coder, contexts, class, byte),
    }
}

fn literal(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    contexts: &Contexts,
    alone: bool,
    byte: u8,
) -> u8 {
    let (compact, slots) = (model.compact, model.byte_slots);
    let (fixed, cells) = model.split();
    let first = slots.start + follows(slots.len, contexts.follows);
    let [place, last] = contexts.others;
    let nodes = nodes(slots.len);
    let reach = nodes.min(NODES) - 1;
    let starts = [slots.start + place as usize * NODES & nodes - 1, slots.of(last, reach)];
    let mut expected = Trail::of(contexts.expected);
    let mut inputs = [Input { cell: first, says: 1 }; mixer::INPUTS];
    let [.., last] = &mut inputs;
    last.says = alone.into();
    let mut sofar = 1u32;
    for index in (0..8u32).rev() {
        let state = expected.state();
        let [follows, others @ ..] = &mut inputs;
        follows.cell = first + (index << 2 | state) as usize;
        for (input, &start) in others.iter_mut().zip(&starts) {
            input.cell = start + (sofar as usize & reach);
        }
        let class = 4 + (index >> 1) as usize;
        let weights = WEIGHTS.of(fixed, compact, state as usize * 8 + class);
        let Some(weights) = weights else { return 0 };
        let bit = mixer::decide(coder, weights, cells, &inputs, MIX, byte >> index & 1 == 1);
        sofar = sofar << 1 | u32::from(bit);
        expected.follow(bit);
    }
    u8::try_from(sofar & 0xFF).unwrap_or(0)
}

fn miss(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    contexts: &Contexts,
    class: usize,
    byte: u8,
) -> u8 {
    let (compact, slots, runs) = (model.compact, model.byte_slots, model.runs);
    let (fixed, cells) = model.split();
    let first = slots.start + follows(slots.len, contexts.follows);
    let mut expected = Trail::of(contexts.expected);
    let mut remembered = [Remembered::default(); OTHERS];
    let mut trails = [Trail::default(); OTHERS];
    let mut inputs = [Input { cell: first, says: 1 }; mixer::INPUTS];
    let [_, others @ ..] = &mut inputs;
    let mut trust = 0;
    for (((input, run), trail), &context) in
        others.iter_mut().zip(&mut remembered).zip(&mut trails).zip(&contexts.others)
    {
        *run = Remembered::find(cells, runs, context);
        if let Some(byte) = run.expects() {
            *trail = Trail::of(byte);
        }
        input.cell = trust + usize::from(run.count);
        trust += TRUST.len;
    }
    let mut result = 0u8;
    for index in (0..8u32).rev() {
        let state = expected.state();
        let cell = first + (index << 2 | state) as usize;
        let bit = byte >> index & 1 == 1;
        let [a, b] = &mut trails;
        let bit = if slots.len >= WIDE && a.is_lost() && b.is_lost() {
            let first = TRUST.count() + state as usize * 4 + class;
            plain(cells, coder, cell, first, bit)
        } else {
            let [follows, c, d] = &mut inputs;
            follows.cell = cell;
            c.says = a.says();
            d.says = b.says();
            let weights = WEIGHTS.of(fixed, compact, state as usize * 8 + class);
            let Some(weights) = weights else { return 0 };
            let bit = mixer::decide(coder, weights, cells, &inputs, MIX, bit);
            a.follow(bit);
            b.follow(bit);
            bit
        };
        expected.follow(bit);
        result = result << 1 | u8::from(bit);
    }
    for run in &remembered {
        run.update(cells, result);
    }
    result
}
