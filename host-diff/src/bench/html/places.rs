//! One pair: sizes by coder, and where in the target the bytes of our patch went.

use serde::Serialize;

use super::bars::{Bars, sizes};
use super::{Grid, percent};
use crate::bench::result::{Bench, PairResult};
use crate::report::grouped;
use crate::report::{Explanation, Place, float};

/// Most symbols and stretches shown.
const TOP: usize = 10;
/// Height of the strip in pixels.
const STRIP_HEIGHT: f64 = 72.0;

/// The card of one pair.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    name: String,
    class: Option<String>,
    images: String,
    sizes: Option<Bars>,
    strip: Option<Strip>,
    grids: Vec<Grid>,
}

/// Patch bytes along the target.
#[derive(Debug, Serialize)]
struct Strip {
    title: String,
    description: String,
    height: f64,
    columns: Vec<Column>,
}

#[derive(Debug, Serialize)]
struct Column {
    x: String,
    width: String,
    y: String,
    height: String,
    tip: String,
}

/// All cards.
pub(super) fn pairs(bench: &Bench) -> Vec<Card> {
    bench.pairs.iter().enumerate().map(|(index, pair)| card(bench, index, pair)).collect()
}

fn card(bench: &Bench, index: usize, pair: &PairResult) -> Card {
    let why = pair.explanation.as_ref();
    Card {
        name: pair.name.clone(),
        class: pair.class.clone(),
        images: format!("{} → {} bytes", grouped(pair.base_bytes), grouped(pair.target_bytes)),
        sizes: sizes(bench, index),
        strip: why.map(|why| strip(&pair.name, why)),
        grids: why.map(grids).unwrap_or_default(),
    }
}

fn strip(name: &str, why: &Explanation) -> Strip {
    let most = why.strip.iter().copied().fold(0.0, f64::max);
    let count = float(why.strip.len().max(1) as u64);
    let column = |(index, &bytes): (usize, &f64)| {
        let share = if most > 0.0 { bytes / most } else { 0.0 };
        let start = float(index as u64) / count;
        let (from, to) = (
            start * f64::from(why.target_bytes),
            (start + 1.0 / count) * f64::from(why.target_bytes),
        );
        Column {
            x: percent(start),
            width: percent(0.8 / count),
            y: format!("{:.1}", STRIP_HEIGHT * (1.0 - share)),
            height: format!("{:.1}", STRIP_HEIGHT * share),
            tip: format!("{bytes:.1} bytes of patch for offsets {from:.0} to {to:.0}"),
        }
    };
    Strip {
        title: format!("Patch bytes along the target: {name}"),
        description: format!(
            "The target from its first byte at the left to its last at the right, in {} parts; the highest takes {most:.0} bytes of the patch.",
            why.strip.len()
        ),
        height: STRIP_HEIGHT,
        columns: why.strip.iter().enumerate().map(column).collect(),
    }
}

fn grids(why: &Explanation) -> Vec<Grid> {
    let rows = |caption: &str, places: &[Place]| {
        let mut grid = Grid::new(caption, &["Name", "Patch bytes", "Share", "Target bytes"]);
        grid.rows.extend(places.iter().take(TOP).map(|place| {
            vec![
                place.name.clone(),
                format!("{:.1}", place.bytes),
                format!("{:.1} %", 100.0 * why.share(place.bytes)),
                place.len.map_or_else(|| "–".to_owned(), |len| grouped(len.into())),
            ]
        }));
        grid
    };
    let mut grids = vec![rows("By part of the target", &why.sections)];
    if !why.symbols.is_empty() {
        grids.push(rows("By symbol, largest first", &why.symbols));
    }
    let head = ["Offset", "Patch bytes", "Target bytes", "Literals", "In"];
    let mut areas = Grid::new("New bytes, largest stretches", &head);
    areas.rows.extend(why.literal_areas.iter().take(TOP).map(|area| {
        vec![
            format!("{:#x}", area.extra.offset),
            format!("{:.1}", area.extra.bytes),
            grouped(area.extra.len.into()),
            grouped(area.extra.literals.into()),
            area.place.clone().unwrap_or_else(|| "–".to_owned()),
        ]
    }));
    if !areas.rows.is_empty() {
        grids.push(areas);
    }
    grids
}
