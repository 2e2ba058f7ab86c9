//! Means over the pairs.

use super::result::{Bench, Family, Measured};
use crate::report::float;

/// One coder over all pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Index of the coder.
    pub codec: usize,
    /// Pairs that went through.
    pub verified: usize,
    /// Pairs that did not.
    pub failed: usize,
    /// Size compared with the first coder's: geometric mean over the pairs that both took.
    pub relative: Option<Mean>,
    /// Size compared with the smallest patch of any peer, in the same way; of our own configurations only.
    pub versus_best: Option<Mean>,
    /// Size compared with the target's, in the same way.
    pub of_target: Option<Mean>,
    /// Median seconds to encode.
    pub encode_seconds: Option<f64>,
    /// Median seconds to decode.
    pub decode_seconds: Option<f64>,
    /// Most memory to encode.
    pub encode_peak: Option<u64>,
    /// Most memory of the decoder on a device.
    pub ram_bytes: Option<u64>,
}

/// A geometric mean, and over how many pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// The mean.
    pub value: f64,
    /// The largest of the values.
    pub worst: f64,
    /// Pairs.
    pub pairs: usize,
}

impl Mean {
    /// The geometric mean; `None` of nothing.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (mut sum, mut pairs, mut worst) = (0.0, 0_u32, 0.0_f64);
        for value in values {
            sum += value.ln();
            worst = worst.max(value);
            pairs += 1;
        }
        let value = (pairs > 0).then(|| (sum / f64::from(pairs)).exp())?;
        Some(Self { value, worst, pairs: pairs as usize })
    }
}

/// The smallest verified patch of any peer for a pair: index of the coder, and bytes.
#[must_use]
pub fn best_peer(bench: &Bench, pair: usize) -> Option<(usize, u64)> {
    let pair = bench.pairs.get(pair)?;
    let peers = bench.codecs.iter().enumerate().filter(|(_, codec)| codec.family != Family::Ours);
    let sizes = peers.filter_map(|(index, _)| Some((index, pair.measured(index)?.patch_bytes)));
    sizes.min_by_key(|&(_, bytes)| bytes)
}

/// One summary for each coder, in their order.
#[must_use]
pub fn summarise(bench: &Bench) -> Vec<Summary> {
    (0..bench.codecs.len()).map(|codec| of_codec(bench, codec)).collect()
}

fn of_codec(bench: &Bench, codec: usize) -> Summary {
    let runs: Vec<(usize, &Measured)> = bench
        .pairs
        .iter()
        .enumerate()
        .filter_map(|(index, pair)| Some((index, pair.measured(codec)?)))
        .collect();
    let ratio = |to: &dyn Fn(usize) -> Option<u64>| {
        Mean::of(runs.iter().filter_map(|&(pair, measured)| {
            let other = to(pair).filter(|&bytes| bytes > 0)?;
            Some(float(measured.patch_bytes.max(1)) / float(other))
        }))
    };
    let ours = bench.codecs.get(codec).is_some_and(|codec| codec.family == Family::Ours);
    let each = |value: fn(&Measured) -> f64| runs.iter().map(|run| value(run.1)).collect();
    let failed = bench
        .failures()
        .filter(|failure| bench.codecs.get(codec).is_some_and(|codec| codec.name == failure.1));
    Summary {
        codec,
        verified: runs.len(),
        failed: failed.count(),
        relative: ratio(&|pair| Some(bench.pairs.get(pair)?.measured(0)?.patch_bytes)),
        versus_best: ours
            .then(|| ratio(&|pair| best_peer(bench, pair).map(|(_, bytes)| bytes)))
            .flatten(),
        of_target: ratio(&|pair| Some(bench.pairs.get(pair)?.target_bytes)),
        encode_seconds: median(each(|run| run.encode.seconds)),
        decode_seconds: median(each(|run| run.decode.seconds)),
        encode_peak: runs.iter().filter_map(|run| run.1.encode.peak_rss_bytes).max(),
        ram_bytes: runs.iter().filter_map(|run| run.1.ram_bytes).max(),
    }
}

/// The middle value; of two, their mean.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::html::fixtures::bench;

    #[test]
    fn means_are_geometric_and_tell_the_worst() {
        let mean = Mean::of([0.5, 2.0]).expect("a mean");
        assert!((mean.value - 1.0).abs() < 1e-12 && mean.worst == 2.0 && mean.pairs == 2);
        assert_eq!(Mean::of([]), None);
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    #[test]
    fn a_coder_that_failed_on_a_pair_is_compared_on_the_others() {
        let bench = bench();
        let summaries = summarise(&bench);
        let relative = summaries.iter().map(|summary| summary.relative.map(|mean| mean.pairs));
        assert_eq!(relative.collect::<Vec<_>>(), [Some(2), Some(2), Some(1), None]);
        assert_eq!((summaries[2].verified, summaries[2].failed), (1, 1));
        let own = summaries[0].relative.expect("compared with itself");
        assert!((own.value - 1.0).abs() < 1e-12);
        assert_eq!(best_peer(&bench, 0), Some((2, 300)));
        assert_eq!(best_peer(&bench, 1), None);
        let best = summaries[0].versus_best.expect("a peer");
        assert!((best.value - 100.0 / 300.0).abs() < 1e-12 && best.pairs == 1);
        assert_eq!(summaries[2].versus_best, None);
    }
}
