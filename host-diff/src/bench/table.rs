//! Results as text for a terminal.

use core::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

use super::result::{Bench, Family, Outcome};
use super::summary::{Mean, Summary, best_peer, summarise};
use crate::report::{float, grouped};

/// Pairs against the best peer, coders over all pairs, and what did not work. `width` is that of the terminal, if known.
#[must_use]
pub fn text(bench: &Bench, width: Option<u16>) -> String {
    let mut text = format!("{}\n\n{}\n", pairs(bench, width), coders(bench, width));
    for problem in bench.problems() {
        let _ = writeln!(text, "{problem}");
    }
    text
}

fn table(width: Option<u16>, head: &[&str], left: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some(width) = width {
        table.set_width(width);
    } else {
        table.set_content_arrangement(ContentArrangement::Disabled);
    }
    table.set_header(head.iter().enumerate().map(|(index, name)| cell(name, index < left)));
    table
}

fn cell(text: impl ToString, left: bool) -> Cell {
    let alignment = if left { CellAlignment::Left } else { CellAlignment::Right };
    Cell::new(text).set_alignment(alignment)
}

/// One row a pair: our sizes, then the best peer.
fn pairs(bench: &Bench, width: Option<u16>) -> String {
    let ours: Vec<usize> = indices(bench, |family| family == Family::Ours);
    let mut head = vec!["pair", "target"];
    head.extend(ours.iter().filter_map(|&index| Some(&*bench.codecs.get(index)?.name)));
    head.extend(["best peer", "", "ratio"]);
    let mut table = table(width, &head, 1);
    for (index, pair) in bench.pairs.iter().enumerate() {
        let mut row = vec![cell(&pair.name, true), cell(grouped(pair.target_bytes), false)];
        row.extend(ours.iter().map(|&codec| {
            let bytes = pair.measured(codec).map(|run| grouped(run.patch_bytes));
            cell(bytes.unwrap_or_else(|| "FAILED".to_owned()), false)
        }));
        let best = best_peer(bench, index);
        let name = best.and_then(|(codec, _)| Some(bench.codecs.get(codec)?.name.clone()));
        row.push(cell(best.map_or_else(|| "–".to_owned(), |(_, bytes)| grouped(bytes)), false));
        row.push(cell(name.unwrap_or_default(), true));
        let ratio = best
            .zip(pair.measured(0))
            .map(|((_, best), run)| format!("{:.3}", float(run.patch_bytes) / float(best.max(1))));
        row.push(cell(ratio.unwrap_or_else(|| "–".to_owned()), false));
        table.add_row(row);
    }
    table.trim_fmt()
}

/// One row a coder.
fn coders(bench: &Bench, width: Option<u16>) -> String {
    let head = [
        "coder",
        "verified",
        "size",
        "of target",
        "/ best peer",
        "encode",
        "peak",
        "decode",
        "RAM",
    ];
    let mut table = table(width, &head, 1);
    for summary in summarise(bench) {
        let Some(codec) = bench.codecs.get(summary.codec) else { continue };
        let dash = || "–".to_owned();
        let ratio =
            |mean: Option<Mean>| mean.map_or_else(dash, |mean| format!("{:.3}", mean.value));
        let seconds = |seconds: Option<f64>| seconds.map_or_else(dash, |s| format!("{s:.2} s"));
        table.add_row([
            cell(&codec.name, true),
            cell(verified(bench, &summary), false),
            cell(relative(summary.relative, bench.pairs.len()), false),
            cell(ratio(summary.of_target), false),
            cell(ratio(summary.versus_best), false),
            cell(seconds(summary.encode_seconds), false),
            cell(summary.encode_peak.map_or_else(dash, mebibytes), false),
            cell(seconds(summary.decode_seconds), false),
            cell(summary.ram_bytes.map_or_else(dash, grouped), false),
        ]);
    }
    let first = bench.codecs.first().map_or("", |codec| &*codec.name);
    format!(
        "{}\n\nsize: geometric mean of the patch size divided by that of {first}, over the pairs that both took\n\
         encode, decode: median; of the fastest of {} runs; a process each\n",
        table.trim_fmt(),
        bench.repeat
    )
}

fn indices(bench: &Bench, wanted: impl Fn(Family) -> bool) -> Vec<usize> {
    let codecs = bench.codecs.iter().enumerate();
    codecs.filter(|(_, codec)| wanted(codec.family)).map(|(index, _)| index).collect()
}

/// How many pairs went through, of how many.
pub(super) fn verified(bench: &Bench, summary: &Summary) -> String {
    let absent = bench.pairs.iter().filter(|pair| {
        let run = pair.runs.get(summary.codec);
        run.is_some_and(|run| run.outcome == Outcome::Absent)
    });
    match absent.count() {
        count if count == bench.pairs.len() && count > 0 => "absent".to_owned(),
        _ if summary.failed > 0 => {
            format!("{} of {}, {} FAILED", summary.verified, bench.pairs.len(), summary.failed)
        }
        _ => format!("{} of {}", summary.verified, bench.pairs.len()),
    }
}

/// A ratio; with the number of pairs where it is not all of them.
pub(super) fn relative(mean: Option<Mean>, pairs: usize) -> String {
    match mean {
        None => "–".to_owned(),
        Some(mean) if mean.pairs == pairs => format!("{:.3}", mean.value),
        Some(mean) => format!("{:.3} ({} pairs)", mean.value, mean.pairs),
    }
}

/// `bytes` in MiB.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", float(bytes) / 1_048_576.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::html::fixtures::bench;

    #[test]
    fn nothing_is_dropped_silently() {
        let text = text(&bench(), None);
        for words in [
            "FAILED verification: broken on 'second': expected",
            "absent: missing: 'missing': not found; to install: apt install missing",
            "note: left out file 'x'",
            "1 of 2, 1 FAILED",
            "a <b> & \"c\"",
        ] {
            assert!(text.contains(words), "expected '{words}' in\n{text}");
        }
    }
}
