//! Patch bytes by kind, as shares of a whole.

use serde::Serialize;

use super::percent;
use crate::bench::result::Bench;
use crate::report::grouped;
use crate::report::{Explanation, Kind, float};

/// One bar a pair, divided by kind, and the mean of all on top.
#[derive(Debug, Serialize)]
pub(super) struct Stack {
    title: &'static str,
    description: String,
    height: usize,
    legend: Vec<Entry>,
    bars: Vec<Bar>,
    grid: super::Grid,
}

#[derive(Debug, Serialize)]
struct Entry {
    name: &'static str,
    meaning: &'static str,
}

#[derive(Debug, Serialize)]
struct Bar {
    label: String,
    value: String,
    label_y: usize,
    bar_y: usize,
    segments: Vec<Segment>,
}

#[derive(Debug, Serialize)]
struct Segment {
    x: String,
    width: String,
    kind: &'static str,
    tip: String,
}

/// Pixels from one bar to the next.
const STEP: usize = 46;

/// The chart, if any patch was explained.
pub(super) fn kinds(bench: &Bench) -> Option<Stack> {
    let explained: Vec<(&str, &Explanation)> = bench
        .pairs
        .iter()
        .filter_map(|pair| Some((&*pair.name, pair.explanation.as_ref()?)))
        .collect();
    let count = float(explained.len() as u64);
    let shares = |why: &Explanation| of_whole(Kind::ALL.map(|kind| why.bytes(kind)));
    let mut mean = [0.0; Kind::ALL.len()];
    for (_, why) in &explained {
        for (sum, share) in mean.iter_mut().zip(shares(why)) {
            *sum += share / count;
        }
    }
    let mut rows = Vec::new();
    if explained.len() > 1 {
        rows.push(("Mean of all pairs".to_owned(), String::new(), mean));
    }
    rows.extend(explained.iter().map(|(name, why)| {
        ((*name).to_owned(), format!("{} bytes", grouped(why.patch_bytes)), shares(why))
    }));
    if rows.is_empty() {
        return None;
    }
    let used = |kind: &Kind| explained.iter().any(|(_, why)| why.bytes(*kind) > 0.0);
    let legend = Kind::ALL.into_iter().filter(used);
    let bar =
        |(index, (label, value, shares)): (usize, (String, String, [f64; Kind::ALL.len()]))| Bar {
            label,
            value,
            label_y: index * STEP + 14,
            bar_y: index * STEP + 20,
            segments: segments(shares),
        };
    Some(Stack {
        title: "Where the bytes of our patches went",
        description: format!(
            "Shares of each patch by kind of decision, {}.",
            bench.codecs.first().map_or("", |codec| &*codec.name)
        ),
        height: rows.len() * STEP,
        grid: grid(&explained),
        legend: legend.map(|kind| Entry { name: kind.name(), meaning: kind.meaning() }).collect(),
        bars: rows.into_iter().enumerate().map(bar).collect(),
    })
}

/// Bytes as shares of all. What the coder rounds off may be less than nothing, then the others are more than the whole patch.
fn of_whole<const N: usize>(bytes: [f64; N]) -> [f64; N] {
    let bytes = bytes.map(|bytes| bytes.max(0.0));
    let all: f64 = bytes.iter().sum();
    bytes.map(|bytes| if all > 0.0 { bytes / all } else { 0.0 })
}

fn segments(shares: [f64; Kind::ALL.len()]) -> Vec<Segment> {
    let mut x = 0.0;
    let segment = |(kind, share): (Kind, f64)| {
        let start = x;
        x += share;
        Segment {
            x: percent(start),
            width: percent(share),
            kind: kind.name(),
            tip: format!("{}: {:.1} %, {}", kind.name(), 100.0 * share, kind.meaning()),
        }
    };
    Kind::ALL.into_iter().zip(shares).filter(|(_, share)| *share > 0.0).map(segment).collect()
}

fn grid(explained: &[(&str, &Explanation)]) -> super::Grid {
    let mut grid = super::Grid::new("Patch bytes by kind", &["Pair", "Patch"]);
    grid.head.extend(Kind::ALL.iter().map(ToString::to_string));
    for (name, why) in explained {
        let mut row = vec![(*name).to_owned(), grouped(why.patch_bytes)];
        row.extend(Kind::ALL.iter().map(|&kind| format!("{:.1}", why.bytes(kind))));
        grid.rows.push(row);
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_make_a_whole_whatever_was_rounded_off() {
        assert_eq!(of_whole([30.0, 10.0, -2.0]), [0.75, 0.25, 0.0]);
        assert_eq!(of_whole([0.0, -1.0]), [0.0, 0.0]);
    }
}
