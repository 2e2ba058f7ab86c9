//! The figures as text.

use emulator::Counters;

use super::{device::Run, update::Update};

/// Cycles of a pipeline refill at which estimates are printed: the manual says 1 to 3.
const REFILLS: [u32; 2] = [2, 3];

/// One pair's figures.
pub(super) struct Row {
    pub(super) pair: String,
    pub(super) update: Update,
    pub(super) decode: Run,
    pub(super) copy: Run,
}

/// Figures of all pairs so far.
#[derive(Default)]
pub(super) struct Table {
    pairs: Vec<Figures>,
}

struct Figures {
    bytes: f64,
    decode: Counters,
    copy: Counters,
    stack: u32,
    ram_bytes: u64,
}

/// As a float; figures are far below 2⁵³.
fn float(value: u64) -> f64 {
    let [low, high] = [value & 0xFFFF_FFFF, value >> 32];
    let part = |part| u32::try_from(part).map_or(f64::NAN, f64::from);
    part(high) * 4_294_967_296.0 + part(low)
}

/// Instructions and estimated cycles per byte.
fn per_byte(counters: &Counters, bytes: f64) -> [f64; 3] {
    let [a, b] = REFILLS.map(|refill| float(counters.cycles(refill)) / bytes);
    [float(counters.instructions) / bytes, a, b]
}

impl Table {
    /// Adds a pair, and gives its line; before the first one the heading.
    pub(super) fn add(&mut self, row: Row) -> String {
        let Row { pair, update, decode, copy } = row;
        let mut text = String::new();
        if self.pairs.is_empty() {
            text = format!(
                "{:<46} {:>8} {:>7} {:>6}  {:>8} {:>10} {:>10}  {:>6}\n",
                "pair (target and patch in bytes)",
                "target",
                "patch",
                "RAM",
                "insns/B",
                "cyc/B P=2",
                "cyc/B P=3",
                "stack"
            );
        }
        let len = u32::try_from(decode.target.len()).unwrap_or(u32::MAX);
        let figures = Figures {
            bytes: f64::from(len.max(1)),
            decode: decode.counters,
            copy: copy.counters,
            stack: decode.peak_stack_bytes,
            ram_bytes: update.ram_bytes,
        };
        let [instructions, a, b] = per_byte(&figures.decode, figures.bytes);
        text += &format!(
            "{pair:<46} {len:>8} {:>7} {:>6}  {instructions:>8.1} {a:>10.1} {b:>10.1}  {:>6}",
            update.patch.len(),
            figures.ram_bytes,
            figures.stack
        );
        self.pairs.push(figures);
        text
    }

    /// Averages, maxima, and plain copying beside them.
    pub(super) fn summary(&self) -> String {
        let total_bytes: f64 = self.pairs.iter().map(|pair| pair.bytes).sum();
        let sum = |which: fn(&Figures) -> Counters| {
            self.pairs.iter().map(which).fold(Counters::default(), |mut sum, counters| {
                sum.instructions += counters.instructions;
                sum.base_cycles += counters.base_cycles;
                sum.refills += counters.refills;
                sum
            })
        };
        let count = u32::try_from(self.pairs.len()).map_or(f64::NAN, f64::from);
        let mean = |index: usize| {
            let each = self.pairs.iter().map(|pair| per_byte(&pair.decode, pair.bytes)[index]);
            each.sum::<f64>() / count
        };
        let stack = self.pairs.iter().map(|pair| pair.stack).max().unwrap_or(0);
        let ram = self.pairs.iter().map(|pair| pair.ram_bytes).max().unwrap_or(0);
        let line = |name: &str, [i, a, b]: [f64; 3], rest: &str| {
            let text = format!(
                "{name:<46} {:>8} {:>7} {:>6}  {i:>8.1} {a:>10.1} {b:>10.1}  {rest:>6}",
                "", "", ""
            );
            format!("{}\n", text.trim_end())
        };
        line(
            "all: total cycles / total bytes",
            per_byte(&sum(|p| p.decode), total_bytes),
            &stack.to_string(),
        ) + &line("all: mean of the pairs' figures", [mean(0), mean(1), mean(2)], "")
            + &line("plain copy, byte by byte", per_byte(&sum(|p| p.copy), total_bytes), "")
            + &format!(
                "most RAM declared: {ram} bytes; most stack, the decoder's state included: {stack} bytes"
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(bytes: f64, cycles: u64) -> Figures {
        let decode =
            Counters { instructions: cycles / 2, base_cycles: cycles, refills: cycles / 10 };
        let copy = Counters { instructions: 4, base_cycles: 5, refills: 1 };
        Figures { bytes, decode, copy, stack: 100, ram_bytes: 4096 }
    }

    #[test]
    fn the_total_weighs_bytes_and_the_mean_weighs_pairs() {
        let table = Table { pairs: vec![figures(1000.0, 100_000), figures(10.0, 10_000)] };
        let summary = table.summary();
        let columns = |line: usize| -> Vec<&str> {
            let line = summary.lines().nth(line).unwrap_or_default();
            line.split_whitespace().filter(|word| word.contains('.')).collect()
        };
        // 110,000 cycles and 11,000 refills for 1010 bytes; 100 and 1000 cycles a byte.
        assert_eq!(columns(0), ["54.5", "130.7", "141.6"]);
        assert_eq!(columns(1), ["275.0", "660.0", "715.0"]);
        assert!(summary.ends_with("included: 100 bytes"), "{summary}");
    }

    #[test]
    fn floats_hold_counts_beyond_32_bits() {
        assert_eq!(float(5_000_000_001), 5_000_000_001.0);
        assert_eq!(float(7), 7.0);
    }
}
