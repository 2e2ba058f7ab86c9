//! Where the counters of bytes lie among their slots.
//!
//! | of a delta | slots |
//! | --- | --- |
//! | order: how often each half of a byte comes | a model for high halves by place, [`HALVES`] for low ones by place and high half |
//! | groups: how far a byte is from the one expected, by context | [`byte::GROUP`] for each context |
//!
//! | of a full image | |
//! | --- | --- |
//! | nodes: a bit of a literal by the bits before it | [`NODES`] for each of four places |
//! | groups: a bit that follows a byte, by context | [`GROUP`] for each context |
//! | the rest: nodes by one more context | anywhere, by hash |
//!
//! With enough slots no two contexts but those of the rest share any. With fewer, those do whose numbers have the same low bits.

use super::byte::{self, Order};
use super::hash;
use crate::entropy::symbol::WORDS;

/// Models of low halves.
const HALVES: usize = 32;
/// Places of literals in a delta.
const PLACES: usize = 2;
/// Contexts that follow a byte in a delta: those of literals, then those of misses.
const CONTEXTS: usize = MISSES as usize + 21;
/// Number of the first context of a miss.
pub(crate) const MISSES: u32 = 8;
/// Slots that a delta can make use of.
pub(crate) const DELTA: usize = (PLACES + HALVES) * WORDS + CONTEXTS * byte::GROUP;

/// Nodes of a byte.
const NODES: usize = 256;
/// Counters of a context that follows a byte: which bit it is, and where it stands towards that byte.
const GROUP: usize = 32;
/// Contexts of literals in a full image.
const FULL_CONTEXTS: usize = 32;

/// The parts of the slots of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Where nodes or the order start, groups, and the rest.
    starts: [usize; 3],
    /// Nodes of all places less one, or models of low halves, and the nodes of the rest: low bits.
    nodes: [usize; 2],
    /// Slots of a group.
    group: usize,
    /// What there is of the number of a context: its low bits, or all.
    contexts: usize,
    /// Places of the rest where a context may have its nodes.
    places: usize,
}

/// The largest power of two that is not above `value`, at least 1, less one.
fn low_bits(value: usize) -> usize {
    usize::MAX.wrapping_shr((value | 1).leading_zeros()) >> 1
}

impl Layout {
    /// The parts of `len` slots from `start` on.
    pub(crate) fn new(start: usize, len: usize, diffs: bool) -> Self {
        let (nodes, ahead, group, most) = if diffs {
            let halves = low_bits(len / WORDS / 2).min(HALVES - 1);
            (halves, (PLACES + halves + 1) * WORDS, byte::GROUP, CONTEXTS)
        } else {
            let nodes = low_bits(len / 2).min(4 * NODES - 1);
            (nodes, nodes + 1, GROUP, FULL_CONTEXTS)
        };
        let room = len.saturating_sub(ahead) / group;
        let contexts = if room < most { low_bits(room) } else { usize::MAX };
        let groups = start + ahead;
        let rest = groups + (contexts.min(most - 1) + 1) * group;
        let left = (start + len).saturating_sub(rest);
        let hashed = low_bits(left / 2).min(NODES - 1);
        Self {
            starts: [start, groups, rest],
            nodes: [nodes, hashed],
            group,
            contexts,
            places: left.saturating_sub(hashed),
        }
    }

    /// First slot of the context of this number, which follows a byte.
    pub(crate) fn follows(&self, context: u32) -> usize {
        let [_, groups, _] = self.starts;
        groups + (context as usize & self.contexts) * self.group
    }

    /// The order of bytes at `place` of a delta.
    pub(crate) fn order(&self, place: usize) -> Order {
        let ([start, ..], [halves, _]) = (self.starts, self.nodes);
        Order { high: start + place * WORDS, low: start + PLACES * WORDS, halves, place }
    }

    /// First slot of the nodes at `place` of a full image, and what there is of the number of a node.
    pub(crate) fn nodes(&self, place: u32) -> (usize, usize) {
        let ([start, ..], [nodes, _]) = (self.starts, self.nodes);
        (start + ((place as usize * NODES) & nodes), nodes.min(NODES - 1))
    }

    /// The same of a context of the rest.
    pub(crate) fn hashed(&self, context: u32) -> (usize, usize) {
        let ([.., rest], [_, nodes]) = (self.starts, self.nodes);
        (rest + hash::slot(context, self.places), nodes)
    }
}
