//! What the byte slots are used for (§7.5).

use crate::symbols::WORDS;

/// Parts of the byte slots of a full image, where they are counters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    nodes: usize,
    /// Contexts that have slots of their own.
    groups: usize,
    /// Whether those are all.
    enough: bool,
    windows: usize,
    /// How many windows there are.
    count: usize,
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
    pub(crate) fn new(byte_slots: usize) -> Self {
        let nodes = power(byte_slots / 2).min(1024);
        let room = (byte_slots - nodes) / 32;
        let enough = room >= 10;
        let groups = if enough { 10 } else { power(room) };
        let windows = nodes + 32 * groups;
        let count = byte_slots.saturating_sub(windows) / 48;
        Self { nodes, groups, enough, windows, count }
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

    /// The slot of a literal's bit `j` in a context after the bits so far: by the last three, and by how many there are.
    pub(crate) fn in_window(&self, context: u32, sofar: usize, j: usize) -> usize {
        let context = usize::try_from(context).expect("small");
        let window = if self.count == 0 { 0 } else { context % self.count };
        let row = 5_usize.saturating_sub(j);
        self.windows + 48 * window + 8 * row + sofar % 8
    }
}

/// Parts of the byte slots of a delta, where they are models.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Models {
    /// Models of low halves by what comes before them.
    halves: usize,
    first: usize,
    groups: usize,
    enough: bool,
}

impl Models {
    pub(crate) fn new(byte_slots: usize) -> Self {
        let halves = power(byte_slots / (2 * WORDS)).min(32);
        let first = WORDS * (2 + halves);
        let room = (byte_slots - first) / (3 * WORDS);
        let enough = room >= 25;
        let groups = if enough { 25 } else { power(room) };
        Self { halves, first, groups, enough }
    }

    /// First word of the model of high halves at a place.
    pub(crate) fn high(place: u32) -> usize {
        WORDS * usize::try_from(place).expect("small")
    }

    /// First word of the model of low halves at a place, behind a high half.
    pub(crate) fn low(&self, place: u32, high: usize) -> usize {
        let place = usize::try_from(place).expect("small");
        WORDS * (2 + (high << 1 | place) % self.halves)
    }

    /// First word of the three models of a group.
    pub(crate) fn group(&self, group: u32) -> usize {
        let group = usize::try_from(group).expect("small");
        self.first + 3 * WORDS * if self.enough { group } else { group % self.groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_lie_within_the_slots() {
        // The least that §3 leaves, some more, and where nothing is shared any more.
        for words in (214..2200).chain([1853, 30_000]) {
            let models = Models::new(words);
            let last = (0..25).map(|g| models.group(g)).max().expect("groups");
            assert!(last + 3 * WORDS <= words, "{words}");
            let lows = (0..16).flat_map(|h| [0, 1].map(|p| models.low(p, h)));
            assert!(lows.max().expect("halves") + WORDS <= models.first, "{words}");
        }
        let models = Models::new(1853);
        assert!(models.enough);
        assert_eq!((models.halves, models.group(24) + 3 * WORDS), (32, 1853));
        assert!(!Models::new(1852).enough);
    }
}
