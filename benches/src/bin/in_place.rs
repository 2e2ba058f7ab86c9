//! What it costs to overwrite the base: patch bytes, erases, time.

use std::process::ExitCode;
use std::time::Instant;

use benches::roundtrip::name;
use clap::Parser;
use corpora::{Cache, Manifest, Pair, Split};
use host_diff::image::FlatImage;
use host_diff::in_place::{Slot, Wear};
use host_diff::{Options, create};

/// Makes each pair of the benchmark as a patch for two slots and as one that is applied in place, and compares.
#[derive(Debug, Parser)]
struct Arguments {
    /// Slack of the slot behind the longer image, bytes.
    #[arg(long, default_value_t = 65_536)]
    slack: u32,
    /// Bytes of a page.
    #[arg(long, default_value_t = 2_048)]
    page: u32,
    /// Bytes of a scratch, for a slot without slack.
    #[arg(long)]
    scratch: Option<u32>,
    /// RAM of the device, bytes.
    #[arg(long, default_value_t = 16_384)]
    ram: u32,
    /// Effort.
    #[arg(long, default_value_t = 6)]
    level: u8,
    /// Only pairs whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
}

fn measure(pair: &Pair, cache: &Cache, arguments: &Arguments) -> Result<f64, String> {
    let (base, target) = cache.pair(pair).map_err(|error| error.to_string())?;
    let [base, target] = [base, target].map(FlatImage::from_raw);
    let options = Options { ram: arguments.ram, level: arguments.level, ..Options::default() };
    let plain = create(&base, &target, &options).map_err(|error| error.to_string())?;
    let start = Instant::now();
    let longer = base.bytes.len().max(target.bytes.len());
    let longer = u32::try_from(longer).map_err(|error| error.to_string())?;
    let slack = if arguments.scratch.is_some() { 0 } else { arguments.slack };
    let slot = Slot {
        slot_bytes: longer.next_multiple_of(arguments.page) + slack,
        page_bytes: arguments.page,
        scratch_bytes: arguments.scratch,
    };
    let options = Options { in_place: Some(slot), ..options };
    let patch = create(&base, &target, &options).map_err(|error| error.to_string())?;
    let seconds = start.elapsed().as_secs_f64();
    let wear = Wear::of(&patch.header).ok_or("not in place")?;
    let ratio = patch.bytes.len() as f64 / plain.bytes.len() as f64;
    println!(
        "{:48} {:8} {:7} {:7} {ratio:6.3} {:>5} {:4} {:5} {:7} {:7} {seconds:6.1}",
        name(pair),
        target.bytes.len(),
        plain.bytes.len(),
        patch.bytes.len(),
        patch.header.epoch().map_or_else(|| "-".to_owned(), |bytes| format!("{}K", bytes >> 10)),
        wear.slot.max(wear.scratch),
        wear.worst(),
        wear.steps_bytes,
        wear.marks_bytes,
    );
    Ok(ratio)
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    println!(
        "{:48} {:>8} {:>7} {:>7} {:>6} {:>5} {:>4} {:>5} {:>7} {:>7} {:>6}",
        "pair", "target", "two", "one", "ratio", "epoch", "slot", "worst", "steps", "marks", "s"
    );
    let mut logs = Vec::new();
    for pair in
        manifest.pairs_of(Split::Benchmark).filter(|pair| name(pair).contains(&arguments.only))
    {
        let ratio = measure(pair, &cache, arguments);
        logs.push(ratio.map_err(|error| format!("{}: {error}", name(pair)))?.ln());
    }
    let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    println!("\n{} pairs, geometric mean of the ratios {mean:.4}", logs.len());
    println!(
        "two, one: patch bytes with a slot for the target, and in place. slot, worst: most erases of a page of slot or scratch, and \
         of any page. steps, marks: bytes of the journals with which that holds."
    );
    Ok(())
}

fn main() -> ExitCode {
    benches::outcome(run(&Arguments::parse()))
}
