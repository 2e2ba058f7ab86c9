//! Remembered bytes (§7.5).

/// What a slot remembers; count 0 is nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    check: u32,
    pub(crate) count: u32,
    pub(crate) byte: u32,
}

impl Default for Run {
    /// The word 0x8000.
    fn default() -> Self {
        Self { check: 16, count: 0, byte: 0 }
    }
}

impl Run {
    /// What the slot says to a context of this check.
    pub(crate) fn seen_by(self, check: u32) -> Self {
        let count = if self.check == check { self.count } else { 0 };
        Self { check, count, ..self }
    }

    /// The bit expected next, if there is an opinion.
    pub(crate) fn opinion(self, sofar: u32, j: usize) -> Option<bool> {
        let e = 0x100 | self.byte;
        (self.count > 0 && e >> (j + 1) == sofar).then_some(e >> j & 1 == 1)
    }

    /// The slot after `byte` came, where `seen` is what it said before.
    pub(crate) fn after(self, seen: Self, byte: u32) -> Self {
        let fresh = Self { byte, count: 1, check: seen.check };
        if seen.count == 0 {
            if self.count >= 3 { Self { count: self.count - 1, ..self } } else { fresh }
        } else if seen.byte == byte {
            Self { count: (seen.count + 1).min(7), ..seen }
        } else if seen.count > 2 {
            Self { count: seen.count / 2, ..seen }
        } else {
            fresh
        }
    }

    pub(crate) fn word(self) -> u16 {
        u16::try_from(self.check << 11 | self.count << 8 | self.byte).expect("sixteen bits")
    }
}
