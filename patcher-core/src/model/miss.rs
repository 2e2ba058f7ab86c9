//! A byte of a unit whose prediction failed.
//!
//! Beside the input that follows the prediction, two remember bytes (`Remembered`), which answer in few bits what counters would
//! need eight slots for: after this context came that byte, so often in a row.

use super::byte::{MIX, OTHERS, TRUST, Trail, WEIGHTS};
use super::remembered::Remembered;
use super::{Model, layout, number};
use crate::entropy::{
    Coder,
    mixer::{self, Input},
};

/// What a byte of a miss is coded by.
#[derive(Debug, Clone, Copy)]
pub struct Miss {
    /// Its unit's [`Kind::miss_class`](crate::stream::UnitKind), 0..=3.
    pub class: usize,
    /// The byte predicted.
    pub predicted: u8,
    /// Kind of the unit and byte of it, 0..21.
    pub context: u32,
    /// Contexts of remembered bytes, hashed.
    pub others: [u32; OTHERS],
}

/// Codes a bit that only the counter at `cell` knows something of. One that has seen nothing follows the counter at `first`,
/// which learns from all of those.
fn alone(cells: &mut [u16], coder: &mut impl Coder, cell: usize, first: usize, bit: bool) -> bool {
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

/// Codes the byte that `miss` tells of.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, miss: &Miss, byte: u8) -> u8 {
    let (compact, layout, runs) = (model.compact, model.bytes, model.runs);
    let (fixed, cells) = model.split();
    let first = layout.follows(layout::MISSES + miss.context);
    let mut predicted = Trail::of(miss.predicted);
    let mut remembered = [Remembered::default(); OTHERS];
    let mut trails = [Trail::default(); OTHERS];
    let mut inputs = [Input { cell: first, says: 1 }; mixer::INPUTS];
    let [_, others @ ..] = &mut inputs;
    let mut trust = 0;
    for (((input, run), trail), &context) in
        others.iter_mut().zip(&mut remembered).zip(&mut trails).zip(&miss.others)
    {
        *run = Remembered::find(cells, runs, context);
        if let Some(byte) = run.expects() {
            *trail = Trail::of(byte);
        }
        input.cell = trust + usize::from(run.count);
        trust += TRUST.len;
    }
    let mut result = 0u8;
    for index in (0..8usize).rev() {
        let state = predicted.state();
        let cell = first + (index << 2 | state);
        let bit = byte >> index & 1 == 1;
        let [a, b] = &mut trails;
        let bit = if layout.wide && a.is_lost() && b.is_lost() {
            alone(cells, coder, cell, TRUST.count() + state * 4 + miss.class, bit)
        } else {
            let [follows, c, d] = &mut inputs;
            follows.cell = cell;
            c.says = a.says();
            d.says = b.says();
            let weights = WEIGHTS.of(fixed, compact, state * 8 + miss.class);
            let Some(weights) = weights else { return 0 };
            let bit = mixer::decide(coder, weights, cells, &inputs, MIX, bit);
            a.follow(bit);
            b.follow(bit);
            bit
        };
        predicted.follow(bit);
        result = result << 1 | u8::from(bit);
    }
    for run in &remembered {
        run.update(cells, result);
    }
    result
}
