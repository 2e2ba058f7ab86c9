//! A byte of a unit whose prediction failed.

use super::byte::{self, Byte};
use super::{Model, layout};
use crate::entropy::Coder;

/// Codes a byte where `predicted` failed. `context` < 21 is the kind of its unit and which byte of it it is.
pub fn code(
    model: &mut Model<'_>,
    coder: &mut impl Coder,
    context: u32,
    predicted: u8,
    truth: u8,
) -> u8 {
    let group = model.bytes.follows(layout::MISSES + context);
    let (_, cells) = model.split();
    byte::code(cells, coder, &Byte { expected: predicted, group, order: None }, truth)
}
