//! A byte of a unit whose prediction failed.
//!
//! Two bytes are remembered (`Remembered`), which answer in few bits what counters would need eight slots for: after this
//! context came that byte, so often in a row. While one goes on, a decision is the mean of how far such bytes can be trusted
//! and of the counter that follows the prediction, else of the latter and of what it started from.

use super::byte::{self, Pair, Trail};
use super::remembered::Remembered;
use super::{Model, layout};
use crate::entropy::Coder;

/// Bytes that are remembered for one that missed.
pub const REMEMBERED: usize = 2;

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
    pub others: [u32; REMEMBERED],
}

/// Codes the byte that `miss` tells of.
pub fn code(model: &mut Model<'_>, coder: &mut impl Coder, miss: &Miss, truth: u8) -> u8 {
    let (layout, runs) = (model.bytes, model.runs);
    let (_, cells) = model.split();
    let follows = layout.follows(layout::MISSES + miss.context);
    let mut predicted = Trail::of(miss.predicted);
    let remembered = miss.others.map(|context| Remembered::find(cells, runs, context));
    // The one that came more often in a row.
    let [one, other] = remembered;
    let best = if other.count > one.count { other } else { one };
    let mut trail = best.expects().map(Trail::of).unwrap_or_default();
    let trust = usize::from(best.count / 2);
    let mut result = 0u8;
    for index in (0..8usize).rev() {
        let state = predicted.state();
        let cell = follows + (index << 2 | state);
        let first = byte::first(state, miss.class);
        let mut pair = Pair { a: cell, b: first, share: 3, inverse: 0, first };
        if !trail.is_lost() {
            let next = trail.next();
            let towards = if state == 0 { 0 } else { 1 + usize::from(predicted.next() != next) };
            pair.a = towards * byte::TRUST.len + trust;
            pair.b = cell;
            pair.inverse = if next { 0 } else { byte::INVERSE };
        }
        let bit = byte::decide(cells, coder, &pair, truth >> index & 1 == 1);
        trail.follow(bit);
        predicted.follow(bit);
        result = result << 1 | u8::from(bit);
    }
    for run in &remembered {
        run.update(cells, result);
    }
    result
}
