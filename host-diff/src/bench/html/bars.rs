//! One bar each: sizes by coder.

use serde::Serialize;

use super::percent;
use crate::bench::result::{Bench, Family, Outcome};
use crate::bench::summary::{Summary, best_peer};
use crate::report::float;
use crate::report::grouped;

/// A chart of horizontal bars, a label above each.
#[derive(Debug, Serialize)]
pub(super) struct Bars {
    title: String,
    description: String,
    height: usize,
    bars: Vec<Bar>,
}

#[derive(Debug, Serialize)]
struct Bar {
    label: String,
    value: String,
    width: String,
    /// The bar is longer than the chart.
    cut: bool,
    class: &'static str,
    /// Distances from the top, in pixels.
    label_y: usize,
    bar_y: usize,
}

/// Pixels from one bar to the next.
const STEP: usize = 36;

struct Value {
    label: String,
    value: f64,
    text: String,
    class: &'static str,
}

impl Bars {
    fn new(title: String, description: String, values: Vec<Value>) -> Self {
        // Full images are many times as large as deltas: their bars are cut instead of setting the scale.
        let deltas = values.iter().filter(|value| value.class != "full").map(|value| value.value);
        let most = match deltas.fold(0.0, f64::max) {
            most if most > 0.0 => most,
            _ => values.iter().map(|value| value.value).fold(0.0, f64::max),
        };
        let bar = |(index, value): (usize, Value)| Bar {
            label: value.label,
            value: value.text,
            width: percent(if most > 0.0 { (value.value / most).min(1.0) } else { 0.0 }),
            cut: value.value > most,
            class: value.class,
            label_y: index * STEP + 14,
            bar_y: index * STEP + 20,
        };
        let height = values.len() * STEP;
        Self { title, description, height, bars: values.into_iter().enumerate().map(bar).collect() }
    }
}

/// What a bar of that family looks like.
fn class(family: Family) -> &'static str {
    match family {
        Family::Ours => "ours",
        Family::Delta => "peer",
        Family::Full => "full",
    }
}

/// Mean sizes of all coders, smallest first; the first coder is 1.
pub(super) fn means(bench: &Bench, summaries: &[Summary]) -> Bars {
    let mut values: Vec<Value> = summaries
        .iter()
        .filter_map(|summary| {
            let (codec, mean) = (bench.codecs.get(summary.codec)?, summary.relative?);
            let all = mean.pairs == bench.pairs.len();
            let over = if all { String::new() } else { format!(" ({} pairs)", mean.pairs) };
            Some(Value {
                label: codec.name.clone(),
                value: mean.value,
                text: format!("{:.2}×{over}", mean.value),
                class: class(codec.family),
            })
        })
        .collect();
    values.sort_by(|a, b| a.value.total_cmp(&b.value));
    let first = bench.codecs.first().map_or("", |codec| &*codec.name);
    Bars::new(
        "Patch size by coder".to_owned(),
        format!(
            "Geometric mean over {} pairs; {first} is 1. Shorter is better.",
            bench.pairs.len()
        ),
        values,
    )
}

/// Sizes of one pair, smallest first; what failed comes last.
pub(super) fn sizes(bench: &Bench, index: usize) -> Option<Bars> {
    let pair = bench.pairs.get(index)?;
    let mut values: Vec<Value> = bench
        .codecs
        .iter()
        .zip(&pair.runs)
        .filter_map(|(codec, run)| match &run.outcome {
            Outcome::Verified(measured) => Some(Value {
                label: codec.name.clone(),
                value: float(measured.patch_bytes),
                text: grouped(measured.patch_bytes),
                class: class(codec.family),
            }),
            Outcome::Failed { stage, .. } => Some(Value {
                label: codec.name.clone(),
                value: 0.0,
                text: format!("FAILED {}", stage.name()),
                class: "failed",
            }),
            Outcome::Absent => None,
        })
        .collect();
    values.sort_by(|a, b| {
        (a.class == "failed").cmp(&(b.class == "failed")).then(a.value.total_cmp(&b.value))
    });
    let ratio = best_peer(bench, index).zip(pair.measured(0)).map(|((_, best), ours)| {
        format!(" {:.2}× of the best peer.", float(ours.patch_bytes) / float(best.max(1)))
    });
    let description = format!(
        "Bytes of the patch to {} bytes.{}",
        grouped(pair.target_bytes),
        ratio.unwrap_or_default()
    );
    Some(Bars::new(format!("Patch size: {}", pair.name), description, values))
}
