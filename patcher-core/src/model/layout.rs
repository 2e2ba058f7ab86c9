//! Where the counters of bytes lie among their slots.
//!
//! | part | slots |
//! | --- | --- |
//! | nodes: a bit of a literal by the bits before it | [`NODES`] for each of its places |
//! | groups: a bit that follows a byte, by context | [`GROUP`] for each context |
//! | the rest: nodes by one more context, of literals of full images only | anywhere, by hash |
//!
//! With enough slots no two contexts of a delta share any. With fewer, those do whose numbers have the same low bits.

use super::hash;

/// Nodes of a byte.
const NODES: usize = 256;
/// Counters of a context that follows a byte: which bit it is, and where it stands towards that byte.
const GROUP: usize = 32;
/// Contexts that follow a byte: those of literals, then those of misses.
const CONTEXTS: usize = MISSES as usize + 21;
/// Number of the first context of a miss, in a delta; there are none in a full image, and more of literals.
pub(crate) const MISSES: u32 = 16;
/// Slots that a delta can make use of.
pub(crate) const DELTA: usize = 2 * NODES + CONTEXTS * GROUP;

/// The parts of the slots of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Where nodes start, groups, and the rest.
    starts: [usize; 3],
    /// Nodes of all places less one, and the same of the rest: low bits.
    nodes: [usize; 2],
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
        let nodes = low_bits(len / 2).min(if diffs { 2 * NODES } else { 4 * NODES } - 1);
        let room = len.saturating_sub(nodes + 1) / GROUP;
        let contexts = if room < CONTEXTS { low_bits(room) } else { usize::MAX };
        let groups = start + nodes + 1;
        let used = contexts.min(CONTEXTS - 1) + 1;
        let rest = groups + used * GROUP;
        let left = (start + len).saturating_sub(rest);
        let hashed = low_bits(left / 2).min(NODES - 1);
        Self {
            starts: [start, groups, rest],
            nodes: [nodes, hashed],
            contexts,
            places: left.saturating_sub(hashed),
        }
    }

    /// First slot of the context of this number, which follows a byte.
    pub(crate) fn follows(&self, context: u32) -> usize {
        let [_, groups, _] = self.starts;
        groups + (context as usize & self.contexts) * GROUP
    }

    /// First slot of the nodes at `place`, and what there is of the number of a node.
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
