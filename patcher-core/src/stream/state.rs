//! The registers of a stream between two steps.

use crate::reference::halfword::Halfwords;
use crate::reference::inside::Inside;

/// Distances that copies may repeat.
pub const REPEATS: usize = 3;

/// Where a copy reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Source {
    /// From the base, else from the target.
    pub from_base: bool,
    /// Source offset minus target offset, wrapping.
    pub delta: u32,
}

/// Of a copy that there was not yet.
const NOWHERE: Source = Source { from_base: false, delta: 0 };

/// What the next step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The base address of a map entry.
    MapBase,
    /// The shift of a map entry.
    MapShift,
    /// Whether the op follows the map; else the length of its extra.
    OpStart,
    /// A token of the extra: a literal, or the start of a copy.
    Extra,
    /// Offset of a copy.
    CopyOffset,
    /// Length of a copy.
    CopyLength,
    /// The bytes of a copy.
    Copy,
    /// Where the diff starts in the base.
    DiffStart,
    /// Length of the diff.
    DiffLength,
    /// A unit or a block of the diff.
    Diff,
    /// A restart mark.
    Mark,
    /// The target is complete.
    Done,
}

/// All registers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    /// Target bytes produced.
    pub(crate) position: u32,
    /// Base offset where the next diff is expected, then where the current one reads.
    pub(crate) base: u32,
    /// Base offset where the current diff started.
    pub(crate) diff_start: u32,
    /// Bytes left of the extra, then of the diff.
    pub(crate) left: u32,
    /// How many of the last bytes are not written yet, at most 3: a call may begin in them.
    pub(crate) held: u32,
    /// Bytes left of the copy, within the extra.
    pub(crate) copy_left: u32,
    /// The next breakpoint that is also an op: target and base offset, if it has been looked for.
    pub(crate) announced: Option<(u32, u32)>,
    /// There is no such breakpoint any more.
    pub(crate) none_announced: bool,
    /// The map gave this op's base offset.
    pub(crate) mapped_base: Option<u32>,
    /// Base address of the map entry half read.
    pub(crate) map_base: u32,
    /// Target shift of the map entry before.
    pub(crate) map_shift: u32,
    /// Where the current copy reads.
    pub(crate) source: Source,
    /// The last distances, most recent first.
    pub(crate) repeats: [Source; REPEATS],
    /// The last four target bytes, most recent lowest.
    pub(crate) last: u32,
    /// Outcomes of the last units, most recent lowest, 1 = miss.
    pub(crate) history: u32,
    /// Bytes since the last miss, saturating.
    pub(crate) run: u32,
    /// Bytes left of a block that did not hit as a whole.
    pub(crate) block_left: u8,
    /// Tokens of extras, most recent lowest, 1 = copy.
    pub(crate) tokens: u8,
    /// The last op followed the map.
    pub(crate) followed_map: bool,
    /// The last copy repeated a distance.
    pub(crate) repeated: bool,
    /// The last copy with an offset of its own read the base.
    pub(crate) read_base: bool,
    /// This extra had a copy.
    pub(crate) copied: bool,
    /// Where in an instruction the next byte of this extra stands.
    pub(crate) inside: Inside,
    /// Halfwords of this extra.
    pub(crate) halfwords: Halfwords,
}

impl State {
    /// At the start of a patch. A constant of zeros: it takes no loop and no copy.
    pub(crate) const START: Self = Self {
        phase: Phase::MapBase,
        position: 0,
        base: 0,
        diff_start: 0,
        left: 0,
        held: 0,
        copy_left: 0,
        announced: None,
        none_announced: false,
        mapped_base: None,
        map_base: 0,
        map_shift: 0,
        source: NOWHERE,
        repeats: [NOWHERE; REPEATS],
        last: 0,
        history: 0,
        run: 0,
        block_left: 0,
        tokens: 0,
        followed_map: false,
        repeated: false,
        read_base: false,
        copied: false,
        inside: Inside::START,
        halfwords: Halfwords::START,
    };

    /// Forgets all but where it is, on a mark.
    #[inline(never)]
    pub(crate) fn restart(&mut self) {
        let Self { position, base, .. } = *self;
        *self = Self::START;
        self.phase = Phase::Mark;
        self.position = position;
        self.base = base;
    }

    /// Notes `bytes` as the last ones of the target.
    pub(crate) fn advance(&mut self, bytes: &[u8]) {
        self.position = self.position.wrapping_add(super::length32(bytes.len()));
        let last = bytes.get(bytes.len().saturating_sub(size_of::<u32>())..).unwrap_or(&[]);
        for &byte in last {
            self.last = self.last << 8 | u32::from(byte);
        }
    }
}
