//! Where the counters of bytes lie among the byte slots (§7.6).

use crate::hash::slot;

/// Parts of the byte slots.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    nodes: usize,
    /// Contexts that have slots of their own.
    groups: usize,
    /// Whether those are all.
    enough: bool,
    rest: usize,
    rest_nodes: usize,
    places: usize,
}

/// The largest power of two that is at most `n`; 1 for 0.
fn power(n: usize) -> usize {
    let mut power = 1;
    while 2 * power <= n {
        power *= 2;
    }
    power
}

impl Layout {
    pub(crate) fn new(byte_slots: usize, full: bool) -> Self {
        let nodes = power(byte_slots / 2).min(if full { 1024 } else { 512 });
        let room = (byte_slots - nodes) / 32;
        let enough = room >= 37;
        let groups = if enough { 37 } else { power(room) };
        let rest = nodes + 32 * groups;
        let left = byte_slots.saturating_sub(rest);
        let rest_nodes = power(left / 2).min(256);
        let places = left.saturating_sub(rest_nodes - 1);
        Self { nodes, groups, enough, rest, rest_nodes, places }
    }

    /// First slot of a context by its number.
    pub(crate) fn group(&self, context: u32) -> usize {
        let context = usize::try_from(context).expect("small");
        let group = if self.enough { context } else { context % self.groups };
        self.nodes + 32 * group
    }

    /// The slot of a literal's bit at `place` after the bits so far.
    pub(crate) fn node(&self, place: u32, sofar: usize) -> usize {
        let place = usize::try_from(place).expect("small");
        256 * place % self.nodes + sofar % self.nodes.min(256)
    }

    /// The slot of a literal's bit in a context after the bits so far.
    pub(crate) fn rest_node(&self, context: u32, sofar: usize) -> usize {
        let places = u32::try_from(self.places).expect("small");
        self.rest + slot(context, places) + sofar % self.rest_nodes
    }
}
