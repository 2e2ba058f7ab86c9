//! Prints what detection makes of each image of a corpus: `detect IMAGES.TSV CACHE_DIR [SERIES]`.
//!
//! IMAGES.TSV names series, version and sha256 in columns 1, 2 and 5; the cache holds `<sha256>.bin`.

use std::path::PathBuf;
use std::time::Instant;
use std::{env, fs, process};

use host_diff::image::{Detection, FlatImage, detect, detect_pair};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [table, cache, only @ ..] = arguments.as_slice() else {
        eprintln!("usage: detect IMAGES.TSV CACHE_DIR [SERIES]");
        process::exit(2);
    };
    let table = fs::read_to_string(table).unwrap_or_else(|error| {
        eprintln!("cannot read {table}: {error}");
        process::exit(1);
    });
    let mut previous: Option<(String, FlatImage)> = None;
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [series, version, _core, _size, sha256, ..] = columns.as_slice() else { continue };
        if only.first().is_some_and(|only| !series.contains(only.as_str())) {
            continue;
        }
        let path = PathBuf::from(cache).join(format!("{sha256}.bin"));
        let Ok(bytes) = fs::read(&path) else {
            println!("{series}\t{version}\tnot in the cache");
            continue;
        };
        let image = FlatImage::from_raw(bytes);
        let start = Instant::now();
        let found = detect(&image);
        let millis = start.elapsed().as_millis();
        println!("{series:26} {version:20} {} {millis:4} ms", line(&found));
        if let Some((_, base)) = previous.as_ref().filter(|(name, _)| name == series) {
            let start = Instant::now();
            let (base, target) = detect_pair(base, &image);
            let millis = start.elapsed().as_millis();
            println!("{:26} {:20} {} {millis:4} ms", "", "  with the previous:", line(&target));
            println!("{:26} {:20} {}", "", "  and the previous:", line(&base));
        }
        previous = Some(((*series).to_owned(), image));
    }
}

fn line(found: &Detection) -> String {
    let evidence = &found.evidence;
    format!(
        "{:8} {:10} {:6} {:>5} bits, {:>5} ahead of {:10} | calls {:>4}/{:<5} code {:>4}/{:<5} text {:>4}/{:<5} vectors {}",
        found.isa.to_string(),
        hex(found.address),
        format!("{:?}", found.confidence),
        evidence.bits,
        evidence.margin_bits,
        hex(evidence.runner_up),
        evidence.call_targets_landing,
        evidence.call_targets,
        evidence.code_pointers_landing,
        evidence.code_pointers,
        evidence.data_pointers_landing,
        evidence.data_pointers,
        hex(evidence.vector_table),
    )
}

fn hex(address: Option<u32>) -> String {
    address.map_or_else(|| "-".to_owned(), |address| format!("{address:#x}"))
}
