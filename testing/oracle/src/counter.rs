//! Counters (§4.2).

const RATE: [i64; 16] = [
    40960, 25206, 18204, 14247, 11703, 9930, 8623, 7620, 6827, 6183, 5650, 5201, 4489, 3724, 3013,
    2521,
];

/// P(true) in 1/4096, and how often it was observed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counter {
    pub(crate) p12: i64,
    pub(crate) n: usize,
}

impl Counter {
    /// The word 0x8000.
    pub(crate) const INITIAL: Self = Self { p12: 2048, n: 0 };

    /// A counter with a prior.
    pub(crate) fn believing(prior: u8) -> Self {
        Self { p12: i64::from(prior) * 16 + 8, n: 4 }
    }

    pub(crate) fn update(&mut self, bit: bool) {
        let goal = if bit { 4095 } else { 0 };
        self.p12 = (self.p12 + (((goal - self.p12) * RATE[self.n] + 32768) >> 16)).clamp(0, 4095);
        self.n = (self.n + 1).min(15);
    }

    /// The probability of a plain decision.
    pub(crate) fn plain_p1(self) -> u32 {
        u32::try_from(self.p12 * 16 + 8).expect("sixteen bits")
    }

    pub(crate) fn word(self) -> u16 {
        u16::try_from(self.p12).expect("clamped") << 4 | u16::try_from(self.n).expect("clamped")
    }
}
