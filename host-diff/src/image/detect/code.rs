//! What a sweep over code finds, whatever the instruction set.

use super::super::flat::Isa;
use super::bits::BitSet;
use super::log2::surprise;

/// Landmarks in code. All positions are offsets into the image.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// The instruction set that the sweep was for.
    pub(super) isa: Isa,
    /// Halfwords where a function may begin.
    pub(super) entries: BitSet,
    /// Words that code loads by their distance.
    pub(super) literals: BitSet,
    /// Distinct targets of calls inside the image.
    pub(super) call_targets: u32,
    /// How many of these look like the begin of a function.
    pub(super) calls_landing: u32,
    /// How many places look like the begin of a function, and how many could.
    pub(super) prologues: u32,
    pub(super) places: u32,
}

impl Code {
    /// What the landing calls are worth as evidence for the instruction set, in 1/256 bits.
    pub(super) fn score(&self) -> i64 {
        surprise(
            self.calls_landing.into(),
            self.call_targets.into(),
            self.prologues.into(),
            self.places.into(),
        )
    }
}
