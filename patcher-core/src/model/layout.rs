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
//! | windows: a bit of a literal by the last bits before it and one more context | [`WINDOW`] for each context that there is room for |
//!
//! With enough slots no two contexts share any. With fewer, those do whose numbers have the same low bits, of windows those that
//! are as far apart as there are windows.

use super::byte::{self, Order};
use crate::entropy::symbol::WORDS;

/// Models of low halves.
const HALVES: usize = 32;
/// Places of literals in a delta.
const PLACES: usize = 2;
/// Contexts that follow a byte in a delta: those of literals, then those of misses.
const CONTEXTS: usize = MISSES as usize + 21;
/// Number of the first context of a miss.
pub(crate) const MISSES: u32 = 4;
/// Slots that a delta can make use of.
pub(crate) const DELTA: usize = (PLACES + HALVES) * WORDS + CONTEXTS * byte::GROUP;

/// Nodes of a byte.
const NODES: usize = 256;
/// Counters of a context that follows a byte: which bit it is, and where it stands towards that byte.
const GROUP: usize = 32;
/// Contexts that follow a byte in a full image: by the token before and four places, and two by where halfwords led.
const FULL_CONTEXTS: usize = 10;
/// Counters of a window: a bit of a literal by the last three bits before it, and how many there are.
const WINDOW: usize = 48;

/// The parts of the slots of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Where nodes or the order start, groups, and windows.
    starts: [usize; 3],
    /// Nodes of all places less one, or models of low halves: low bits.
    nodes: usize,
    /// Slots of a group.
    group: usize,
    /// What there is of the number of a context: its low bits, or all.
    contexts: usize,
    /// How many windows there are.
    windows: usize,
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
        Self { starts: [start, groups, rest], nodes, group, contexts, windows: left / WINDOW }
    }

    /// First slot of the context of this number, which follows a byte.
    pub(crate) fn follows(&self, context: u32) -> usize {
        let [_, groups, _] = self.starts;
        groups + (context as usize & self.contexts) * self.group
    }

    /// The order of bytes at `place` of a delta.
    pub(crate) fn order(&self, place: usize) -> Order {
        let ([start, ..], halves) = (self.starts, self.nodes);
        Order { high: start + place * WORDS, low: start + PLACES * WORDS, halves, place }
    }

    /// First slot of the nodes at `place` of a full image, and what there is of the number of a node.
    pub(crate) fn nodes(&self, place: u32) -> (usize, usize) {
        let ([start, ..], nodes) = (self.starts, self.nodes);
        (start + ((place as usize * NODES) & nodes), nodes.min(NODES - 1))
    }

    /// First slot of the window of a context of this number.
    pub(crate) fn window(&self, context: u32) -> usize {
        let [.., windows] = self.starts;
        windows + (context as usize).checked_rem(self.windows).unwrap_or(0) * WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::header::STATE_BYTES;
    use crate::model::Tables;
    use crate::reference::halfword;

    #[test]
    fn contexts_of_halfwords_have_windows_of_their_own_in_16_kib() {
        let tables = Tables::new(64, STATE_BYTES, 0, false, false).unwrap();
        let layout = Layout::new(0, tables.byte_slots, false);
        let numbers = (0..4).flat_map(|place| (0..=0xFF).map(move |byte| (place, byte)));
        let most = numbers.map(|(place, byte)| halfword::context(place, byte)).max().unwrap();
        assert!(most < 128 && layout.windows >= 128, "{most} of {}", layout.windows);
        assert!(layout.window(127) + WINDOW <= tables.byte_slots);
    }
}
