//! Where the bytes of patches go, by kind and by topic, over a split of the corpus.

use clap::Parser;
use corpora::{Cache, Manifest, Pair, Split};
use host_diff::image::FlatImage;
use host_diff::info::Info;
use host_diff::report::{Account, Share, float};
use host_diff::{Options, create};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Prints what share of the training pairs' patches each kind and topic takes: mean over the pairs, and bytes in all.
#[derive(Debug, Parser)]
struct Arguments {
    /// RAM of the decoder, bytes.
    #[arg(long, default_value_t = 16 * 1024)]
    ram: u32,
    /// Effort.
    #[arg(long, default_value_t = 4)]
    level: u8,
    /// Only pairs whose base series contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Only pairs whose target version contains this.
    #[arg(long, default_value = "")]
    version: String,
    /// Every n-th pair.
    #[arg(long, default_value_t = 1)]
    every: usize,
}

/// Sums over pairs.
#[derive(Debug, Default)]
struct Sum {
    share: f64,
    all: Share,
}

/// Sums by name.
type Sums = BTreeMap<String, Sum>;

fn add(sums: &mut Sums, name: String, share: &Share, patch_bytes: u64) {
    let sum = sums.entry(name).or_default();
    sum.share += share.bytes / float(patch_bytes.max(1));
    sum.all.bytes += share.bytes;
    sum.all.decisions += share.decisions;
    sum.all.produced += share.produced;
}

fn account(pair: &Pair, cache: &Cache, arguments: &Arguments) -> Result<Account, String> {
    let (base, target) = cache.pair(pair).map_err(|error| error.to_string())?;
    let options = Options { ram: arguments.ram, level: arguments.level, ..Options::default() };
    let (base, target) = (FlatImage::from_raw(base), FlatImage::from_raw(target));
    let patch = create(&base, &target, &options).map_err(|error| format!("{pair}: {error}"))?;
    let info = Info::read(&patch.bytes).map_err(|error| format!("{pair}: {error}"))?;
    Account::of(&base.bytes, &info).map_err(|error| format!("{pair}: {error}"))
}

fn print(title: &str, sums: &Sums, pairs: u32) {
    println!("{title}, {pairs} pairs");
    for (name, Sum { share, all }) in sums {
        println!(
            "{name:24} {:6.2} % {:10.0} B {:10} decisions {:10} produced",
            100.0 * share / f64::from(pairs),
            all.bytes,
            all.decisions,
            all.produced
        );
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let manifest = Manifest::load().map_err(|error| error.to_string())?;
    let cache = Cache::locate().map_err(|error| error.to_string())?;
    let (mut kinds, mut topics, mut count) = (Sums::new(), Sums::new(), 0);
    let wanted = manifest.pairs_of(Split::Train).filter(|pair| {
        pair.base.series.contains(&arguments.only)
            && pair.target.version.contains(&arguments.version)
    });
    for pair in wanted.step_by(arguments.every.max(1)) {
        let account = account(pair, &cache, arguments)?;
        for (kind, share) in &account.kinds {
            add(&mut kinds, kind.to_string(), share, account.patch_bytes);
        }
        for (topic, share) in &account.topics {
            add(&mut topics, format!("{topic:?}"), share, account.patch_bytes);
        }
        count += 1;
    }
    if count == 0 {
        return Err("no pair of the training split has these names".to_owned());
    }
    print("by kind", &kinds, count);
    print("by topic, without header", &topics, count);
    Ok(())
}

fn main() -> ExitCode {
    benches::outcome(run(&Arguments::parse()))
}
