//! Prints what detection makes of firmware, with the evidence.
//!
//! - `detect FILE...`: each file, in any format. If the file says its address, detection runs as if it did not, and the
//!   line ends in `right` or `WRONG`.
//! - `detect --corpus IMAGES.TSV CACHE_DIR [SERIES]`: each image of a corpus, alone and with its predecessor. IMAGES.TSV
//!   names series, version and sha256 in columns 1, 2 and 5; the cache holds `<sha256>.bin`.

use std::path::Path;
use std::time::Instant;
use std::{env, fs, process};

use host_diff::image::{Detection, FlatImage, LoadOptions, detect, detect_pair, load};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, table, cache, only @ ..] if flag == "--corpus" => {
            corpus(Path::new(table), Path::new(cache), only.first().map_or("", String::as_str));
        }
        [first, ..] if first != "--corpus" => arguments.iter().for_each(|path| file(path)),
        _ => {
            eprintln!("usage: detect FILE... | detect --corpus IMAGES.TSV CACHE_DIR [SERIES]");
            process::exit(2);
        }
    }
}

fn file(path: &str) {
    let image = match fs::read(path).map(|content| load(&content, &LoadOptions::default())) {
        Ok(Ok(image)) => image,
        Ok(Err(error)) => return println!("{path}: {error}"),
        Err(error) => return println!("{path}: {error}"),
    };
    println!(
        "{path}: {} of {} bytes at {}, {} symbols",
        image.source,
        image.bytes.len(),
        hex(image.address),
        image.symbols.len()
    );
    for warning in &image.warnings {
        println!("  warning: {warning}");
    }
    for region in detect(&image).regions {
        let last = region.offset + (region.len - 1);
        println!("  {:#08x}-{last:#08x} at {:#010x} {}", region.offset, region.address, region.isa);
    }
    let found = detect(&FlatImage::from_raw(image.bytes));
    let verdict = match image.address {
        Some(_) if image.address == found.address => "right",
        Some(_) => "WRONG",
        None => "",
    };
    println!("  {} {verdict}", line(&found));
}

fn corpus(table: &Path, cache: &Path, only: &str) {
    let Ok(table) = fs::read_to_string(table) else {
        eprintln!("cannot read {}", table.display());
        process::exit(1);
    };
    let mut previous: Option<(String, FlatImage)> = None;
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [series, version, _core, _size, sha256, ..] = columns.as_slice() else { continue };
        if !series.contains(only) {
            continue;
        }
        let Ok(bytes) = fs::read(cache.join(format!("{sha256}.bin"))) else {
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
