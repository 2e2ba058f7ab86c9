//! Patch sizes over a split of the corpus, against the best peer.

use clap::{Parser, ValueEnum};
use core::sync::atomic::{AtomicUsize, Ordering};
use corpora::{Cache, Manifest, Pair, Split};
use host_diff::image::FlatImage;
use host_diff::{Options, create};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

/// Makes patches for pairs of the corpus and compares their sizes with the best peer's.
#[derive(Debug, Parser)]
struct Arguments {
    /// Pairs to measure.
    #[arg(long, value_enum, default_value = "benchmark")]
    split: Which,
    /// RAM of the decoder, bytes.
    #[arg(long, default_value_t = 16 * 1024)]
    ram: u32,
    /// Effort.
    #[arg(long, default_value_t = host_diff::create::DEFAULT_LEVEL)]
    level: u8,
    /// Pairs at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Only pairs whose base or target series contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Print the last line only.
    #[arg(long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    Benchmark,
    Cores,
    Train,
    Test,
    Withheld,
    All,
}

impl Which {
    fn has(self, pair: &Pair) -> bool {
        match self {
            Self::Benchmark => pair.split == Split::Benchmark,
            Self::Cores => pair.split == Split::Cores,
            Self::Train => pair.split == Split::Train,
            Self::Test => pair.split == Split::Test,
            Self::Withheld => pair.split == Split::Withheld,
            Self::All => true,
        }
    }
}

struct Row {
    index: usize,
    name: String,
    bytes: usize,
    peer: u32,
    ram: usize,
    seconds: f64,
}

fn measure(index: usize, pair: &Pair, cache: &Cache, arguments: &Arguments) -> Result<Row, String> {
    let (base, target) = cache.pair(pair).map_err(|error| error.to_string())?;
    let name = format!(
        "{} {} -> {} {}",
        pair.base.series, pair.base.version, pair.target.series, pair.target.version
    );
    let options = Options { ram: arguments.ram, level: arguments.level, ..Options::default() };
    let start = Instant::now();
    let patch = create(&FlatImage::from_raw(base), &FlatImage::from_raw(target), &options)
        .map_err(|error| format!("{name}: {error}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let ram = patch.ram_bytes();
    let peer = pair.peers.smallest_bytes();
    Ok(Row { index, name, bytes: patch.bytes.len(), peer, ram, seconds })
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    let pairs: Vec<&Pair> = manifest
        .pairs()
        .filter(|pair| arguments.split.has(pair))
        .filter(|p| {
            p.base.series.contains(&arguments.only) || p.target.series.contains(&arguments.only)
        })
        .collect();
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(|| {
                while let Some(pair) = pairs.get(next.load(Ordering::Relaxed)) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let pair = pairs.get(index).copied().unwrap_or(pair);
                    if index >= pairs.len() {
                        break;
                    }
                    let result = measure(index, pair, &cache, arguments);
                    let (Ok(mut rows), Ok(mut failures)) = (rows.lock(), failures.lock()) else {
                        break;
                    };
                    match result {
                        Ok(row) => rows.push(row),
                        Err(error) => failures.push(error),
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().map_err(|error| error.to_string())?;
    rows.sort_by_key(|row| row.index);
    let (mut log_sum, mut worst, mut total, mut seconds) = (0.0, 0f64, 0usize, 0.0);
    for row in &rows {
        let bytes = u32::try_from(row.bytes).unwrap_or(u32::MAX);
        let ratio = f64::from(bytes) / f64::from(row.peer);
        if !arguments.quiet {
            println!(
                "{:78} {:8} {:8} {ratio:6.3} {:6} B {:6.2} s",
                row.name, row.bytes, row.peer, row.ram, row.seconds
            );
        }
        log_sum += ratio.ln();
        worst = worst.max(ratio);
        total += row.bytes;
        seconds += row.seconds;
    }
    let count = f64::from(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    println!(
        "{} pairs: geometric mean {:.4}, worst {worst:.3}, total {total} bytes, {seconds:.1} s",
        rows.len(),
        (log_sum / count).exp()
    );
    let failures = failures.into_inner().map_err(|error| error.to_string())?;
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn main() -> ExitCode {
    benches::outcome(run(&Arguments::parse()))
}
