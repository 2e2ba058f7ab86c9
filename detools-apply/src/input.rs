//! Patch bytes that wait until there are enough of them for one step.

/// Bytes held at most.
const HELD: usize = 32;
/// What the longest step takes: a symbol of LZMA.
pub(crate) const LONGEST_STEP: usize = 20;

const _: () = assert!(LONGEST_STEP <= HELD);

/// Patch bytes that were taken and not used yet.
///
/// A step that finds as many bytes as it may need never stops half-way, so that no codec keeps state inside a step.
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "codecs are sealed: nobody else names what they read")]
pub struct Input {
    held: [u8; HELD],
    start: usize,
    end: usize,
    ended: bool,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self { held: [0; HELD], start: 0, end: 0, ended: false }
    }

    /// Takes from `chunk` what there is room for.
    pub(crate) fn fill(&mut self, chunk: &mut &[u8]) {
        // `copy_within` would check its range by a panic.
        for (to, from) in (self.start..self.end).enumerate() {
            let byte = self.held.get(from).copied().unwrap_or(0);
            if let Some(slot) = self.held.get_mut(to) {
                *slot = byte;
            }
        }
        self.end = self.available();
        self.start = 0;
        let room = self.held.get_mut(self.end..).unwrap_or_default();
        let count = room.len().min(chunk.len());
        let (now, later) = chunk.split_at_checked(count).unwrap_or_default();
        for (slot, byte) in room.iter_mut().zip(now) {
            *slot = *byte;
        }
        self.end = self.end.saturating_add(count);
        *chunk = later;
    }

    /// Nothing follows what is held.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Whether a step of at most `count` bytes can be taken: there are as many, or no more will come.
    pub(crate) fn ready(&self, count: usize) -> bool {
        self.ended || self.available() >= count
    }

    /// Whether nothing is held and nothing will come.
    pub(crate) fn exhausted(&self) -> bool {
        self.ended && self.available() == 0
    }

    /// The next byte.
    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.held.get(self.start..self.end)?.first().copied()?;
        self.start = self.start.saturating_add(1);
        Some(byte)
    }

    /// Bytes held.
    pub(crate) fn available(&self) -> usize {
        self.end.saturating_sub(self.start)
    }
}
