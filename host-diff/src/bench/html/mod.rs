//! Results as one page that loads nothing else: charts as inline SVG, a table under each, light and dark.
//!
//! Positions in charts are percentages and text has a size of its own, so that a page fits a phone and a slide. The
//! template escapes every text; what it inserts unescaped is this crate's style sheet alone.
//!
//! | module | draws |
//! | --- | --- |
//! | `bars` | one bar each: sizes by coder |
//! | `curve` | size against RAM |
//! | `stack` | shares of a whole: patch bytes by kind |
//! | `places` | patch bytes along the target, by section, symbol and stretch |

mod bars;
mod curve;
#[cfg(test)]
pub(crate) mod fixtures;
mod places;
mod stack;

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::result::{Bench, Outcome};
use super::summary::{Summary, summarise};
use super::table::{mebibytes, relative, verified};
use crate::report::grouped;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

/// A figure that the page opens with.
#[derive(Debug, Serialize)]
struct Tile {
    value: String,
    label: String,
}

/// Rows of text under column names.
#[derive(Debug, Default, Serialize)]
struct Grid {
    caption: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    fn new(caption: &str, head: &[&str]) -> Self {
        let head = head.iter().map(|&name| name.to_owned()).collect();
        Self { caption: caption.to_owned(), head, rows: Vec::new() }
    }
}

/// The page.
///
/// # Errors
/// None but for a bug in the template, which a test would find.
pub fn page(bench: &Bench) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    // The name's ending turns on escaping.
    environment.add_template("page.html", TEMPLATE)?;
    let summaries = summarise(bench);
    let page = Page {
        style: STYLE,
        version: &bench.version,
        host: &bench.host,
        repeat: bench.repeat,
        reference: bench.codecs.first().map_or("", |codec| &codec.name),
        tiles: tiles(&summaries),
        means: bars::means(bench, &summaries),
        curve: curve::curve(bench, &summaries),
        kinds: stack::kinds(bench),
        pairs: places::pairs(bench),
        coders: coders(bench, &summaries),
        problems: bench.problems(),
        results: results(bench),
    };
    environment.get_template("page.html")?.render(Serde(page))
}

/// What the template is given.
#[derive(Debug, Serialize)]
struct Page<'a> {
    style: &'static str,
    version: &'a str,
    host: &'a str,
    repeat: u32,
    reference: &'a str,
    tiles: Vec<Tile>,
    means: bars::Bars,
    curve: Option<curve::Curve>,
    kinds: Option<stack::Stack>,
    pairs: Vec<places::Card>,
    coders: Grid,
    problems: Vec<String>,
    results: Grid,
}

fn tiles(summaries: &[Summary]) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let mut tile = |value: String, label: String| tiles.push(Tile { value, label });
    if let Some(best) = summaries.first().and_then(|summary| summary.versus_best) {
        tile(
            format!("{:.2}×", best.value),
            format!(
                "of the best peer's patch, geometric mean of {} pairs; worst {:.2}×",
                best.pairs, best.worst
            ),
        );
    }
    if let Some(mean) = summaries.first().and_then(|summary| summary.of_target) {
        tile(
            format!("{:.1} %", 100.0 * mean.value),
            "of the target image, geometric mean".to_owned(),
        );
    }
    if let Some(ram) = summaries.first().and_then(|summary| summary.ram_bytes) {
        tile(format!("{} B", grouped(ram)), "of RAM on the device, at most".to_owned());
    }
    let verified: usize = summaries.iter().map(|summary| summary.verified).sum();
    let failed: usize = summaries.iter().map(|summary| summary.failed).sum();
    tile(
        format!("{verified} / {}", verified + failed),
        "patches applied and equal to their target".to_owned(),
    );
    tiles
}

fn coders(bench: &Bench, summaries: &[Summary]) -> Grid {
    let head = [
        "Coder",
        "Verified",
        "Size, first = 1",
        "Of target",
        "Encode, median",
        "Encode, peak memory",
        "Decode, median",
        "Device RAM",
        "Version",
        "Command",
    ];
    let mut grid = Grid::new("All coders over all pairs", &head);
    let dash = || "–".to_owned();
    let seconds = |seconds: Option<f64>| seconds.map_or_else(dash, |s| format!("{s:.3} s"));
    for summary in summaries {
        let Some(codec) = bench.codecs.get(summary.codec) else { continue };
        grid.rows.push(vec![
            codec.name.clone(),
            verified(bench, summary),
            relative(summary.relative, bench.pairs.len()),
            summary.of_target.map_or_else(dash, |mean| format!("{:.1} %", 100.0 * mean.value)),
            seconds(summary.encode_seconds),
            summary.encode_peak.map_or_else(|| "not measured".to_owned(), mebibytes),
            seconds(summary.decode_seconds),
            summary.ram_bytes.map_or_else(dash, |bytes| format!("{} B", grouped(bytes))),
            codec.version.clone().unwrap_or_else(dash),
            codec.command.clone(),
        ]);
    }
    grid
}

/// Patch bytes of every pair and coder.
fn results(bench: &Bench) -> Grid {
    let mut grid = Grid::new("Patch bytes by pair and coder", &["Pair", "Target"]);
    grid.head.extend(bench.codecs.iter().map(|codec| codec.name.clone()));
    for pair in &bench.pairs {
        let mut row = vec![pair.name.clone(), grouped(pair.target_bytes)];
        row.extend(pair.runs.iter().map(|run| match &run.outcome {
            Outcome::Verified(measured) => grouped(measured.patch_bytes),
            Outcome::Failed { .. } => "FAILED".to_owned(),
            Outcome::Absent => "–".to_owned(),
        }));
        grid.rows.push(row);
    }
    grid
}

/// A position or length in a chart.
fn percent(share: f64) -> String {
    format!("{:.3}%", 100.0 * share)
}

#[cfg(test)]
mod tests;
