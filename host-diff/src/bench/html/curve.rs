//! Size against the decoder's RAM.

use serde::Serialize;

use super::percent;
use crate::bench::result::{Bench, Family};
use crate::bench::summary::Summary;
use crate::report::float;

/// Points, lines between ours, and a line for the best coder whose RAM is not known.
#[derive(Debug, Serialize)]
pub(super) struct Curve {
    title: &'static str,
    description: String,
    height: f64,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    lines: Vec<Line>,
    points: Vec<Point>,
    limit: Option<Limit>,
}

#[derive(Debug, Serialize)]
struct Tick {
    at: String,
    text: String,
}

/// Between two points of ours.
#[derive(Debug, Serialize)]
struct Line {
    x1: String,
    y1: String,
    x2: String,
    y2: String,
}

#[derive(Debug, Serialize)]
struct Point {
    x: String,
    y: String,
    label_y: String,
    class: &'static str,
    label: String,
    tip: String,
    /// On which side of the point the label is.
    anchor: &'static str,
    dx: i32,
}

/// What is known to be possible with any amount of RAM.
#[derive(Debug, Serialize)]
struct Limit {
    y: String,
    label_y: String,
    label: String,
}

/// Pixels.
const HEIGHT: f64 = 400.0;
/// Least pixels between two labels of peers.
const LABEL: f64 = 16.0;

struct Known {
    ram: f64,
    size: f64,
    name: String,
    ours: bool,
}

/// The chart, if the RAM of two configurations at least is known.
pub(super) fn curve(bench: &Bench, summaries: &[Summary]) -> Option<Curve> {
    let mut known: Vec<Known> = Vec::new();
    let mut unlimited: Option<(f64, &str)> = None;
    for summary in summaries {
        let (codec, size) =
            (bench.codecs.get(summary.codec)?, summary.relative.map(|mean| mean.value));
        let Some(size) = size else { continue };
        match summary.ram_bytes {
            Some(ram) => known.push(Known {
                ram: float(ram.max(1)),
                size,
                name: codec.name.clone(),
                ours: codec.family == Family::Ours,
            }),
            None if unlimited.is_none_or(|(least, _)| size < least) => {
                unlimited = Some((size, &codec.name));
            }
            None => {}
        }
    }
    if known.len() < 2 {
        return None;
    }
    known.sort_by(|a, b| a.ram.total_cmp(&b.ram));
    let least = known.first()?.ram.log2().floor();
    // Room for a label at the right.
    let most = (known.last()?.ram * 1.3).log2().ceil().max(least + 1.0);
    let highest = known.iter().map(|point| point.size).chain(unlimited.map(|(size, _)| size));
    let top = highest.fold(0.0, f64::max) * 1.1;
    let x = |ram: f64| percent((ram.log2() - least) / (most - least));
    let y = |size: f64| HEIGHT * (1.0 - size / top);
    let pixels = |y: f64| format!("{y:.1}");
    let ours: Vec<&Known> = known.iter().filter(|point| point.ours).collect();
    let lines = ours.windows(2).map(|pair| Line {
        x1: x(pair[0].ram),
        y1: pixels(y(pair[0].size)),
        x2: x(pair[1].ram),
        y2: pixels(y(pair[1].size)),
    });
    let mut labels = Labels::default();
    let limit = unlimited.map(|(size, name)| Limit {
        y: pixels(y(size)),
        label_y: pixels(labels.place(y(size) - 6.0)),
        label: format!("{name} {size:.2}×, RAM not known"),
    });
    let lines = lines.collect();
    let mut below = false;
    let points = known.iter().map(|point| {
        // Ours stand close to each other on a phone: their labels take turns.
        below ^= point.ours;
        let own = if below { 22.0 } else { -12.0 };
        let right = (point.ram.log2() - least) / (most - least) > 0.6;
        let at = y(point.size);
        Point {
            x: x(point.ram),
            y: pixels(at),
            label_y: pixels(if point.ours { at + own } else { labels.place(at + 5.0) }),
            class: if point.ours { "ours" } else { "peer" },
            label: if point.ours {
                format!("{:.2}×", point.size)
            } else {
                format!("{} {:.2}×", point.name, point.size)
            },
            tip: format!("{}: {:.2}× with {:.0} bytes of RAM", point.name, point.size, point.ram),
            anchor: if point.ours {
                "middle"
            } else if right {
                "end"
            } else {
                "start"
            },
            dx: if point.ours {
                0
            } else if right {
                -10
            } else {
                10
            },
        }
    });
    let points = points.collect();
    Some(Curve {
        title: "Patch size against the decoder's RAM",
        description: format!(
            "Geometric mean; {} is 1. Lower and further left is better.",
            bench.codecs.first().map_or("", |codec| &*codec.name)
        ),
        height: HEIGHT,
        x_ticks: x_ticks(least, most),
        y_ticks: y_ticks(top)
            .map(|size| Tick { at: pixels(y(size)), text: format!("{size}×") })
            .collect(),
        lines,
        points,
        limit,
    })
}

/// Labels of peers, kept apart.
#[derive(Default)]
struct Labels(Vec<f64>);

impl Labels {
    fn place(&mut self, wanted: f64) -> f64 {
        let mut at = wanted;
        while self.0.iter().any(|other| (other - at).abs() < LABEL) {
            at += 1.0;
        }
        self.0.push(at);
        at
    }
}

/// Powers of two.
fn x_ticks(least: f64, most: f64) -> Vec<Tick> {
    let steps = core::iter::successors(Some(least), |exponent| Some(exponent + 1.0));
    let tick = |exponent: f64| Tick {
        at: percent((exponent - least) / (most - least)),
        text: match exponent.exp2() {
            bytes if bytes >= 1_048_576.0 => format!("{}M", bytes / 1_048_576.0),
            bytes if bytes >= 1024.0 => format!("{}K", bytes / 1024.0),
            bytes => format!("{bytes}"),
        },
    };
    steps.take_while(|&exponent| exponent <= most).map(tick).collect()
}

/// Round values up to `top`, about five.
fn y_ticks(top: f64) -> impl Iterator<Item = f64> {
    let step = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let step = step.into_iter().find(|step| top / step <= 6.0).unwrap_or(1000.0);
    (0..=6_u32)
        .map(move |count| (f64::from(count) * step * 10.0).round() / 10.0)
        .take_while(move |&size| size <= top)
}
